"""Opens a model without nbmlops. This file imports nothing of it: copies of it, `carried.py` and `held.py` travel in a model's folder.

    python nbmlops_model.py FOLDER                    answers the rows kept in the folder, and says whether as before (--json: all of it)
    nbmlops_model.open_folder("FOLDER").predict(rows)

Opening a file runs the code that it brings, if it brings any: who opens one without nbmlops decides that for himself.
"""

from __future__ import annotations

import hashlib
import importlib
import io
import json
import math
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

ABOUT = "nbmlops.json"
FIXTURES = "fixtures.json"
RELATIVE, ABSOLUTE = 1e-5, 1e-8  # how far a float may be from what it was: libraries add in another order on other machines


# -- a model's folder


class Opened:
    """A model in memory, with what it takes. `predict` gives an array (n,) or (n, outputs)."""

    def __init__(self, flavor: str, model: Any, columns: list[dict[str, Any]], named: bool) -> None:
        self.flavor, self.model, self.columns, self.named = flavor, model, columns, named

    def predict(self, rows: Any) -> Any:
        """Answers, one a row: of a frame, of objects, of an array."""
        return ask(self.flavor, self.model, rows_for(typed(rows, self.columns), self.columns, self.named))

    def predict_proba(self, rows: Any) -> Any:
        """Probabilities (n, classes), where the model gives them; None where it does not."""
        return scores(self.flavor, self.model, rows_for(typed(rows, self.columns), self.columns, self.named))


def open_folder(folder: str | Path) -> Opened:
    """Open a model's folder. ValueError where its file is not the one it was made with."""
    about = json.loads((Path(folder) / ABOUT).read_text("utf-8"))
    data = (Path(folder) / about["file"]).read_bytes()
    if hashlib.sha256(data).hexdigest() != about["sha256"]:
        raise ValueError(f"{about['file']} is not the file this folder was made with.")
    return Opened(about["flavor"], load(about["flavor"], data, about["trusted"]), about["columns"], about["named"])


def replay(folder: str | Path) -> str | None:
    """Answer the rows kept in a folder; None where the answers are as they were, else how they are not."""
    kept = json.loads((Path(folder) / FIXTURES).read_text("utf-8"))
    model = open_folder(folder)
    if not kept["rows"]:
        return None
    frame = frame_of(kept["rows"], model.columns)
    said = differing(kept["predictions"], model.predict(frame).tolist())
    if said is None and (again := differing(kept["predictions"], model.predict(frame).tolist())) is not None:
        said = f"asked the same again, {again}"
    if said is None and kept.get("scores") is not None:
        given = model.predict_proba(frame)
        said = "it gives no probabilities any more" if given is None else differing(kept["scores"], given.tolist())
    return said


def differing(kept: Any, now: Any, where: str = "answer") -> str | None:
    """How two answers differ: exactly, but for floats, which may differ by what machines differ by.

    >>> differing([1.0, "a"], [1.0 + 1e-9, "b"])
    "answer 1 was 'a' and is 'b'"
    """
    if isinstance(kept, list) and isinstance(now, list):
        if len(kept) != len(now):
            return f"{where}: there were {len(kept)} and are {len(now)}"
        found = (differing(one, other, f"{where} {at}") for at, (one, other) in enumerate(zip(kept, now, strict=True)))
        return next((said for said in found if said is not None), None)
    if isinstance(now, float) and isinstance(kept, (int, float)):
        same = kept == now or math.isclose(kept, now, rel_tol=RELATIVE, abs_tol=ABSOLUTE) or (kept != kept and now != now)
    else:
        same = (kept is None and _endless(now)) or (kept == now and isinstance(kept, bool) == isinstance(now, bool))
    return None if same else f"{where} was {kept!r} and is {now!r}"


def _endless(value: Any) -> bool:
    """What JSON has no number for, and is kept as null: NaN (which differs from itself) and the infinities."""
    return value != value or (isinstance(value, float) and math.isinf(value))


