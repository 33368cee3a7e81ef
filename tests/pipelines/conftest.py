"""A folder with data, and a temporary folder of its own, so that what is left behind is seen."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the notebook and its data are."""
    place = tmp_path / "project"
    place.mkdir()
    (place / "x.csv").write_text("a,b\n" + "".join(f"{n},{n * 2 + n % 3}\n" for n in range(60)))
    scratch = tmp_path / "t"
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))
    monkeypatch.delenv("NBMLOPS_WORKSPACE", raising=False)
    return place
