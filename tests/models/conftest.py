"""A fitted model and its rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression, Ridge

from nbmlops.models import verbs


@pytest.fixture
def frame() -> pd.DataFrame:
    """Numbers in two columns."""
    random = np.random.default_rng(7)
    return pd.DataFrame({"a": random.normal(size=120), "b": random.normal(size=120)})


@pytest.fixture
def target(frame: pd.DataFrame) -> pd.Series:
    """What is to be predicted."""
    return (2 * frame["a"] - frame["b"]).rename("y")


@pytest.fixture
def three(workspace: Any, frame: pd.DataFrame, target: pd.Series) -> str:
    """A model of three versions, each better than the one before."""
    for alpha, mae in ((1000.0, 3.0), (100.0, 2.0), (0.0, 1.0)):
        estimator = (Ridge(alpha) if alpha else LinearRegression()).fit(frame, target)
        verbs.register("m", estimator, data=frame, metrics={"mae": mae, "r2": 1 - mae / 10}, workspace=workspace)
    return "m"