# -- rows


def frame_of(rows: Sequence[dict[str, Any]], columns: list[dict[str, Any]]) -> Any:
    """Rows of plain values (JSON objects) as the frame that a model with these columns takes."""
    import pandas as pd

    made = {column["name"]: _series(column, [row.get(column["name"]) for row in rows]) for column in columns}
    return pd.DataFrame(made, columns=[column["name"] for column in columns])


def _series(column: dict[str, Any], values: list[Any]) -> Any:
    """One column of plain values; None is missing."""
    import pandas as pd

    kind, lacks = column["type"], any(value is None for value in values)
    if kind == "integer" and not lacks:
        return pd.Series(values, dtype="int64")
    if kind in ("integer", "float"):
        return pd.Series([math.nan if value is None else float(value) for value in values], dtype="float64")
    if kind == "boolean":
        return pd.Series(values, dtype="boolean" if lacks else "bool")
    if kind == "datetime":
        return pd.to_datetime(pd.Series(values, dtype="object"), format="ISO8601")
    return pd.Series([math.nan if value is None else value for value in values], dtype="object")


def typed(rows: Any, columns: list[dict[str, Any]]) -> Any:
    """Rows as somebody else's program has them, as the frame that a model with these columns takes; what may be missing may be left out.

    ValueError where a column is not there that must be.
    """
    import pandas as pd

    frame = rows if isinstance(rows, pd.DataFrame) else rows.to_pandas() if hasattr(rows, "to_pandas") else pd.DataFrame(rows)
    names = [column["name"] for column in columns]
    if not set(names) & set(frame.columns) and len(frame.columns) == len(names):
        frame = frame.set_axis(names, axis="columns")  # an array, whose columns are in their order
    if lacking := [column["name"] for column in columns if column["name"] not in frame.columns and not column["nullable"]]:
        raise ValueError(f"The rows lack the column {lacking[0]!r}; the model takes: {', '.join(names[:20])}.")
    made = {
        column["name"]: _fitting(column, frame[column["name"]]) if column["name"] in frame.columns else _series(column, [None] * len(frame))
        for column in columns
    }
    return pd.DataFrame(made, columns=names)


def _fitting(column: dict[str, Any], values: Any) -> Any:
    """A column as it is, where numpy's type for it is the model's; else made anew of its plain values."""
    import numpy as np

    fits = {"float": "f", "integer": "iuf", "boolean": "b", "datetime": "M"}.get(column["type"], "")
    values = values.reset_index(drop=True)
    if isinstance(values.dtype, np.dtype) and values.dtype.kind in fits:
        return values
    if column["type"] == "datetime" and values.dtype.kind == "M":
        return values  # in a time zone
    return _series(column, [None if lacks else value for value, lacks in zip(values.tolist(), values.isna(), strict=True)])


def rows_for(frame: Any, columns: list[dict[str, Any]], named: bool) -> Any:
    """Rows as the model was trained on them: its columns, in its order, categories as categories; an array where it knew no names."""
    import numpy as np

    if hasattr(frame, "columns"):
        names = [column["name"] for column in columns]
        frame = frame[names]
        coded = {column["name"]: column["categories"] for column in columns if column.get("categories") is not None and column.get("coded")}
        if coded:
            import pandas as pd

            frame = frame.assign(**{name: pd.Categorical(frame[name], categories=known) for name, known in coded.items()})
    return frame if named else np.asarray(frame)


# -- kinds of models


def load(flavor: str, data: bytes, trusted: Sequence[str] = ()) -> Any:
    """What a file of this flavor holds."""
    return _LOADERS[flavor](data, trusted)


