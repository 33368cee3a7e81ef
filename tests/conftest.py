"""Fixtures every room uses."""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from nbmlops.workspace import Workspace

LONG = ("demo", "reports", "replay", "pipelines", "faults", "notebooks", "models", "browser", "exchange", "capture")  # rooms, the one with the longest first


def pytest_configure() -> None:
    """Who starts the tests in the background leaves them deaf to interrupts, and all that they start."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long begins first: two workers take file by file, and whoever gets the longest last is waited for."""

    def turn(item: pytest.Item) -> int:
        room = item.path.parent.relative_to(item.config.rootpath).parts
        slow = "slow" in item.keywords and room[:1] == ("tests",)
        return LONG.index(room[1]) if slow and room[1:] and room[1] in LONG else len(LONG)

    files: dict[Path, int] = {}
    for item in items:
        files[item.path] = min(turn(item), files.get(item.path, len(LONG)))
    items.sort(key=lambda item: files[item.path])


@pytest.fixture(scope="session", autouse=True)
def no_ipython_of_yours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """IPython keeps one history for all shells of a user; and it warns a shell that another virtual environment is active."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IPYTHONDIR", str(tmp_path_factory.mktemp("ipython")))
        patch.delenv("VIRTUAL_ENV", raising=False)
        yield


@pytest.fixture(autouse=True)
def main_module() -> Iterator[None]:
    """An IPython shell made in a test puts its own module in `__main__`'s place; spawned processes need the true one."""
    before = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = before


@pytest.fixture(scope="session", autouse=True)
def loops_that_libraries_leave() -> Iterator[None]:
    """jupyter_client and IPython make an event loop for whoever has none and never close it."""
    yield
    for loop in gc.get_objects():
        if issubclass(type(loop), asyncio.BaseEventLoop) and not loop.is_running() and not loop.is_closed():
            loop.close()


@pytest.fixture
def nothing_stays_open() -> Iterator[None]:
    """Runs that a test opened by hand are ended after it."""
    yield
    from nbmlops.runs import current

    while (open_now := current.current()) is not None:
        current.end(open_now)


@pytest.fixture(scope="module")
def children_stay() -> Iterator[None]:
    """Processes that executed a notebook are asked again by the module's next test, as in a sweep: they need not load everything."""
    from nbmlops.pipelines.executor import one_ahead

    with one_ahead(of=0):
        yield


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    """A workspace of its own in a fresh folder."""
    made = Workspace.at(tmp_path, actor="ada")
    yield made
    made.close()
