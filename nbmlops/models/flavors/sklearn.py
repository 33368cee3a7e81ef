"""scikit-learn estimators, and what keeps to their interface, kept as skops files.

A skops file is data: it names types, and only types that somebody trusts are made. Trusted here are those skops itself
trusts and those that `trust` says are harmless whatever the file says of them. What else a file names must be listed by
the operator. scikit-learn follows what it finds in a tree or a sparse matrix without looking: `brought` looks at the file
before anything is made of it, `sound` at the model that was made.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

from nbmlops.errors import Damaged, Invalid, Untrusted, there_is
from nbmlops.models.carried import Carried, Otherwise, table
from nbmlops.models.fixtures import Answering
from nbmlops.models.flavors import brought as whole
from nbmlops.models.flavors import zipped
from nbmlops.models.flavors.carrying import written
from nbmlops.models.flavors.schema import nodes
from nbmlops.models.flavors.skops_later import every_estimator_named, skops_io
from nbmlops.models.flavors.trust import is_trusted
from nbmlops.models.flavors.zipped import shown

_AGAIN = "Register the model again from its run."
_ANEW = "Execute the cell that defines it again, then fit again. What was set on it from outside, write into its definition."
_CODE = 'If you know it, list it in .nbmlops/workspace.json: "trusted_code": ["{}"].'
_UNREADABLE = (*zipped.UNREADABLE, TypeError, AttributeError, RecursionError)


class SklearnFlavor(Answering):
    """Save, load and ask a scikit-learn estimator."""

    name = "sklearn"
    libraries = ("sklearn", "skops", "pandas")
    suffix = "skops"
    general = True

    def can(self, estimator: Any) -> bool:
        """Whether this flavor keeps such objects."""
        return callable(getattr(estimator, "get_params", None)) and callable(getattr(estimator, "predict", None))

    def save(self, estimator: Any) -> bytes:
        """The estimator as bytes, the same for the same estimator, with the notebook's code it is made of.

        Raises what skops raises for objects it has no form for, and Invalid for code that cannot travel.
        """
        return written(estimator)

    def untrusted(self, data: bytes, trusted: Iterable[str] = ()) -> list[str]:
        """Types that the file names, and code that it brings, that nobody trusts."""
        listed = set(trusted)
        return _unknown(*_looked(data, listed), listed)

    def code(self, data: bytes) -> str | None:
        """The digest of the code that a file brings; None where it brings none."""
        brought = _brought(data)
        return brought.digest if brought is not None else None

    def described(self, data: bytes) -> str:
        """What that code is, in short."""
        brought = _brought(data)
        return there_is(sorted(brought.files)) if brought is not None else "none"

    def sources(self, data: bytes) -> dict[str, str]:
        """That code, by place."""
        brought = _brought(data)
        return brought.files if brought is not None else {}

    def names(self, data: bytes) -> list[str]:
        """Every name that must be trusted for the file to be loaded, by whoever loads it without nbmlops."""
        states = whole.states(data, _brought(data))
        return list(dict.fromkeys(name for part in states for name in [*_names(part), *_estimators(part)]))

    def load(self, data: bytes, trusted: Iterable[str] = ()) -> Any:
        """The estimator. Untrusted when the file names types, or brings code, that nobody trusts: none of it is made, none runs."""
        listed = set(trusted)
        brought, names = _looked(data, listed)
        if unknown := _unknown(brought, names, listed):
            if unknown[0].startswith("sha256:"):
                raise Untrusted(f"The model brings code of its own that nobody has trusted: {unknown[0]}.", hint=_CODE.format(unknown[0]))
            some = ", ".join(shown(name) for name in unknown[:6])
            raise Untrusted(f"The model names types that nobody has trusted: {some}.", hint=_hint(unknown))
        from nbmlops.models.flavors.sound import check

        try:
            if brought is not None:
                brought.install(partial(_made, names=names))
            return check(_loaded(data, names))
        except Damaged:
            raise
        except Otherwise as error:
            raise Invalid(f"The code cannot travel with the model: {shown(str(error))}", hint=_ANEW) from error
        except Exception as error:  # a state that its class does not take is of any type
            raise Damaged(f"The model file cannot be made a model: {shown(str(error))}", hint=_AGAIN) from error


def _looked(data: bytes, listed: set[str]) -> tuple[Carried | None, list[str]]:
    """The code that a file brings, and the types that it names; these only where nobody need first trust the code."""
    try:
        brought = whole.looked(data)
        if brought is not None and brought.digest not in listed:
            return brought, []
        if brought is not None:
            whole.own_names(data, brought)
        return brought, list(dict.fromkeys(name for part in whole.states(data, brought) for name in _names(part)))
    except _UNREADABLE as error:
        raise _damaged(error) from error


def _unknown(brought: Carried | None, names: list[str], listed: set[str]) -> list[str]:
    """What nobody trusts of what was found in a file."""
    if brought is not None and brought.digest not in listed:
        return [brought.digest]
    own = f"{brought.package}." if brought is not None else "\0"
    return [name for name in names if name not in listed and not name.startswith(own) and not is_trusted(name)]


def _brought(data: bytes) -> Carried | None:
    try:
        return whole.looked(data)
    except _UNREADABLE as error:
        raise _damaged(error) from error


def _damaged(error: Exception) -> Damaged:
    return Damaged(f"The model file cannot be read: {shown(str(error))}", hint=_AGAIN)


def _names(data: bytes) -> list[str]:
    with every_estimator_named():
        return list(skops_io("Looking into this model").get_untrusted_types(data=data))


def _estimators(data: bytes) -> list[str]:
    """scikit-learn's own, which skops trusts by itself where its long list was made."""
    parts = nodes(whole.tree_of(data))
    return [f"{part['__module__']}.{part['__class__']}" for part in parts if str(part["__module__"]).startswith("sklearn.")]


def _loaded(data: bytes, names: list[str]) -> Any:
    with every_estimator_named():
        return skops_io("Loading this model").loads(data, trusted=names)


def _made(member: str, content: bytes, *, names: list[str]) -> Any:
    """A value that a model's code takes."""
    return _loaded(content, names) if member.endswith(".skops") else table(member, content)


def _hint(unknown: list[str]) -> str:
    if any(name.startswith("scipy.stats.") for name in unknown):
        return "A distribution's state is code. Register what the search found: search.best_estimator_"
    return 'If you know them, list them in .nbmlops/workspace.json: "trusted_types": ["…"].'