def ask(flavor: str, model: Any, rows: Any) -> Any:
    """A model's answers to rows, as an array (n,) or (n, outputs)."""
    import numpy as np

    if flavor == "python" and not hasattr(model, "predict"):
        return np.asarray(model(rows))
    if flavor == "xgboost" and type(model).__name__ == "Booster":
        import xgboost

        return np.asarray(model.predict(xgboost.DMatrix(rows, enable_categorical=True)))
    if flavor == "torch" and not hasattr(model, "predict"):
        model = _Program(model)
    if flavor == "onnx" and not hasattr(model, "predict"):
        model = _onnx(model.SerializeToString(), ())
    return np.asarray(model.predict(rows))


def scores(flavor: str, model: Any, rows: Any) -> Any:
    """A model's probabilities (n, classes); None where it has none."""
    import numpy as np

    if not callable(getattr(model, "predict_proba", None)):
        return None
    return np.asarray(model.predict_proba(rows))


def _skops(data: bytes, trusted: Sequence[str]) -> Any:
    import skops.io

    beside = importlib.import_module("nbmlops_carried" if __name__ in ("nbmlops_model", "__main__") else "nbmlops.models.carried")
    brought = beside.carried(data)
    if brought is not None:
        brought.install(
            lambda member, content: skops.io.loads(content, trusted=trusted) if member.endswith(".skops") else beside.table(member, content)
        )
    return skops.io.loads(data, trusted=trusted)


def _xgboost(data: bytes, trusted: Sequence[str]) -> Any:
    import xgboost

    booster = xgboost.Booster()
    booster.load_model(bytearray(data))
    said = json.loads(booster.attr("nbmlops") or "{}")
    if said.get("class") is None:
        return booster
    if said["class"] not in ("XGBRegressor", "XGBClassifier", "XGBRanker", "XGBRFRegressor", "XGBRFClassifier"):
        raise ValueError(f"There is no model called {said['class']!r} in xgboost.")
    model = getattr(xgboost, said["class"])(**said["params"])
    model.load_model(bytearray(data))
    return model


def _lightgbm(data: bytes, trusted: Sequence[str]) -> Any:
    import lightgbm

    text = data.decode("utf-8")
    booster = lightgbm.Booster(model_str=text)
    found = [line for line in text[text.rfind("end of parameters") :].splitlines() if line.startswith("nbmlops:")]
    said = json.loads(found[0].partition(":")[2]) if found else {}
    return Classes(booster, said["classes"]) if said.get("classes") else booster


class Classes:
    """A booster that is asked for classes."""

    def __init__(self, booster: Any, classes: list[Any]) -> None:
        self.booster, self.classes = booster, classes

    def predict_proba(self, rows: Any) -> Any:
        import numpy as np

        found = np.asarray(self.booster.predict(rows))
        return found if found.ndim == 2 else np.column_stack([1 - found, found])

    def predict(self, rows: Any) -> Any:
        import numpy as np

        return np.asarray(self.classes)[self.predict_proba(rows).argmax(axis=1)]


def _pickled(data: bytes, trusted: Sequence[str]) -> Any:
    import pickle

    return pickle.loads(data)  # noqa: S301 - whoever asks has trusted this very file, by its digest


def _torch(data: bytes, trusted: Sequence[str]) -> Any:
    import torch

    return _Program(torch.export.load(io.BytesIO(data)))


class _Program:
    """An exported program that takes one tensor of rows."""

    def __init__(self, program: Any) -> None:
        self._kind = next(iter(program.example_inputs[0])).dtype if program.example_inputs else None
        self._module = program.module()

    def predict(self, rows: Any) -> Any:
        import numpy as np
        import torch

        given = torch.as_tensor(np.array(rows), dtype=self._kind or torch.float32)
        with torch.no_grad():
            found = self._module(given)
        answers = (found[0] if isinstance(found, (tuple, list)) else found).detach().numpy()
        return answers[:, 0] if answers.ndim == 2 and answers.shape[1] == 1 else answers


