"""The registry: versions that never change, aliases that move and remember where they were."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import Any

import msgspec

from nbmlops.errors import Conflict, NotFound, there_is
from nbmlops.ledger.encode import dump, load, now_text, text
from nbmlops.models.records import AliasMove, Model, ModelAlias, ModelVersion, Signature, Way
from nbmlops.workspace import Workspace

SCHEMA = 1
_VERSIONS = """
SELECT *, (SELECT verdict FROM verification WHERE run = v.run ORDER BY at DESC, id DESC LIMIT 1) AS verdict FROM model_version v
"""


class Anywhere(Enum):
    """No alias is expected in any place: a move that does not ask where it starts."""

    ANYWHERE = "anywhere"


ANYWHERE = Anywhere.ANYWHERE
Expected = ModelAlias | Anywhere | None


class Registry:
    """The models of one workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace

    # -- asking

    def names(self) -> list[str]:
        """Registered names, sorted."""
        return [row["model"] for row in self._read("SELECT DISTINCT model FROM model_version ORDER BY model")]

    def model(self, model: str) -> Model:
        """A name with its versions, newest first, and its aliases' moves, newest first."""
        self._known(model)
        aliases = {row["alias"]: row["version"] for row in self._read("SELECT alias, version FROM alias WHERE model = ?", model)}
        rows = self._read(f"{_VERSIONS} WHERE model = ? ORDER BY version DESC", model)
        moves = self._read("SELECT * FROM alias_move WHERE model = ? ORDER BY id DESC", model)
        back = {alias: version for alias in aliases if (version := self.before(model, alias)) is not None}
        return Model(
            name=model, versions=[_version(row, aliases) for row in rows], aliases=aliases, moves=[_move(row) for row in moves], before=back
        )  # fmt: skip

    def version(self, model: str, version: int) -> ModelVersion:
        """One version; NotFound names those there are."""
        asked = version if abs(version) < 2**63 else 0  # no version is 0
        rows = self._read(f"{_VERSIONS} WHERE model = ? AND version = ?", model, asked)
        if not rows:
            self._known(model)
            have = [row["version"] for row in self._read("SELECT version FROM model_version WHERE model = ? ORDER BY version", model)]
            raise NotFound(f"Model {model!r} has no version {version}.", hint=f"Versions: {', '.join(map(str, have))}.")
        aliases = {row["alias"]: row["version"] for row in self._read("SELECT alias, version FROM alias WHERE model = ?", model)}
        return _version(rows[0], aliases)

    def alias(self, model: str, alias: str) -> ModelAlias | None:
        """Where an alias points, or None."""
        rows = self._read("SELECT * FROM alias WHERE model = ? AND alias = ?", model, alias)
        return _alias(rows[0]) if rows else None

    def aliased(self, model: str, alias: str) -> ModelVersion:
        """The version an alias points at."""
        found = self.alias(model, alias)
        if found is None:
            self._known(model)
            have = [row["alias"] for row in self._read("SELECT alias FROM alias WHERE model = ?", model)]
            raise NotFound(
                f"Model {model!r} has no alias {alias!r}.",
                hint=f"Aliases: {there_is(have)}. Point one: %mlops model promote {model} VERSION --alias {alias}",
            )
        return self.version(model, found.version)

    def before(self, model: str, alias: str) -> int | None:
        """The version a rollback would go to: the one the alias left when it came, by promotion, to where it is.

        Rolling back again goes further back, not forth.
        """
        stack: list[int] = []
        for move in self._read("SELECT version, way FROM alias_move WHERE model = ? AND alias = ? ORDER BY id", model, alias):
            if move["way"] == "rollback":
                if len(stack) > 1:
                    stack.pop()
            else:
                stack.append(move["version"])
        return stack[-2] if len(stack) > 1 else None

    # -- writing

    def add(
        self, model: str, *, flavor: str, digest: str, size_bytes: int, signature: Signature, metrics: dict[str, float],
        run: str | None, dataset: str | None, target: str | None, estimator: str, description: str, fit: int | None = None,
        code: str | None = None, fixtures: str | None = None, python: str | None = None, distributions: dict[str, str] | None = None,
        converted_from: int | None = None, told: dict[str, Any] | None = None,
    ) -> ModelVersion:  # fmt: skip
        """Add a version; the same bytes from the same run with the same words are the version that is there already.

        `fit` is the number of the run's fit that made it, where that is known; `told` is evidence for the audit trail besides.
        """
        place = self.workspace
        with place.ledger.write() as tx:
            known = f"{_VERSIONS} WHERE model = ? AND digest = ? AND run IS ? ORDER BY version"
            for row in tx.read(known, model, digest, run):
                if load(row["metrics"]) == load(dump(metrics)) and row["description"] == text(description):
                    aliases = {
                        found["alias"]: found["version"] for found in tx.read("SELECT alias, version FROM alias WHERE model = ?", model)
                    }
                    return _version(row, aliases)
            version = 1 + (tx.read("SELECT max(version) AS last FROM model_version WHERE model = ?", model)[0]["last"] or 0)
            tx.insert(
                "model_version", model=model, version=version, flavor=flavor, digest=digest, size_bytes=size_bytes,
                signature=dump(msgspec.to_builtins(signature)), metrics=dump(metrics), run=run, fit=fit, dataset=dataset, target=target,
                estimator=estimator, description=text(description), registered_at=now_text(place.clock()), registered_by=place.actor,
                schema_version=SCHEMA, code=code, fixtures=fixtures, python=python, distributions=dump(distributions or {}),
                converted_from=converted_from,
            )  # fmt: skip
            tx.changed("model", model)
            evidence = {"version": version, "digest": digest, "run": run, "dataset": dataset, "metrics": metrics, "code": code}
            evidence |= told or {}
            tx.audit(actor=place.actor, verb="model.register", subject=model, evidence=evidence, at=place.clock())
        return self.version(model, version)

    def point(
        self, model: str, alias: str, version: int, *, way: Way, evidence: dict[str, Any], reason: str = "", expected: Expected = ANYWHERE
    ) -> ModelAlias:  # fmt: skip
        """Point an alias at a version; moving it where it is changes nothing.

        `expected` is the alias as it was when the move was decided (None: it pointed nowhere). Conflict when somebody moved
        it meanwhile, though it be back where it was.
        """
        place = self.workspace
        self.version(model, version)
        with place.ledger.write() as tx:
            rows = tx.read("SELECT * FROM alias WHERE model = ? AND alias = ?", model, alias)
            previous = rows[0]["version"] if rows else None
            if expected is not ANYWHERE and (_alias(rows[0]) if rows else None) != expected:
                raise Conflict(
                    f"{alias!r} of {model!r} was moved meanwhile: it points at version {previous}.",
                    hint="Look again, then decide again: what was measured was measured against another version.",
                )
            if previous == version:
                return _alias(rows[0])
            now = place.clock()
            tx.insert("alias", or_replace=True, model=model, alias=alias, version=version, previous=previous, moved_at=now_text(now))
            tx.insert(
                "alias_move", model=model, alias=alias, version=version, previous=previous, way=way, at=now_text(now), actor=place.actor
            )
            tx.changed("model", model)
            tx.audit(
                actor=place.actor, verb=f"model.{way}", subject=model, at=now,
                evidence={"alias": alias, "version": version, "previous": previous, "reason": reason, **evidence},
            )  # fmt: skip
        return ModelAlias(model=model, alias=alias, version=version, previous=previous, moved_at=now)

    def _known(self, model: str) -> None:
        if not self._read("SELECT 1 FROM model_version WHERE model = ? LIMIT 1", model):
            raise NotFound(f"Model {model[:100]!r} is not registered.", hint=f"Registered: {there_is(self.names())}.")

    def _read(self, sql: str, *values: Any) -> list[Any]:
        return list(self.workspace.ledger.read(sql, *(text(value) if isinstance(value, str) else value for value in values)))


