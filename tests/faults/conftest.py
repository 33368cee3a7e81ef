"""A folder with data for each fault, and faults that happen two at a time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.ahead import Played


@pytest.fixture(scope="session")
def played(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    """What was asked for, played ahead."""

    def folder(name: str) -> Path:
        place = tmp_path_factory.mktemp(name, numbered=True)
        (place / "x.csv").write_text("a,b\n" + "".join(f"{n},{n * 2 + n % 3}\n" for n in range(20)))
        return place

    under_way = Played(request.session.items, folder)
    yield under_way
    under_way.close()
