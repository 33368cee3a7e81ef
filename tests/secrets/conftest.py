"""What the tests of secrets share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.secrets import sessions


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with data, a repository with secrets, and a temporary folder of its own."""
    place = tmp_path / "project"
    place.mkdir()
    (place / "x.csv").write_text("a,b\n" + "".join(f"{n},{n * 2 + n % 3}\n" for n in range(60)))
    sessions.repository(place)
    scratch = tmp_path / "t"
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))
    monkeypatch.delenv("NBMLOPS_WORKSPACE", raising=False)
    return place
