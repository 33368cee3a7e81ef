"""scikit-learn estimators, and what keeps to their interface, kept as skops files.

A skops file is data: it names types, and only types that somebody trusts are made. Trusted here are those skops itself
trusts and those of scikit-learn, numpy and scipy, whose constructors run no code of the file's. What else a file names
must be listed by the operator.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable
from typing import Any

from nbmlops.errors import Damaged, Untrusted
from nbmlops.plugins import needs

# Whole packages whose types are plain estimators, trees, losses, arrays and distributions.
_PACKAGES = ("sklearn.", "numpy.", "scipy.sparse.", "scipy.stats.", "builtins.")
# Never, whoever lists their package: they call or import what a file names.
_NEVER = ("sklearn.utils._testing", "numpy.testing", "numpy.f2py", "numpy.distutils", "numpy.load", "numpy.lib", "builtins.eval", "builtins.exec",
          "builtins.compile", "builtins.open", "builtins.getattr", "builtins.setattr", "builtins.__import__", "builtins.input", "builtins.breakpoint")  # fmt: skip


class SklearnFlavor:
    """Save, load and ask a scikit-learn estimator."""

    name = "sklearn"
    suffix = "skops"

    def can(self, estimator: Any) -> bool:
        """Whether this flavor keeps such objects."""
        return callable(getattr(estimator, "get_params", None)) and callable(getattr(estimator, "predict", None))

    def save(self, estimator: Any) -> bytes:
        """The estimator as bytes. Raises what skops raises for objects it has no form for."""
        return bytes(needs("skops.io", extra="sklearn", why="Keeping this model").dumps(estimator))

    def untrusted(self, data: bytes, trusted: Iterable[str] = ()) -> list[str]:
        """Types the file names that nobody trusts."""
        skops_io = needs("skops.io", extra="sklearn", why="Looking into this model")
        try:
            found = skops_io.get_untrusted_types(data=data)
        except (zipfile.BadZipFile, KeyError, ValueError, TypeError) as error:
            raise Damaged(f"The model file cannot be read: {error}.", hint="Register the model again from its run.") from error
        listed = set(trusted)
        return [name for name in found if name not in listed and not _is_plain(name)]

    def load(self, data: bytes, trusted: Iterable[str] = ()) -> Any:
        """The estimator. Untrusted when the file names types nobody trusts: none of them is made."""
        listed = set(trusted)
        if unknown := self.untrusted(data, listed):
            raise Untrusted(
                f"The model names types that nobody has trusted: {', '.join(unknown[:6])}.",
                hint='If you know them, list them in .nbmlops/workspace.json: "trusted_types": ["…"].',
            )
        skops_io = needs("skops.io", extra="sklearn", why="Loading this model")
        names = skops_io.get_untrusted_types(data=data)
        return skops_io.load(io.BytesIO(data), trusted=names)


def _is_plain(name: str) -> bool:
    return name.startswith(_PACKAGES) and not name.startswith(_NEVER)