def _onnx(data: bytes, trusted: Sequence[str]) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.add_session_config_entry("session.load_model_format", "ONNX")  # what was looked at, and no other reading of the same bytes
    return _Session(onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"]))


class _Session:
    """An ONNX model: of one tensor of rows, or of one tensor a column, by its name."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self._inputs, self._outputs = session.get_inputs(), [one.name for one in session.get_outputs()]
        if len(self._outputs) > 1:
            self.predict_proba = self._proba

    def _answers(self, rows: Any) -> list[Any]:
        import numpy as np

        if len(self._inputs) == 1:
            given = {self._inputs[0].name: _typed(np.asarray(rows), self._inputs[0].type)}
        else:
            given = {one.name: _typed(np.asarray(rows[one.name]).reshape(-1, 1), one.type) for one in self._inputs}
        return list(self._session.run(None, given))

    def predict(self, rows: Any) -> Any:
        import numpy as np

        answers = np.asarray(self._answers(rows)[0])
        return answers[:, 0] if answers.ndim == 2 and answers.shape[1] == 1 else answers

    def _proba(self, rows: Any) -> Any:
        import numpy as np

        found = self._answers(rows)[1]
        return np.asarray([list(one.values()) for one in found]) if isinstance(found, list) else np.asarray(found)


def _typed(values: Any, kind: str) -> Any:
    """Values as a tensor of this kind. A missing number is NaN, a missing text 'nan': so converters write encoders' categories."""
    import numpy as np

    of = {"float": "float32", "double": "float64", "int64": "int64", "int32": "int32", "bool": "bool", "string": "object"}
    found = of.get(kind.partition("(")[2].rstrip(")"), "float32")
    if values.dtype.kind in "Of":
        import pandas as pd

        missing = pd.isna(values)
        if missing.any() and found in ("int64", "int32", "bool"):
            raise ValueError(f"The model takes no missing value where it takes {found}.")
        values = np.where(missing, "nan" if found == "object" else math.nan, values) if values.dtype.kind == "O" else values
    return np.ascontiguousarray(values).astype(found)


_LOADERS: dict[str, Callable[[bytes, Sequence[str]], Any]] = {
    "sklearn": _skops, "python": _skops, "xgboost": _xgboost, "lightgbm": _lightgbm, "statsmodels": _pickled,
    "torch": _torch, "onnx": _onnx,
}  # fmt: skip


# -- for MLflow, and for whoever asks on a command line


def _load_pyfunc(path: str) -> Any:
    class Answering:
        def __init__(self, model: Opened) -> None:
            self._model = model

        def predict(self, model_input: Any, params: Any = None) -> Any:
            return self._model.predict(model_input)

        def get_raw_model(self) -> Any:
            return self._model.model

    return Answering(open_folder(path))


def _main(folder: str) -> dict[str, Any]:
    """What came of answering a folder's rows: a difference, or an error, and which modules were loaded."""
    sys.path.insert(0, str(Path(__file__).parent))
    import nbmlops_skops

    nbmlops_skops.stand_in()
    try:
        with nbmlops_skops.every_estimator_named():
            differs = replay(folder)
    except Exception as error:
        told = {"error": type(error).__name__, "message": str(error), "name": getattr(error, "name", None)}
        return {**told, "module": told["name"]}
    del sys.modules["nbmlops_skops"]
    return {"differs": differs, "python": sys.version.split()[0], "modules": sorted({name.partition(".")[0] for name in sys.modules})}


def _sentence(found: dict[str, Any]) -> str:
    if found.get("error"):
        return f"It could not be asked: {found['error']}: {found['message']}"
    return f"It answers otherwise: {found['differs']}." if found["differs"] else f"It answers as it did, with Python {found['python']}."


if __name__ == "__main__":
    found = _main(sys.argv[1])
    sys.stdout.write("\n" + (json.dumps(found) if "--json" in sys.argv else _sentence(found)) + "\n")
    sys.exit(1 if found.get("error") or found["differs"] else 0)
