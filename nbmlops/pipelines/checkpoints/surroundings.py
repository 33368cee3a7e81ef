"""What a kernel holds beside its names: folder, variables, generators, settings of libraries."""

from __future__ import annotations

import decimal
import os
import random
import sys
import warnings
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

OWN = ("NBMLOPS_", "JPY_", "PYDEVD_")  # variables of who executes


def now(before: Mapping[str, str]) -> dict[str, Any]:
    """All of it that can be told, as plain values and arrays. `before`: the environment variables as the kernel began."""
    held = {name: value for name, value in os.environ.items() if not name.startswith(OWN)}
    found: dict[str, Any] = {
        "folder": os.getcwd(),
        "variables": {name: value for name, value in held.items() if before.get(name) != value},
        "variables gone": sorted(name for name in before if name not in os.environ and not name.startswith(OWN)),
        "path": list(sys.path),
    }
    for name, (module, get, _) in _SETTINGS.items():
        if module is None or module in sys.modules:
            found[name] = get()
    return found


def bring_back(found: Mapping[str, Any]) -> None:
    """Make it so again, in another process. What goes by the folder comes first; libraries are imported for it."""
    os.chdir(found["folder"])
    os.environ.update(found["variables"])
    for name in found["variables gone"]:
        os.environ.pop(name, None)
    sys.path[:] = found["path"]


def settle(found: Mapping[str, Any]) -> None:
    """Set generators and libraries as they were; what unpickling drew or set is undone by that."""
    import importlib

    for name, (module, _, put) in _SETTINGS.items():
        if name in found:
            if module is not None:
                importlib.import_module(module)
            put(found[name])


def _pandas_options() -> dict[str, Any]:
    import pandas as pd
    from pandas._config import config as module

    config: Any = module  # nothing public lists the options
    return {name: pd.get_option(name) for name in sorted(config._registered_options) if name not in config._deprecated_options}


def _set_pandas_options(options: Mapping[str, Any]) -> None:
    import pandas as pd

    for name, value in options.items():
        if pd.get_option(name) != value:
            pd.set_option(name, value)


def _rc() -> dict[str, Any]:
    import matplotlib

    return {name: value for name, value in dict.items(matplotlib.rcParams) if name not in ("backend", "backend_fallback")}


def _set_rc(values: Mapping[str, Any]) -> None:
    import matplotlib

    rc: Any = matplotlib.rcParams
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        rc.update(values)


def _numpy(function: str) -> Callable[..., Any]:
    def ask(*given: Any, **named: Any) -> Any:
        import numpy as np

        owner: Any = np.random if function in ("get_state", "set_state") else np
        return getattr(owner, function)(*given, **named)

    return ask


def _torch() -> Any:
    return sys.modules["torch"].get_rng_state().numpy()


def _set_torch(state: Any) -> None:
    torch = sys.modules["torch"]
    torch.set_rng_state(torch.from_numpy(state))


def _sklearn() -> Any:
    return sys.modules["sklearn"].get_config()


def _set_sklearn(values: dict[str, Any]) -> None:
    sys.modules["sklearn"].set_config(**values)


def _filters() -> list[Any]:
    return list(warnings.filters)


def _set_filters(filters: list[Any]) -> None:
    warnings.filters[:] = filters  # type: ignore[index]
    with suppress(AttributeError):
        warnings._filters_mutated_lock_held()  # type: ignore[attr-defined]
    with suppress(AttributeError):
        warnings._filters_mutated()  # type: ignore[attr-defined]


def _decimal() -> tuple[int, str]:
    context = decimal.getcontext()
    return context.prec, context.rounding


def _set_decimal(held: tuple[int, str]) -> None:
    context = decimal.getcontext()
    context.prec, context.rounding = held


# name → the library it is of, how it is told, how it is set
_SETTINGS: dict[str, tuple[str | None, Callable[[], Any], Callable[[Any], Any]]] = {
    "numpy's printing": ("numpy", _numpy("get_printoptions"), lambda held: _numpy("set_printoptions")(**held)),
    "numpy's errors": ("numpy", _numpy("geterr"), lambda held: _numpy("seterr")(**held)),
    "pandas's options": ("pandas", _pandas_options, _set_pandas_options),
    "matplotlib's settings": ("matplotlib", _rc, _set_rc),
    "scikit-learn's settings": ("sklearn", _sklearn, _set_sklearn),
    "the decimal context": (None, _decimal, _set_decimal),
    "warning filters": (None, _filters, _set_filters),
    "random's generator": (None, random.getstate, random.setstate),
    "numpy's generator": ("numpy", _numpy("get_state"), lambda held: _numpy("set_state")(held)),
    "torch's generator": ("torch", _torch, _set_torch),
}
