"""A model's folder, as nbmlops or MLflow wrote it: which file in it is the model, and what is said of that."""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
from pathlib import Path
from typing import Any

import msgspec

from nbmlops.errors import Damaged, Invalid, there_is
from nbmlops.models import portable
from nbmlops.models.flavors.zipped import shown

_NAME = re.compile(r"\w[\w.-]{0,100}")
_TYPES = ("float", "integer", "string", "boolean", "datetime")
_AGAIN = "Get the folder again from whoever made it."
MAX_SAID = 32 << 20
# Where MLflow's flavors name the file that holds the model itself; the file's content tells what it is.
_MLFLOW = {"sklearn": "pickled_model", "onnx": "data", "xgboost": "data", "lightgbm": "data", "statsmodels": "data"}


def read_file(path: Path, limit: int) -> bytes:
    """A plain file's bytes. Invalid for what is none (a link, a pipe, a device, a folder), or is too large."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    except OSError as error:
        raise Invalid(f"{shown(path.name)!r} cannot be read: {error.strerror}.", hint="Give a plain file, not a link to one.") from error
    with open(handle, "rb") as file:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            raise Invalid(f"{shown(path.name)!r} is no plain file.", hint="Give a model's file, or a folder with one.")
        if found.st_size > limit:
            raise Invalid(f"{shown(path.name)!r} has {found.st_size:,} bytes, more than {limit:,}.", hint="Models are smaller.")
        return file.read(found.st_size)  # room is made for as much as is asked for


def model_in(folder: Path) -> tuple[str, dict[str, Any]]:
    """The name of the model's file in a folder, and what is said of it: sha256, columns, named, fixtures; the rest as `said`."""
    mlmodel = _mlmodel(folder) if os.path.lexists(folder / "MLmodel") else None
    if os.path.lexists(folder / portable.ABOUT):
        name, found, more = _ours(folder)
        return name, {**found, "said": {"mlmodel": mlmodel or {}, "nbmlops": more}}
    if mlmodel is not None:
        flavor, name = _mlflow(mlmodel.get("flavors"))
        return name, {"said": {"mlmodel": mlmodel, "mlflow": flavor}}
    there = [shown(path.name) for path in folder.iterdir()]
    raise Invalid(
        f"{shown(folder.name)!r} is no folder of a model: in it is {there_is(there)}.",
        hint=f"A model's folder has {portable.ABOUT} or MLmodel; or give the file itself.",
    )


def whole(data: bytes, said: dict[str, Any], name: str) -> None:
    """Damaged where a file is not the one that its folder was made with."""
    if "sha256" in said and hashlib.sha256(data).hexdigest() != said["sha256"]:
        raise Damaged(f"{shown(name)!r} is not the file that the folder was made with: its digest is another.", hint=_AGAIN)


def _ours(folder: Path) -> tuple[str, dict[str, Any], dict[str, Any]]:
    said = _json(folder / portable.ABOUT)
    columns = said.get("columns")
    if not isinstance(said.get("sha256"), str) or not isinstance(columns, list) or not isinstance(said.get("named"), bool):
        raise Damaged(f"{portable.ABOUT} does not say what the model is.", hint=_AGAIN)
    name = inside(said.get("file"), portable.ABOUT)
    found = {"sha256": said["sha256"], "columns": [_column(one) for one in columns], "named": said["named"]}
    if os.path.lexists(folder / portable.FIXTURES):
        kept = _json(folder / portable.FIXTURES)
        rows, answers = kept.get("rows"), kept.get("predictions")
        if not isinstance(rows, list) or not isinstance(answers, list) or not all(isinstance(row, dict) for row in rows):
            raise Damaged(f"{portable.FIXTURES} holds no rows with answers.", hint=_AGAIN)
        if len(rows) != len(answers):
            raise Damaged(f"{portable.FIXTURES} has {len(rows)} rows and {len(answers)} answers.", hint=_AGAIN)
        found["fixtures"] = {"rows": rows, "predictions": answers, "scores": kept.get("scores")} if rows else None
    return name, found, _plain({part: said.get(part) for part in ("flavor", "signature")}, portable.ABOUT)


def _mlmodel(folder: Path) -> dict[str, Any]:
    """What MLflow says of a model, as JSON."""
    import yaml

    try:
        said = yaml.safe_load(read_file(folder / "MLmodel", MAX_SAID))
    except (yaml.YAMLError, ValueError, TypeError, OverflowError, RecursionError) as error:
        raise Damaged("MLmodel cannot be read.", hint=_AGAIN) from error
    if not isinstance(said, dict):
        raise Damaged("MLmodel says nothing.", hint=_AGAIN)
    return _plain(said, "MLmodel")


def _plain(said: dict[str, Any], where: str) -> dict[str, Any]:
    """As JSON has it, and no larger than that may be: YAML names a part once and has it many times, or in itself."""
    try:
        body = msgspec.json.encode(said)
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise Damaged(f"{where} cannot be read.", hint=_AGAIN) from error
    if len(body) > MAX_SAID:
        raise Damaged(f"{where} says {len(body):,} bytes, more than {MAX_SAID:,}.", hint=_AGAIN)
    found: dict[str, Any] = msgspec.json.decode(body)
    return found


def _mlflow(flavors: Any) -> tuple[str, str]:
    """The flavor of MLflow's that is read here, and its file's name."""
    if not isinstance(flavors, dict) or not flavors:
        raise Damaged("MLmodel names no flavors.", hint=_AGAIN)
    known = {flavor: how for flavor, how in flavors.items() if flavor in _MLFLOW and isinstance(how, dict)}
    if not known:
        kinds = there_is(shown(flavor) for flavor in flavors)
        raise Invalid(
            f"MLflow keeps this model as {kinds}, which nbmlops does not read.",
            hint=f"It reads {there_is(_MLFLOW)}. Load others where you trust them, and register that: %mlops model register NAME MODEL",
        )
    flavor, how = next(iter(known.items()))
    return flavor, inside(how.get(_MLFLOW[flavor]), "MLmodel")


def inside(name: Any, where: str) -> str:
    """A file's plain name: it is in the folder itself."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise Damaged(f"{where} names the model's file as {shown(str(name))!r}, which is no file in its folder.", hint=_AGAIN)
    return name


def _column(said: Any) -> dict[str, Any]:
    known = isinstance(said, dict) and isinstance(said.get("name"), str) and said.get("type") in _TYPES
    categories = said.get("categories") if known else None
    if not known or not (categories is None or (isinstance(categories, list) and all(isinstance(one, str) for one in categories))):
        raise Damaged(f"{portable.ABOUT} has a column that is none: {shown(str(said))}.", hint=_AGAIN)
    found = {"name": said["name"], "type": said["type"], "nullable": bool(said.get("nullable"))}
    return {**found, "categories": categories, "coded": bool(said.get("coded"))}


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(read_file(path, MAX_SAID))
    except (ValueError, RecursionError) as error:
        raise Damaged(f"{path.name} is no JSON.", hint=_AGAIN) from error
    if not isinstance(found, dict):
        raise Damaged(f"{path.name} holds no object.", hint=_AGAIN)
    return found
