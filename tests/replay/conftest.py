"""What the tests of proof share."""

from __future__ import annotations

import tempfile

import pytest


@pytest.fixture
def temporary(tmp_path_factory, monkeypatch):
    """A folder for temporary files that only this test uses."""
    folder = tmp_path_factory.mktemp("t")
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    yield folder
    monkeypatch.setattr(tempfile, "tempdir", None)
