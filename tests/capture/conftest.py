from __future__ import annotations

import gc
import sys
import warnings

import pytest

from nbmlops.capture.reading.reads import reads

from .shell import observed
from .watched import Watched


@pytest.fixture
def watched(tmp_path, monkeypatch):
    with observed(tmp_path, monkeypatch) as book:
        book.cell("pass")  # attaching listens until a cell ends
        yield Watched(book, tmp_path)
    if sys.version_info >= (3, 13):  # from there on a connection says so when nobody closed it: cells leave them, as people's do
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            gc.collect()


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    reads.take(None)
    yield tmp_path
    reads.wait(60)
    reads.later()
