from __future__ import annotations

import pytest

from .shell import observed
from .watched import Watched


@pytest.fixture
def watched(tmp_path, monkeypatch):
    with observed(tmp_path, monkeypatch) as book:
        book.cell("pass")  # attaching listens until a cell ends
        yield Watched(book, tmp_path)
