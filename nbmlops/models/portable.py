"""Opens a model without nbmlops. This file imports nothing of it: a copy travels in a model's folder, as `nbmlops_model.py`.

    python nbmlops_model.py FOLDER                    answers the rows kept in the folder, and says whether as before
    nbmlops_model.open_folder("FOLDER").predict(rows)

Opening a file runs the code that it brings, if it brings any: who opens one without nbmlops decides that for himself.
"""

from __future__ import annotations

import builtins
import hashlib
import importlib
import importlib.abc
import importlib.machinery
import io
import json
import math
import re
import sys
import threading
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

ABOUT = "nbmlops.json"
FIXTURES = "fixtures.json"
PACKAGE = re.compile(r"nbmlops_code_[0-9a-f]{16}")
RELATIVE, ABSOLUTE = 1e-5, 1e-8  # how far a float may be from what it was: libraries add in another order on other machines
_lock = threading.RLock()


# -- a model's folder


class Opened:
    """A model in memory, with what it takes. `predict` gives an array (n,) or (n, outputs)."""

    def __init__(self, flavor: str, model: Any, columns: list[dict[str, Any]], named: bool) -> None:
        self.flavor, self.model, self.columns, self.named = flavor, model, columns, named

    def predict(self, frame: Any) -> Any:
        """Answers, one a row."""
        return ask(self.flavor, self.model, rows_for(frame, self.columns, self.named))

    def predict_proba(self, frame: Any) -> Any:
        """Probabilities (n, classes), where the model gives them; None where it does not."""
        return scores(self.flavor, self.model, rows_for(frame, self.columns, self.named))


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
        same = (kept is None and now != now) or (kept == now and isinstance(kept, bool) == isinstance(now, bool))
    return None if same else f"{where} was {kept!r} and is {now!r}"


# -- rows


