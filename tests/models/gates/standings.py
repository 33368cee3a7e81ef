"""Models in memory before their gates: no registry, no files."""

from __future__ import annotations

import linecache
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd

from nbmlops.models.gates.evaluating import checked
from nbmlops.models.gates.standing import Standing
from nbmlops.models.records import GateCheck, ModelVersion, Signature, SignatureColumn


class Model:
    """A model that answers by a function of the rows, with probabilities by another."""

    def __init__(self, answer: Callable[[Any], Any], proba: Callable[[Any], Any] | None = None, classes: Any = (0, 1)) -> None:
        self._answer, self._proba = answer, proba
        if proba is not None:
            self.classes_ = np.asarray(classes)

    def predict(self, frame: Any) -> Any:
        return np.asarray(self._answer(frame))

    def scores(self, frame: Any) -> Any:
        return None if self._proba is None else np.asarray(self._proba(frame))


def version(columns: dict[str, Any] | None = None, number: int = 2, **more: Any) -> ModelVersion:
    inputs = [
        SignatureColumn(**{"name": name, "type": "float", "nullable": False, **(told or {})}) for name, told in (columns or {}).items()
    ]
    told: dict[str, Any] = {
        "model": "m", "version": number, "flavor": "sklearn", "digest": "blake3:" + "0" * 64, "size_bytes": 1000, "metrics": {}, "run": None, "dataset": None,
        "target": None, "estimator": "e", "description": "", "registered_at": datetime(2026, 1, 1, tzinfo=UTC), "registered_by": "ada",
        "signature": Signature(inputs=inputs, outputs=[]),
    }  # fmt: skip
    return ModelVersion(**{**told, **more})


def standing(rows: Any, labels: Any, model: Any, other: Any = None, **more: Any) -> Standing:
    inputs = more.pop("inputs", {str(name): None for name in rows.columns})
    candidate = more.pop("candidate", None) or version(inputs)
    champion = version(inputs, 1) if other is not None else None
    return Standing(candidate=candidate, champion=champion, rows=rows, labels=np.asarray(labels), model=model, other=other, **more)


def asked(kind: str, on: Standing, **keys: Any) -> list[GateCheck]:
    """The checks of one kind, asked as a gates file asks them."""
    from nbmlops import plugins
    from nbmlops.models.gates.document import _converted

    return checked(kind, _converted(keys, plugins.adapter("gate", kind).asks, kind, "", "gates"), on)


def cell(source: str) -> None:
    """Functions as a notebook's cell defines them."""
    import __main__

    name = f"<cell {abs(hash(source))}>"
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    exec(compile(source, name, "exec"), vars(__main__))


def numbers(count: int = 600, seed: int = 0) -> tuple[pd.DataFrame, Any]:
    """Rows of two numbers and a place, and a label that is made of them with noise."""
    random = np.random.default_rng(seed)
    rows = pd.DataFrame(
        {"a": random.normal(size=count), "b": random.normal(size=count), "place": random.choice(["north", "south", "west"], count)}
    )
    return rows, (2 * rows["a"] - rows["b"] + random.normal(scale=0.5, size=count)).to_numpy()


def good(rows: Any) -> Any:
    return 2 * rows["a"].to_numpy() - rows["b"].to_numpy()


def worse(rows: Any) -> Any:
    return 1.4 * rows["a"].to_numpy() - rows["b"].to_numpy()
