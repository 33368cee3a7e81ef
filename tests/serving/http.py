"""A real server in its own process, and a client that sends whatever it is told."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pandas as pd

from nbmlops.endpoints import verbs as endpoint
from nbmlops.models import verbs as model
from nbmlops.workspace import Workspace


@dataclass
class Answer:
    status: int
    body: object
    headers: dict[str, str]


class Asking:
    """One endpoint, asked over plain sockets."""

    def __init__(self, workspace, name):
        self.workspace, self.name = workspace, name
        shown = endpoint.call(name, workspace=workspace)
        self.url = urlsplit(shown.url)
        self.token = Path(shown.token_file).read_text("ascii")

    def __call__(self, method, path, body=None, *, token="", headers=None, chunked=False):
        """`token`: the right one unless given; None sends none. Bytes are sent as they are, all else as JSON."""
        raw = body if isinstance(body, (bytes, type(None))) or chunked else json.dumps(body).encode()
        sent = {"Content-Type": "application/json"} if body is not None else {}
        if token is not None:
            sent["Authorization"] = f"Bearer {token or self.token}"
        sent = {**sent, **(headers or {})}
        connection = http.client.HTTPConnection(self.url.hostname, self.url.port, timeout=30)
        try:
            connection.request(method, path, raw, {k: v for k, v in sent.items() if v is not None}, encode_chunked=chunked)
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        is_json = answer.headers.get("content-type", "").startswith("application/json")
        return Answer(answer.status, json.loads(text) if is_json and text else text.decode(), dict(answer.headers))

    def infer(self, inputs, **more):
        return self("POST", f"/v2/models/{self.name}/infer", {"inputs": inputs, **more})


def trips(rows=60):
    """Columns of every type; `wind` has nulls."""
    random = np.random.default_rng(1)
    return pd.DataFrame(
        {
            "miles": random.uniform(100, 2000, rows),
            "stops": random.integers(0, 3, rows),
            "carrier": random.choice(["AA", "UA", "DL"], rows),
            "night": random.integers(0, 2, rows).astype(bool),
            "wind": np.where(random.uniform(size=rows) < 0.3, np.nan, random.normal(size=rows)),
        }
    )


def pipeline(frame, *, offset=0.0, target=None):
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LinearRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    columns = ColumnTransformer(
        [("carrier", OneHotEncoder(handle_unknown="error"), ["carrier"]), ("wind", SimpleImputer(), ["wind"])], remainder="passthrough"
    )
    return make_pipeline(columns, LinearRegression()).fit(frame, frame.miles / 8 + offset if target is None else target)


def promoted(workspace, name, estimator, frame, *, description=""):
    """Register and make champion."""
    made = model.register(name, estimator, data=frame, description=description, workspace=workspace)
    model.promote(name, made.version, workspace=workspace)
    return made


def constant(value):
    """A model whose every answer is `value`, and the frame it learnt from."""
    from sklearn.dummy import DummyRegressor

    frame = pd.DataFrame({"x": [1.0, 2.0, 3.0]})
    return DummyRegressor(strategy="constant", constant=value).fit(frame, [0.0, 0.0, 0.0]), frame


def served(workspace: Workspace, name: str) -> Asking:
    endpoint.start(name, workspace=workspace)
    return Asking(workspace, name)
