"""What an extracted notebook must give: checked by the notebook itself, as long as it is executed on what it was made of."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nbmlops.data.values import state_of
from nbmlops.ledger.blobs import digest_of_file


def expect(
    value: Any, digest: str, *, parameters: Mapping[str, Any] | None = None, were: Mapping[str, Any] | None = None,
    files: Mapping[str, str] | None = None,
) -> str:  # fmt: skip
    """Say whether a value is what it was. Raises AssertionError if it is another though no parameter is.

    `digest`: as `run extract` wrote it. `parameters`: as they are now; `were`: as they were then.
    `files`: what was read, by digest.

    >>> expect([1, 2], "value1:0", parameters={"n": 3}, were={"n": 2})
    'Not compared: n is 3, was 2.'
    """
    then = were or {}
    changed = [f"{name} is {now!r}, was {then.get(name)!r}" for name, now in (parameters or {}).items() if now != then.get(name)]
    changed += [f"{name} holds something else" for name, known in (files or {}).items() if _digest(name) != known]
    if changed:
        return f"Not compared: {', '.join(changed)}."
    state = state_of(value)
    if digest not in (state.exact, state.shape):
        raise AssertionError(f"It is another than it was: {state.exact}, was {digest}. The code or the environment is not the same.")
    return "The same as it was."


def _digest(name: str) -> str | None:
    try:
        return digest_of_file(Path(name))
    except OSError:
        return None
