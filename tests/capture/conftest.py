from __future__ import annotations

import pytest

from nbmlops.capture.reading.reads import reads

from .shell import observed
from .watched import Watched


@pytest.fixture
def watched(tmp_path, monkeypatch):
    with observed(tmp_path, monkeypatch) as book:
        book.cell("pass")  # attaching listens until a cell ends
        yield Watched(book, tmp_path)


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    reads.take(None)
    yield tmp_path
    reads.wait(60)
    reads.later()