def frame_of(rows: Sequence[dict[str, Any]], columns: list[dict[str, Any]]) -> Any:
    """Rows of plain values (JSON objects) as the frame that a model with these columns takes."""
    import pandas as pd

    made = {}
    for column in columns:
        values = [row.get(column["name"]) for row in rows]
        kind, lacks = column["type"], any(value is None for value in values)
        if kind == "integer" and not lacks:
            made[column["name"]] = pd.Series(values, dtype="int64")
        elif kind in ("integer", "float"):
            made[column["name"]] = pd.Series([math.nan if value is None else float(value) for value in values], dtype="float64")
        elif kind == "boolean":
            made[column["name"]] = pd.Series(values, dtype="boolean" if lacks else "bool")
        elif kind == "datetime":
            made[column["name"]] = pd.to_datetime(pd.Series(values, dtype="object"))
        else:
            made[column["name"]] = pd.Series([math.nan if value is None else value for value in values], dtype="object")
    return pd.DataFrame(made, columns=[column["name"] for column in columns])


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

    brought = carried(data)
    if brought is not None:
        brought.install(
            lambda member, content: skops.io.loads(content, trusted=trusted) if member.endswith(".skops") else table(member, content)
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

        given = torch.as_tensor(np.ascontiguousarray(np.asarray(rows)), dtype=self._kind or torch.float32)
        with torch.no_grad():
            found = self._module(given)
        answers = (found[0] if isinstance(found, (tuple, list)) else found).detach().numpy()
        return answers[:, 0] if answers.ndim == 2 and answers.shape[1] == 1 else answers


def _onnx(data: bytes, trusted: Sequence[str]) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
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
    import numpy as np

    of = {"float": "float32", "double": "float64", "int64": "int64", "int32": "int32", "bool": "bool", "string": "object"}
    return np.ascontiguousarray(values).astype(of.get(kind.partition("(")[2].rstrip(")"), "float32"))


_LOADERS: dict[str, Callable[[bytes, Sequence[str]], Any]] = {
    "sklearn": _skops, "python": _skops, "xgboost": _xgboost, "lightgbm": _lightgbm, "statsmodels": _pickled,
    "torch": _torch, "onnx": _onnx,
}  # fmt: skip


# -- code that a file brings


class Carried:
    """The code in a model file: `files` by place, `values` (members) by name, `package` under which the model knows them."""

    def __init__(self, package: str, files: dict[str, str], values: dict[str, bytes]) -> None:
        self.package, self.files, self.values = package, files, values

    @property
    def digest(self) -> str:
        """One digest over the sources: who trusts it trusts this code, whatever values it is given."""
        return "sha256:" + _digest(self.files)

    def install(self, made: Callable[[str, bytes], Any]) -> None:
        """Have the package importable; `made(member, bytes)` makes a value of what is kept of it."""
        with _lock:
            there = next((one for one in sys.meta_path if isinstance(one, _Finder) and one.carried.package == self.package), None)
            if there is None:
                sys.meta_path.append(_Finder(self, made))
            elif (there.carried.files, there.carried.values) != (self.files, self.values):
                raise ValueError(f"Two models bring different code as {self.package}.")


def carried(data: bytes) -> Carried | None:
    """The code in a model file, or None. ValueError where what is there is no such thing."""
    with zipfile.ZipFile(io.BytesIO(data)) as members:
        names = members.namelist()
        if "code/about.json" not in names:
            return None
        about = json.loads(members.read("code/about.json"))
        package = about.get("package") if isinstance(about, dict) else None
        if not isinstance(package, str) or not PACKAGE.fullmatch(package):
            raise ValueError("The code in the model names no package.")
        files = {name[5:]: members.read(name).decode() for name in names if name.startswith("code/") and name.endswith(".py")}
        values = {name[7:]: members.read(name) for name in names if name.startswith("values/")}
    return Carried(package, files, values)


def table(member: str, content: bytes) -> Any:
    """A frame or series as it was kept."""
    import pyarrow

    found = pyarrow.ipc.open_file(io.BytesIO(content)).read_all()
    found.validate(full=True)  # numbers that point outside their own buffers would be followed
    frame = found.to_pandas()
    return frame.iloc[:, 0] if member.endswith(".series") else frame


def package_of(files: dict[str, str], values: dict[str, bytes]) -> str:
    """The name under which a model knows its code and what that was given: their digest, whatever name the values know it by."""
    return "nbmlops_code_" + _digest({**files, **{name: _unnamed(name, content) for name, content in values.items()}})[:16]


def _unnamed(member: str, content: bytes) -> bytes:
    """A value without the package's name in it, which comes of its digest."""
    if not member.endswith(".skops"):
        return content
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        found = {name: parts.read(name) for name in parts.namelist()}
    found["schema.json"] = re.sub(PACKAGE.pattern.encode(), b"", found["schema.json"])
    return _digest(found).encode()


def _digest(parts: dict[str, Any]) -> str:
    found = hashlib.sha256()
    for name in sorted(parts):
        content = parts[name].encode() if isinstance(parts[name], str) else parts[name]
        found.update(b"%d:%s:%d:" % (len(name.encode()), name.encode(), len(content)))
        found.update(content)
    return found.hexdigest()


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """Finds a model's own modules in its file. They import each other by the names they had beside the notebook."""

    def __init__(self, carried: Carried, made: Callable[[str, bytes], Any]) -> None:
        self.carried, self._made = carried, made
        self._ready: dict[str, Any] = {}

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        package = self.carried.package
        if name != package and not name.startswith(package + "."):
            return None
        place = name[len(package) + 1 :].replace(".", "/")
        folder = f"{place}/__init__.py" if place else ""
        is_package = not place or folder in self.carried.files
        if not is_package and f"{place}.py" not in self.carried.files:
            return None
        origin = f"{package}/{folder if is_package else place + '.py'}"
        return importlib.machinery.ModuleSpec(name, self, origin=origin, is_package=is_package)

    def get_source(self, name: str) -> str:
        place = name[len(self.carried.package) + 1 :].replace(".", "/")
        return self.carried.files.get(f"{place}/__init__.py") or self.carried.files.get(f"{place}.py") or ""

    def is_package(self, name: str) -> bool:
        found = self.find_spec(name)
        return found is not None and found.submodule_search_locations is not None

    def exec_module(self, module: ModuleType) -> None:
        assert module.__spec__ is not None
        space = vars(module)
        space["__builtins__"] = {**vars(builtins), "__import__": self._import}
        space["__value__"] = self._value
        exec(compile(self.get_source(module.__name__), str(module.__spec__.origin), "exec", dont_inherit=True), space)  # noqa: S102 - code that whoever asks has trusted

    def _value(self, name: str) -> Any:
        if name not in self._ready:
            member = next(one for one in self.carried.values if one.rpartition(".")[0] == name)
            self._ready[name] = self._made(member, self.carried.values[member])
        return self._ready[name]

    def _import(self, name: str, space: Any = None, local: Any = None, wanted: Any = (), level: int = 0) -> Any:
        own = f"{self.carried.package}.{name}"
        if level or self.find_spec(own) is None:
            return builtins.__import__(name, space, local, wanted, level)
        module = importlib.import_module(own)
        if not wanted:
            return sys.modules[f"{self.carried.package}.{name.partition('.')[0]}"]
        for one in wanted:
            if one != "*" and not hasattr(module, one) and self.find_spec(f"{own}.{one}") is not None:
                importlib.import_module(f"{own}.{one}")
        return module


# -- for MLflow, and for whoever asks on a command line


def _load_pyfunc(path: str) -> Any:
    class Answering:
        def __init__(self, model: Opened) -> None:
            self._model = model

        def predict(self, model_input: Any, params: Any = None) -> Any:
            return self._model.predict(model_input)

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


if __name__ == "__main__":
    found = _main(sys.argv[1])
    sys.stdout.write("\n" + json.dumps(found) + "\n")
    sys.exit(1 if found.get("error") or found["differs"] else 0)
