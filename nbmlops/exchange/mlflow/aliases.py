"""Aliases of both sides: who moved one since the last exchange moves it on the other side; where both did, a person decides."""

from __future__ import annotations

from typing import Any, Literal

from nbmlops.errors import GateRefused, NbmlopsError
from nbmlops.exchange.book import ExchangeBook
from nbmlops.exchange.mlflow.server import Server
from nbmlops.exchange.tally import Tally
from nbmlops.models.registry import Registry
from nbmlops.models.verbs import promote

Way = Literal["push", "pull"]
_UNKNOWN: dict[str, Any] = {}


class Aliases:
    """The aliases of one model, on both sides."""

    def __init__(self, server: Server, book: ExchangeBook, tally: Tally) -> None:
        self.server, self.client, self.book, self.tally = server, server.client, book, tally
        self.registry = Registry(book.workspace)

    def settle(self, model: str, numbers: dict[int, str], way: Way) -> None:
        """Move what is to be moved one way. `numbers`: our versions → theirs, as text."""
        mine = {alias: one.version for alias in self._names_here(model) if (one := self.registry.alias(model, alias)) is not None}
        theirs = self._theirs(model)
        last = {known.here: known.said for known in self.book.all("alias")}
        for alias in sorted(mine if way == "push" else theirs):
            name = f"{model}@{alias}"
            here, there = mine.get(alias), theirs.get(alias)
            if here is not None and there is not None and numbers.get(here) == there:
                if last.get(name) != {"mine": here, "theirs": there}:
                    self._note(name, here, there)
                continue
            then = last.get(name, _UNKNOWN)
            if way == "push" and here in numbers:
                self._push(model, alias, here, there, numbers[here], then)
            elif way == "pull" and there is not None:
                self._pull(model, alias, here, there, numbers, then)

    def _push(self, model: str, alias: str, here: int, there: str | None, wanted: str, then: dict[str, Any]) -> None:
        if there is not None and then.get("theirs") != there:
            self._conflict(model, alias, here, there, "pull" if then.get("mine") == here else None)
            return
        self.client.set_registered_model_alias(model, alias, wanted)
        self._note(f"{model}@{alias}", here, wanted)
        self.tally.told["aliases"].append(f"{model}@{alias} → {wanted}")

    def _pull(self, model: str, alias: str, here: int | None, there: str, numbers: dict[int, str], then: dict[str, Any]) -> None:
        wanted = next((version for version, number in numbers.items() if number == there), None)
        if wanted is None:
            self.tally.told["left_out"].append(f"{model}@{alias} points at {there} there, which is no version here.")
            return
        if here is not None and then.get("mine") != here:
            self._conflict(model, alias, here, there, "push" if then.get("theirs") == there else None)
            return
        try:
            promote(model, wanted, alias=alias, reason=f"pulled from {self.server.place}", workspace=self.book.workspace)
        except GateRefused as error:
            self.tally.told["conflicts"].append(
                f"{model}@{alias}: it points at version {there} there, and here the gate refuses it. {error.message}"
            )
            return
        except NbmlopsError as error:
            self.tally.told["conflicts"].append(f"{model}@{alias}: {error.message} {error.hint}")
            return
        self._note(f"{model}@{alias}", wanted, there)
        self.tally.told["aliases"].append(f"{model}@{alias} → {wanted}")

    def _conflict(self, model: str, alias: str, here: int, there: str, moved_by: str | None) -> None:
        """Nothing moves; what a person can do is said."""
        what = f"{model}@{alias} is at version {here} here and at {there} there"
        if moved_by is not None:
            side = "there" if moved_by == "pull" else "here"
            self.tally.told["conflicts"].append(f"{what}; it was moved {side}: nbmlops mlflow {moved_by} --model {model}")
        else:
            self.tally.told["conflicts"].append(
                f"{what}; both were moved, or they never met: point one where the other is (nbmlops model promote {model} VERSION"
                f" --alias {alias}), then ask again."
            )

    def _theirs(self, model: str) -> dict[str, str]:
        from mlflow.exceptions import MlflowException

        try:
            return {alias: str(number) for alias, number in self.client.get_registered_model(model).aliases.items()}
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            return {}

    def _names_here(self, model: str) -> list[str]:
        return list(self.registry.model(model).aliases) if model in self.registry.names() else []

    def _note(self, name: str, here: int, there: str) -> None:
        self.book.note("alias", name, name, mine=here, theirs=there)
