"""Versions that load and answer, without the process that proves them when somebody registers one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import msgspec
import numpy as np
import pandas as pd
import pytest

from nbmlops import plugins
from nbmlops.capture.fits import class_name
from nbmlops.data import book
from nbmlops.data.fingerprint import fingerprint
from nbmlops.ledger.encode import dump, now_text
from nbmlops.models.records import GateCheck, GateReport, ModelVersion
from nbmlops.models.registry import Registry
from nbmlops.models.signature import from_dataset
from nbmlops.workspace import Workspace

Adding = Callable[..., ModelVersion]


@pytest.fixture
def add(workspace: Workspace) -> Adding:
    """Adds a version of a fitted estimator."""

    def adding(estimator: Any, X: Any, y: Any = None, *, model: str = "m", **told: Any) -> ModelVersion:
        frame, target = fingerprint(X), fingerprint(y) if y is not None else None
        with workspace.ledger.write() as tx:
            for seen in filter(None, (frame, target)):
                book.remember(tx, seen)
        data = plugins.adapter("flavor", "sklearn")().save(estimator)
        said = {
            "flavor": "sklearn", "digest": workspace.blobs.put(data), "size_bytes": len(data), "metrics": {}, "run": None, "dataset": frame.digest,
            "target": target.digest if target else None, "estimator": class_name(estimator), "description": "",
            "signature": from_dataset(frame, target, named=hasattr(X, "columns")),
        }  # fmt: skip
        return Registry(workspace).add(model, **{**said, **told})

    return adding


@pytest.fixture
def flights() -> tuple[pd.DataFrame, pd.Series]:
    """Rows of which `distance` matters most, `hour` a little, and `noise` not at all; the last of `carrier` fly otherwise."""
    random = np.random.default_rng(5)
    frame = pd.DataFrame({name: random.normal(size=600) for name in ("distance", "hour", "noise")})
    frame["carrier"] = np.where(np.arange(600) % 6 == 0, "OO", "UA")
    late = 3 * frame["distance"] + frame["hour"] + random.normal(scale=0.3, size=600) + 2 * (frame["carrier"] == "OO")
    return frame, late.rename("late")


@pytest.fixture
def gated(workspace: Workspace) -> Callable[..., GateReport]:
    """Keeps a gate report with these checks."""

    def gating(version: ModelVersion, *checks: GateCheck) -> GateReport:
        passed = all(check.passed for check in checks)
        report = GateReport(
            id=f"gate-{asdict(checks[0])['name'][:20]}", model=version.model, version=version.version, champion=None, passed=passed, checks=list(checks),
            rows=200, at=workspace.clock(),
        )  # fmt: skip
        with workspace.ledger.write() as tx:
            tx.insert(
                "gate_report", id=report.id, model=report.model, version=report.version, passed=int(passed), report=dump(msgspec.to_builtins(report)),
                at=now_text(report.at),
            )  # fmt: skip
        return report

    return gating
