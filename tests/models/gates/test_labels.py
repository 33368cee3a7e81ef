"""Labels that nothing can be judged by: missing, of no class of the model, or an input of it."""

from __future__ import annotations

import numpy as np
import pytest

from nbmlops.errors import Invalid
from nbmlops.models.gates import kept_rows
from tests.models.gates.standings import Model, asked, good, numbers, standing


@pytest.mark.parametrize("missing", [16, 60])
def test_missing_labels_are_refused_when_they_are_kept_and_when_they_are_judged(workspace, tmp_path, missing):
    rows, y = numbers(60)
    y = np.where(np.arange(60) < missing, np.nan, y)
    words = f"{missing} of the labels are missing. Leave out the rows whose truth is not known yet"
    with pytest.raises(Invalid, match=words):
        kept_rows.given(workspace, rows, y)
    rows.assign(y=y).to_csv(tmp_path / "h.csv", index=False)
    with pytest.raises(Invalid, match=words):
        kept_rows.from_file(workspace, tmp_path / "h.csv", "y", [])
    for kind, keys in (("performance", {"metric": "mae", "limit": 1}), ("leakage", {}), ("calibration", {})):
        (check,) = asked(kind, standing(rows, y, Model(good)), **keys)
        assert not check.passed and words in check.reason
