"""Fixtures every room uses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from nbmlops.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    """A workspace of its own in a fresh folder."""
    made = Workspace.at(tmp_path, actor="ada")
    yield made
    made.close()
