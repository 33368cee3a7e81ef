"""A skops file that brings along the code its model needs: sources and values beside the state, one digest over all."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

from nbmlops.errors import Invalid
from nbmlops.models.carried import PYTHON, package_of
from nbmlops.models.flavors.settled import THEN, settled
from nbmlops.models.flavors.skops_later import skops_io
from nbmlops.models.travelling.gather import NOTEBOOK, Code, gather
from nbmlops.models.travelling.own import code_of, is_own, parts

_UNNAMED = "nbmlops_code_" + "0" * 16
MAX_VALUE_BYTES = 64 << 20


def written(model: Any) -> bytes:
    """A model as a skops file, the same for the same model; with the notebook's own code, where it is made of any.

    Raises what skops raises for objects it has no form for, and Invalid for code that cannot travel.
    """
    own = parts(model)
    if not own:
        return settled(_dumped(model))
    code = gather(own)
    values = {name: _kept(name, value, code, _UNNAMED) for name, value in code.values.items()}
    package = package_of(code.files, dict(values.values()))
    kept = dict(_kept(name, value, code, package) for name, value in code.values.items())
    data = settled(_dumped(model), lambda schema: _renamed(schema, own, code, package))
    out = io.BytesIO(data)
    with zipfile.ZipFile(out, "a") as file:
        about = {"package": package, "python": PYTHON, "holds": code.holds}
        file.writestr(zipfile.ZipInfo("code/about.json", THEN), json.dumps(about, indent=1))
        for place, source in sorted(code.files.items()):
            file.writestr(zipfile.ZipInfo(f"code/{place}", THEN), source)
        for name, content in sorted(kept.items()):
            file.writestr(zipfile.ZipInfo(f"values/{name}", THEN), content)
    return out.getvalue()


def _dumped(model: Any) -> bytes:
    return bytes(skops_io("Keeping this model").dumps(model))


def _kept(name: str, value: Any, code: Code, package: str) -> tuple[str, bytes]:
    """A value that the code takes from the notebook: its member's name and bytes."""
    import pandas as pd

    try:
        if isinstance(value, (pd.DataFrame, pd.Series)):
            content, suffix = _table(value), "frame" if isinstance(value, pd.DataFrame) else "series"
        else:
            own = parts(value)
            content, suffix = settled(_dumped(value), lambda schema: _renamed(schema, own, code, package)), "skops"
    except Exception as error:  # a format's refusals are of many types
        raise Invalid(
            f"The model's code uses {name!r}, a {type(value).__name__}, which cannot travel with it: {str(error)[:200]}",
            hint=f"Give the model what it needs of {name} as numbers, text, arrays, frames or fitted estimators.",
        ) from error
    if len(content) > MAX_VALUE_BYTES:
        raise Invalid(
            f"The model's code uses {name!r}, which takes {len(content):,} bytes.", hint=f"Keep of {name} only what the model needs."
        )
    return f"{name}.{suffix}", content


def _table(value: Any) -> bytes:
    import pyarrow as pa

    frame = value if hasattr(value, "columns") else value.to_frame(name="0" if value.name is None else value.name)
    out = io.BytesIO()
    table = pa.Table.from_pandas(frame)
    with pa.ipc.new_file(out, table.schema) as file:
        file.write_table(table)
    return out.getvalue()


def _renamed(schema: Any, own: dict[int, Any], code: Code, package: str) -> None:
    """What is named as the notebook's, or as a module's beside it, is named as the package's."""
    waiting = [schema]
    while waiting:
        found = waiting.pop()
        waiting += found if isinstance(found, list) else found.values() if isinstance(found, dict) else []
        if not isinstance(found, dict) or "__loader__" not in found or not is_own(str(found.get("__module__"))):
            continue
        one = own.get(found.get("__id__", 0))
        if one is None:
            raise Invalid(
                f"A part of the model is made by {found.get('__class__')!r} of the notebook, and where is not found.",
                hint="Keep such parts in attributes, lists or dicts of the model.",
            )
        module = found["__module__"]
        if module == "__main__":
            found["__class__"], found["__module__"] = code.names[id(code_of(one))], f"{package}.{NOTEBOOK}"
        else:
            found["__module__"] = f"{package}.{module}"
