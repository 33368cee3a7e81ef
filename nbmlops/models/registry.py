"""The registry: versions that never change, aliases that move and remember where they were."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import Any

import msgspec

from nbmlops.errors import Conflict, NotFound, there_is
from nbmlops.ledger.encode import dump, load, now_text, text
from nbmlops.ledger.secrets import mask
from nbmlops.ledger.transaction import Transaction
from nbmlops.models import facts, moves, signing
from nbmlops.models.records import AliasMove, Model, ModelAlias, ModelVersion, Signature, Way
from nbmlops.workspace import Workspace

SCHEMA = 1
_VERSIONS = """
SELECT *, (SELECT verdict FROM verification WHERE run = v.run AND v.fit IS NOT NULL ORDER BY at DESC, id DESC LIMIT 1) AS verdict,
  EXISTS (SELECT 1 FROM alias_move WHERE model = v.model AND version = v.version AND forced) AS forced FROM model_version v
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
        moved = self._read("SELECT * FROM alias_move WHERE model = ? ORDER BY id DESC", model)
        back = {alias: version for alias in aliases if (version := self.before(model, alias)) is not None}
        versions = [_version(row, aliases) for row in rows]
        return Model(name=model, versions=versions, aliases=aliases, moves=[moves.of_row(row) for row in moved], before=back)

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

        Rolling back again goes further back, not forth. An alias that was taken away goes to where it was.
        """
        ways: list[int | None] = []
        for move in self._read("SELECT version, way FROM alias_move WHERE model = ? AND alias = ? ORDER BY id", model, alias):
            moves.replay(ways, move["version"], back=move["way"] == "rollback")
        return ways[-2] if len(ways) > 1 else None

    # -- writing

    def add(
        self, model: str, *, flavor: str, digest: str, size_bytes: int, signature: Signature, metrics: dict[str, float],
        run: str | None, dataset: str | None, target: str | None, estimator: str, description: str, fit: int | None = None,
        code: str | None = None, fixtures: str | None = None, python: str | None = None, distributions: dict[str, str] | None = None,
        converted_from: int | None = None, parameters: dict[str, Any] | None = None, told: dict[str, Any] | None = None,
    ) -> ModelVersion:  # fmt: skip
        """Add a version; the same bytes from the same run with the same words, and no other data, are the version that is there already.

        `fit` is the number of the run's fit that made it, where that is known; `told` is evidence for the audit trail besides.
        """
        place, description = self.workspace, text(mask(description))
        data = {"dataset": dataset, "target": target, "fixtures": fixtures}
        with place.ledger.write() as tx:
            known = f"{_VERSIONS} WHERE model = ? AND digest = ? AND run IS ? ORDER BY version"
            for row in tx.read(known, model, digest, run):
                told_before = load(row["metrics"]) == load(dump(metrics)) and row["description"] == description
                if told_before and all(value in (None, row[name]) for name, value in data.items()):
                    aliases = {
                        found["alias"]: found["version"] for found in tx.read("SELECT alias, version FROM alias WHERE model = ?", model)
                    }
                    return _version(row, aliases)
            version = 1 + (tx.read("SELECT max(version) AS last FROM model_version WHERE model = ?", model)[0]["last"] or 0)
            tx.insert(
                "model_version", model=model, version=version, flavor=flavor, digest=digest, size_bytes=size_bytes,
                signature=dump(msgspec.to_builtins(signature)), metrics=dump(metrics), run=run, fit=fit, dataset=dataset, target=target,
                estimator=estimator, description=description, registered_at=now_text(place.clock()), registered_by=place.actor,
                schema_version=SCHEMA, code=code, fixtures=fixtures, python=python, distributions=dump(distributions or {}),
                converted_from=converted_from, parameters=dump(parameters) if parameters else None,
            )  # fmt: skip
            tx.changed("model", model)
            seal = facts.sealed(tx.read("SELECT * FROM model_version WHERE model = ? AND version = ?", model, version)[0])
            evidence = {"version": version, "digest": digest, "run": run, "dataset": dataset, "metrics": metrics, "code": code}
            evidence |= {**(told or {}), "seal": seal}
            tx.audit(actor=place.actor, verb="model.register", subject=model, evidence=evidence, at=place.clock())
        return self.version(model, version)

    def point(
        self, model: str, alias: str, version: int, *, way: Way, evidence: dict[str, Any], reason: str = "", expected: Expected = ANYWHERE
    ) -> ModelAlias:  # fmt: skip
        """Point an alias at a version; moving it where it is changes nothing.

        `expected` is the alias as it was when the move was decided (None: it pointed nowhere). Conflict when somebody moved
        it meanwhile, though it be back where it was. Untrusted where the version lacks a signature that the workspace demands.
        """
        place = self.workspace
        found = self.version(model, version)
        signing.demand(place, found)
        with place.ledger.write() as tx:
            rows = _as_expected(tx, model, alias, expected)
            previous = rows[0]["version"] if rows else None
            if previous == version:
                return _alias(rows[0])
            move = moves.made(place, model, alias, found, previous=previous, way=way, reason=reason, evidence=evidence)
            moved_at = now_text(move.at)
            tx.insert("alias", or_replace=True, model=model, alias=alias, version=version, previous=previous, moved_at=moved_at)
            moves.enter(tx, move, evidence)
        return ModelAlias(model=model, alias=alias, version=version, previous=previous, moved_at=move.at)

    def unpoint(self, model: str, alias: str, *, reason: str) -> AliasMove:
        """Take an alias away; it can be rolled back to where it was. NotFound where there is none."""
        place = self.workspace
        self.aliased(model, alias)
        found = self.alias(model, alias)
        with place.ledger.write() as tx:
            rows = _as_expected(tx, model, alias, found)
            if not rows:
                raise Conflict(f"{alias!r} of {model!r} was taken away meanwhile.", hint=f"Look again: %mlops model history {model}")
            tx.run("DELETE FROM alias WHERE model = ? AND alias = ?", model, alias)
            was = rows[0]["version"]
            return moves.enter(tx, moves.made(place, model, alias, None, previous=was, way="unalias", reason=reason, evidence={}), {})

    def refuse(self, model: str, alias: str, version: int, *, evidence: dict[str, Any], reason: str) -> None:
        """Tell the audit trail that a version was not promoted, with what it was refused on."""
        place = self.workspace
        found = self.version(model, version)
        made_of = {"dataset": found.dataset, "target": found.target, "run": found.run, "verdict": found.verdict}
        with place.ledger.write() as tx:
            tx.changed("model", model)
            tx.audit(
                actor=place.actor, verb="model.refuse", subject=model, at=place.clock(),
                evidence={**evidence, "alias": alias, "version": version, "reason": mask(reason), **made_of},
            )  # fmt: skip

    def _known(self, model: str) -> None:
        if not self._read("SELECT 1 FROM model_version WHERE model = ? LIMIT 1", model):
            raise NotFound(f"Model {model[:100]!r} is not registered.", hint=f"Registered: {there_is(self.names())}.")

    def _read(self, sql: str, *values: Any) -> list[Any]:
        return list(self.workspace.ledger.read(sql, *(text(value) if isinstance(value, str) else value for value in values)))


def roll_back(
    registry: Registry, model: str, alias: str, *, reason: str, evidence: dict[str, Any], version: int | None = None
) -> ModelAlias:
    """Point an alias where it was before its last promotion, or at a version it was at before. Conflict when there is no such place."""
    registry.model(model)
    now = registry.alias(model, alias)
    back = registry.before(model, alias) if version is None else version
    if back is None:
        where = f"{alias!r} was at no version before {now.version}" if now else f"{alias!r} points nowhere"
        raise Conflict(f"Model {model!r} cannot be rolled back: {where}.", hint=f"Point it: %mlops model promote {model} VERSION")
    if now is not None and back == now.version:
        raise Conflict(f"{alias!r} of {model!r} is at version {back} already.", hint=f"Where it was: %mlops model history {model}")
    return registry.point(model, alias, back, way="rollback", evidence=evidence, reason=reason, expected=now)


def _as_expected(tx: Transaction, model: str, alias: str, expected: Expected) -> list[Any]:
    """The alias's row, if it has one. Conflict where it is not as it was when the move was decided."""
    rows = tx.read("SELECT * FROM alias WHERE model = ? AND alias = ?", model, alias)
    if expected is not ANYWHERE and (_alias(rows[0]) if rows else None) != expected:
        where = f"points at version {rows[0]['version']}" if rows else "points nowhere"
        raise Conflict(
            f"{alias!r} of {model!r} was moved meanwhile: it {where}.",
            hint="Look again, then decide again: what was measured was measured against another version.",
        )
    return rows


def _version(row: Any, aliases: dict[str, int]) -> ModelVersion:
    return ModelVersion(
        model=row["model"], version=row["version"], flavor=row["flavor"], digest=row["digest"], size_bytes=row["size_bytes"],
        signature=msgspec.convert(load(row["signature"]), Signature), metrics={k: float(v) for k, v in load(row["metrics"]).items()},
        run=row["run"], fit=row["fit"], dataset=row["dataset"], target=row["target"], estimator=row["estimator"],
        description=row["description"],
        registered_at=datetime.fromisoformat(row["registered_at"]), registered_by=row["registered_by"],
        aliases=sorted(alias for alias, version in aliases.items() if version == row["version"]), verdict=row["verdict"],
        code=row["code"], fixtures=row["fixtures"], python=row["python"],
        distributions=load(row["distributions"]) if row["distributions"] else {}, forced=bool(row["forced"]),
        converted_from=row["converted_from"], parameters=load(row["parameters"]) if row["parameters"] else {},
    )  # fmt: skip


def _alias(row: Any) -> ModelAlias:
    return ModelAlias(
        model=row["model"], alias=row["alias"], version=row["version"], previous=row["previous"],
        moved_at=datetime.fromisoformat(row["moved_at"]),
    )  # fmt: skip
