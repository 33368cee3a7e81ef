"""Endpoint: a linear model of ten columns served by a process of its own; a request, and how soon a promotion is answered."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def measure() -> list[dict[str, Any]]:
    """Medians, after a first request."""
    import numpy as np
    import pandas as pd
    from sklearn.linear_model import Ridge

    from nbmlops import endpoint, model
    from nbmlops.workspace import Workspace

    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(20_000, 10)), columns=[f"c{n}" for n in range(10)])
    one = frame.iloc[0].to_dict()
    with tempfile.TemporaryDirectory() as folder:
        place = Workspace.at(Path(folder))
        for alpha in (1, 2):
            model.register("bench", Ridge(alpha=alpha).fit(frame, frame["c0"]), data=frame, workspace=place)
        model.promote("bench", 1, workspace=place)
        endpoint.start("bench", workspace=place)
        try:
            endpoint.predict("bench", row=one, workspace=place)

            def promoted() -> None:
                other = 3 - model.show("bench", workspace=place).aliases["champion"]
                model.promote("bench", other, workspace=place)
                while endpoint.predict("bench", row=one, workspace=place).version != other:
                    time.sleep(0.005)

            def asked(what: Any) -> Callable[[], object]:
                return lambda: endpoint.predict("bench", **what, workspace=place)

            return [
                {"what": "one row, asked and answered", "seconds": _median(asked({"row": one}), 101), "base": True},
                {"what": "20,000 rows in one request", "seconds": _median(asked({"frame": frame}), 7)},
                {"what": "a promotion, until its version answers", "seconds": _median(promoted, 15)},
            ]
        finally:
            endpoint.stop("bench", workspace=place)
            place.close()


def _median(function: Callable[[], object], rounds: int) -> float:
    taken = []
    for _ in range(rounds):
        began = time.perf_counter()
        function()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)
