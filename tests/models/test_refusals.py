"""What is asked of models and cannot be: refused with a message and a hint, and nothing kept of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nbmlops.errors import Invalid
from nbmlops.models import gates, verbs
from nbmlops.models.registry import Registry


@pytest.mark.parametrize("value", ["low", None, [1.0], {}, 10**400], ids=["text", "none", "list", "dict", "huge"])
def test_a_metric_that_is_no_number_is_refused_before_anything_is_kept(workspace, three, frame, target, value):
    from sklearn.linear_model import Ridge

    with pytest.raises(Invalid, match="'mae' is no number") as refused:
        verbs.register("m", Ridge(0.5).fit(frame, target), data=frame, metrics={"mae": value}, workspace=workspace)
    assert refused.value.hint and len(str(refused.value)) < 300
    assert len(Registry(workspace).model("m").versions) == 3


@pytest.mark.parametrize("better", ["sideways", "", "LOWER", 1])
def test_a_way_to_be_better_that_is_none_is_refused_and_the_gate_stays(workspace, three, better: Any):
    rule = verbs.gate("m", "mae", limit=2, workspace=workspace)
    with pytest.raises(Invalid, match="better"):
        verbs.gate("m", "mae", better=better, workspace=workspace)
    assert gates.rule_of(workspace, "m") == rule
    assert verbs.promote("m", 3, workspace=workspace).version == 3


def test_labels_without_their_rows_are_not_passed_over(workspace, three, target):
    verbs.gate("m", "mae", workspace=workspace)
    with pytest.raises(Invalid, match="without their rows"):
        verbs.check("m", 1, labels=target, workspace=workspace)
    with pytest.raises(Invalid, match="without their rows"):
        verbs.promote("m", 1, labels=target, workspace=workspace)
    assert Registry(workspace).alias("m", "champion") is None


def test_rows_a_model_cannot_answer_name_the_version_that_cannot(workspace, three, frame, target):
    verbs.gate("m", "mae", workspace=workspace)
    with pytest.raises(Invalid, match="Version 2 cannot answer these rows") as refused:
        verbs.check("m", 2, data=frame.assign(a=np.nan), labels=target, workspace=workspace)
    assert "trained on" in refused.value.hint
