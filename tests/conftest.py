"""Fixtures every room uses."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from nbmlops.workspace import Workspace


@pytest.fixture(autouse=True)
def main_module() -> Iterator[None]:
    """An IPython shell made in a test puts its own module in `__main__`'s place; spawned processes need the true one."""
    before = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = before


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    """A workspace of its own in a fresh folder."""
    made = Workspace.at(tmp_path, actor="ada")
    yield made
    made.close()
