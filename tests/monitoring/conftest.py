"""A small world: y = slope · x and noise, whose slope changes one day; a notebook that learns it; a log of what was asked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import nbformat
import numpy as np
import pandas as pd
import pytest

from nbmlops.models import verbs as model
from nbmlops.monitoring import policy_verbs as policy
from nbmlops.serving import log

DAY0 = datetime(2025, 1, 1, tzinfo=UTC)
ROWS = 60

TRAINING = """
import pandas as pd
from pathlib import Path
from sklearn.linear_model import LinearRegression
from sklearn.metrics import mean_absolute_error

if trouble == "raise":
    raise RuntimeError("the data is not there")
days = [path for path in sorted(Path(data).glob("*.parquet")) if train_start <= path.stem < train_end]
frame = pd.concat([pd.read_parquet(path) for path in days], ignore_index=True)
X, y = frame[["x", "z"]], frame["y"]
if trouble == "spoil":
    y = -y
fitted = LinearRegression().fit(X, y)
mae = mean_absolute_error(y, fitted.predict(X))
"""


def day(n):
    return DAY0 + timedelta(days=n)


class World:
    """`changes` is the day the slope goes from 2 to 3."""

    def __init__(self, workspace, changes=20):
        self.workspace, self.changes = workspace, changes
        self.data = workspace.root / "data"
        self.data.mkdir()
        self.notebook = workspace.root / "train.ipynb"
        cells = [
            nbformat.v4.new_code_cell('train_start = ""\ntrain_end = ""\ndata = ""\ntrouble = ""', metadata={"tags": ["parameters"]}),
            nbformat.v4.new_code_cell(TRAINING),
        ]
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel}), self.notebook)

    def rows(self, n, *, rows=ROWS, shift=0.0):
        """One day's truth."""
        random = np.random.default_rng(n)
        x, z = random.normal(5 + shift, 1, rows), random.normal(size=rows)
        slope = 2 if n < self.changes else 3
        return pd.DataFrame({"x": x, "z": z, "y": slope * x + random.normal(0, 0.2, rows)})

    def write(self, first, end):
        """The days as files, for the notebook."""
        for n in range(first, end):
            self.rows(n).to_parquet(self.data / f"{day(n).date()}.parquet", index=False)

    def fitted(self, first, end):
        """A model of those days, made here."""
        from sklearn.linear_model import LinearRegression

        frame = pd.concat([self.rows(n) for n in range(first, end)], ignore_index=True)
        return LinearRegression().fit(frame[["x", "z"]], frame["y"]), frame[["x", "z"]]

    def promoted(self, first, end, *, mae=0.16, name="road"):
        """Register a model of those days and make it champion."""
        estimator, frame = self.fitted(first, end)
        made = model.register(name, estimator, data=frame, metrics={"mae": mae} if mae else None, workspace=self.workspace)
        model.promote(name, made.version, workspace=self.workspace)
        return made

    def ask(self, first, end, *, endpoint="road", version=1, labelled=True, shift=0.0):
        """The days as they come in: asked, logged, labelled."""
        for n in range(first, end):
            frame = self.rows(n, shift=shift)
            ids = log.new_ids(len(frame))
            times = [day(n) + timedelta(minutes=20 * k) for k in range(len(frame))]
            outputs = (2 * frame.x).tolist()
            rows = frame[["x", "z"]].to_dict("records")
            log.append(self.workspace, [log.Answered(endpoint, version, ids, rows, outputs, times)])
            if labelled:
                log.join_labels(self.workspace, endpoint, ids, frame.y.tolist())

    def policy(self, *, trouble="", **more):
        """A policy over weeks."""
        params = {"train_start": "{train_start}", "train_end": "{train_end}", "data": str(self.data), "trouble": trouble}
        given = {"window_days": 7, "train_days": 7, "min_rows": 100, **more}
        return policy.set_("road", "train.ipynb", params=params, workspace=self.workspace, **given)

    def apply(self, n):
        return policy.apply("road", end=day(n), workspace=self.workspace)


@pytest.fixture
def world(workspace):
    return World(workspace)
