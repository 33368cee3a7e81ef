"""Models as MLflow's own flavors store them: which of these are data."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from nbmlops.errors import Damaged, Invalid
from nbmlops.models.flavors.xgboost import XgboostFlavor
from nbmlops.plugins import needs

_XGBOOST = ("XGBRegressor", "XGBClassifier", "XGBRanker", "XGBRFRegressor", "XGBRFClassifier")
_ASK = "Load it where you trust it, mlflow.{0}.load_model(…), and register what you get: %mlops model register NAME MODEL"


def file_of(flavors: dict[str, Any], folder: Path) -> tuple[str, bytes, str]:
    """Our flavor, the file's bytes, and the estimator's name. Invalid, with what to do, for a model that is code."""
    there = [name for name in flavors if isinstance(flavors[name], dict)]
    for name, reader in _READERS.items():
        if name in there:
            return reader(flavors[name], folder)
    other = next((name for name in there if name != "python_function"), "pyfunc")
    raise Invalid(
        f"it is a model of {other}, which is opened by running code.",
        hint=f"Known as data are models of {', '.join(_READERS)}. {_ASK.format(other)}",
    )


def _sklearn(said: dict[str, Any], folder: Path, flavor: str = "sklearn", file: str = "pickled_model") -> tuple[str, bytes, str]:
    kind = str(said.get("serialization_format", "pickle"))
    if kind != "skops":
        raise Invalid(
            f"it is a {kind[:40]} of {flavor}, and opening one runs whatever is in it.",
            hint=f"Log it as data: mlflow.{flavor}.log_model(…, serialization_format='skops'). {_ASK.format(flavor)}",
        )
    return "sklearn", _read(folder, said.get(file), "model.skops"), f"{flavor}.model"


def _xgboost(said: dict[str, Any], folder: Path) -> tuple[str, bytes, str]:
    xgboost = needs("xgboost", extra="xgboost", why="Pulling this model")
    name = str(said.get("model_class", "xgboost.core.Booster"))
    kind = name.rpartition(".")[2]
    data = _read(folder, said.get("data"), "model.ubj")
    made = getattr(xgboost, kind)() if kind in _XGBOOST else xgboost.Booster()
    with tempfile.TemporaryDirectory(prefix="nbmlops-pull-") as place:
        file = Path(place) / f"model{Path(str(said.get('data'))).suffix or '.ubj'}"
        file.write_bytes(data)
        try:
            made.load_model(file)
        except Exception as error:  # what the library raises for bytes that are none of its own
            raise Damaged(f"it is no model of xgboost: {str(error).splitlines()[0][:200]}", hint="Log it again with MLflow.") from error
    return "xgboost", XgboostFlavor().save(made), name[:300]


def _lightgbm(said: dict[str, Any], folder: Path) -> tuple[str, bytes, str]:
    name = str(said.get("model_class", "lightgbm.basic.Booster"))
    if name != "lightgbm.basic.Booster":
        found = _sklearn({"serialization_format": "cloudpickle", **said}, folder, "lightgbm", "data")
        return found[0], found[1], name[:300]
    return "lightgbm", _read(folder, said.get("data"), "model.lgb"), name


def _onnx(said: dict[str, Any], folder: Path) -> tuple[str, bytes, str]:
    return "onnx", _read(folder, said.get("data"), "model.onnx"), "onnx.ModelProto"


def _read(folder: Path, name: Any, otherwise: str) -> bytes:
    from nbmlops.exchange.mlflow.folder import inside

    return inside(folder, str(name or otherwise))


_READERS = {"xgboost": _xgboost, "lightgbm": _lightgbm, "onnx": _onnx, "sklearn": _sklearn}
