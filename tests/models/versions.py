"""Versions in the ledger without a process that proves them: what is asked here never loads their bytes."""

from __future__ import annotations

from typing import Any

import pandas as pd

from nbmlops.data.fingerprint import fingerprint
from nbmlops.models.fixtures import Fixtures
from nbmlops.models.registry import Registry
from nbmlops.models.signature import from_dataset
from nbmlops.runs.book import RunBook
from nbmlops.runs.facts import Facts
from nbmlops.runs.records import Fit
from nbmlops.workspace import Workspace

RIDGE = "sklearn.linear_model.Ridge"


def add_version(
    workspace: Workspace, model: str, metrics: dict[str, float], *, frame: pd.DataFrame | None = None, alpha: float = 1.0, **more: Any
) -> int:
    """A version of a run that fitted `frame`, with two example rows; `more` is what the registry is told besides. Gives its number."""
    frame = frame if frame is not None else pd.DataFrame({"distance": [100.0, 800.0, 2400.0], "hour": [6, 12, 18]})
    seen = fingerprint(frame)
    book = RunBook(workspace)
    run = book.open("train", experiment=model, kind="explicit", params={"alpha": alpha}, notebook="/p/train.ipynb")
    fit = Fit(
        number=0, position=1, estimator=RIDGE, parameters={"alpha": alpha, "fit_intercept": True}, frame=seen.digest, target=None,
        duration_s=None, artifact=None, note=None, depends=[0],
    )  # fmt: skip
    book.add(run, Facts(fits=[fit], datasets=[seen]))
    book.end(run, "finished")
    rows = frame.head(2).to_dict("records")
    kept = workspace.blobs.put(Fixtures([{str(name): value for name, value in row.items()} for row in rows], [30.0, 120.0]).as_bytes())
    told = {
        "flavor": "sklearn", "digest": f"blake3:{run[-8:]:0>64}", "size_bytes": 1000, "signature": from_dataset(seen, None, named=True),
        "metrics": metrics, "run": run, "dataset": seen.digest, "target": None, "estimator": RIDGE, "description": "", "fit": 0,
        "fixtures": kept, "python": "3.11.7", "distributions": {"scikit-learn": "1.9.1", "numpy": "2.4.6"},
    }  # fmt: skip
    return Registry(workspace).add(model, **{**told, **more}).version