def roll_back(registry: Registry, model: str, alias: str, *, reason: str, evidence: dict[str, Any]) -> ModelAlias:
    """Point an alias where it was before its last promotion. Conflict when there is no such place."""
    registry.model(model)
    now = registry.alias(model, alias)
    back = registry.before(model, alias)
    if back is None:
        where = f"{alias!r} was at no version before {now.version}" if now else f"{alias!r} points nowhere"
        raise Conflict(f"Model {model!r} cannot be rolled back: {where}.", hint=f"Point it: %mlops model promote {model} VERSION")
    return registry.point(model, alias, back, way="rollback", evidence=evidence, reason=reason, expected=now)


def _version(row: Any, aliases: dict[str, int]) -> ModelVersion:
    return ModelVersion(
        model=row["model"], version=row["version"], flavor=row["flavor"], digest=row["digest"], size_bytes=row["size_bytes"],
        signature=msgspec.convert(load(row["signature"]), Signature), metrics={k: float(v) for k, v in load(row["metrics"]).items()},
        run=row["run"], dataset=row["dataset"], target=row["target"], estimator=row["estimator"], description=row["description"],
        registered_at=datetime.fromisoformat(row["registered_at"]), registered_by=row["registered_by"],
        aliases=sorted(alias for alias, version in aliases.items() if version == row["version"]), verdict=row["verdict"],
        code=row["code"], fixtures=row["fixtures"], python=row["python"],
        distributions=load(row["distributions"]) if row["distributions"] else {}, converted_from=row["converted_from"],
    )  # fmt: skip


def _alias(row: Any) -> ModelAlias:
    return ModelAlias(
        model=row["model"], alias=row["alias"], version=row["version"], previous=row["previous"],
        moved_at=datetime.fromisoformat(row["moved_at"]),
    )  # fmt: skip


def _move(row: Any) -> AliasMove:
    return AliasMove(
        model=row["model"], alias=row["alias"], version=row["version"], previous=row["previous"], way=row["way"],
        at=datetime.fromisoformat(row["at"]), actor=row["actor"],
    )  # fmt: skip
