"""Tests that start kernels wait far more than they work: their bodies are played two at a time, ahead of their turn."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

AT_ONCE = 2


def ahead(body: Callable[..., None]) -> Callable[..., None]:
    """A slow test whose body is given a `folder` of its own, in a thread: it must leave the process as it is."""

    def test(played: Played, request: pytest.FixtureRequest, **_: Any) -> None:
        played.judge(request.node.nodeid)

    given = [name for name in inspect.signature(body).parameters if name != "folder"]
    names = ["played", "request", *given]
    test.__signature__ = inspect.Signature([inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD) for name in names])  # type: ignore[attr-defined]
    test.__name__, test.__doc__, test.__module__ = body.__name__, body.__doc__, body.__module__
    test.body = body  # type: ignore[attr-defined]
    return pytest.mark.slow(test)


class Played:
    """The bodies of the tests that were asked for, under way."""

    def __init__(self, items: list[Any], folder: Callable[[str], Path]) -> None:
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="played")
        self._under_way: dict[str, Future[None]] = {}
        for item in items:
            if body := getattr(getattr(item, "function", None), "body", None):
                params = item.callspec.params if hasattr(item, "callspec") else {}
                self._under_way[item.nodeid] = self._pool.submit(body, folder=folder(f"f{len(self._under_way)}"), **params)

    def judge(self, name: str) -> None:
        """Wait for one, and raise what it raised."""
        self._under_way[name].result()

    def close(self) -> None:
        """Begin no more."""
        self._pool.shutdown(wait=True, cancel_futures=True)
