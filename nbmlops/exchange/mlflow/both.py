"""One exchange with an MLflow server, from beginning to end."""

from __future__ import annotations

from typing import Any, Literal

from nbmlops.errors import NotFound, there_is
from nbmlops.exchange.book import ExchangeBook
from nbmlops.exchange.mlflow.aliases import Aliases
from nbmlops.exchange.mlflow.pull_models import ModelPuller
from nbmlops.exchange.mlflow.pull_runs import RunPuller
from nbmlops.exchange.mlflow.push_models import ModelPusher
from nbmlops.exchange.mlflow.push_runs import RunPusher
from nbmlops.exchange.mlflow.server import reached
from nbmlops.exchange.progress import counted
from nbmlops.exchange.records import Exchange
from nbmlops.exchange.tally import Tally
from nbmlops.models.registry import Registry
from nbmlops.runs.book import RunBook
from nbmlops.workspace import Workspace

_PAGE = 1000


def push(workspace: Workspace, uri: str | None, *, experiment: str | None, filter: str | None, model: str | None) -> Exchange:
    """Send what is asked for. NotFound for a model that is not registered."""
    registry, runs = Registry(workspace), RunBook(workspace)
    if model is not None:
        registry.model(model)
    some = experiment is not None or filter is not None
    wanted = [] if model is not None and not some else _found(runs, filter, experiment)
    with reached(uri) as server:
        book, tally = ExchangeBook(workspace, "mlflow", server.place), Tally()
        pusher = RunPusher(server, book, tally)
        for run_id in counted(wanted, "runs"):
            pusher.push(run_id)
        models = ModelPusher(server, book, tally, pusher)
        aliases = Aliases(server, book, tally)
        chosen = set(wanted)
        for name in [model] if model is not None else registry.names():
            versions = [one for one in reversed(registry.model(name).versions) if model is not None or not some or one.run in chosen]
            for version in counted(versions, name):
                models.push(version)
            if versions:
                numbers = {one.version: number for one in registry.model(name).versions if (number := models.there(one)) is not None}
                aliases.settle(name, numbers, "push")
        return _over(book, tally, "push")


def pull(workspace: Workspace, uri: str | None, *, experiment: str | None, filter: str | None, model: str | None) -> Exchange:
    """Take in what is asked for. NotFound for an experiment or a model that is not there."""
    with reached(uri) as server:
        book, tally = ExchangeBook(workspace, "mlflow", server.place), Tally()
        puller = RunPuller(server, book, tally)
        some = experiment is not None or filter is not None
        if experiment is not None and server.client.get_experiment_by_name(experiment) is None:
            raise NotFound(f"There is no experiment {experiment[:100]!r} at {server.place}.", hint="Look there for its name.")
        found = [] if model is not None and not some else puller.found(experiment, filter or "")
        for run in counted(found, "runs"):
            puller.pull(run)
        models = ModelPuller(server, book, tally, puller)
        aliases = Aliases(server, book, tally)
        names, chosen = models.names(), {run.info.run_id for run in found}
        if model is not None and model not in names:
            raise NotFound(f"There is no model {model[:100]!r} at {server.place}.", hint=f"There is: {there_is(names)}.")
        for name in [model] if model is not None else names:
            listed = models.listed(name)
            wanted = [one for one in listed if model is not None or not some or one.run_id in chosen]
            for version in counted(wanted, name):
                models.pull(version)
            if wanted:
                numbers = {number: str(one.version) for one in listed if (number := models.here(one)) is not None}
                aliases.settle(name, numbers, "pull")
        return _over(book, tally, "pull")


def _found(runs: RunBook, filter: str | None, experiment: str | None) -> list[str]:
    """The runs that are asked for, the oldest first."""
    found: list[Any] = []
    while page := runs.find(filter, experiment=experiment, limit=_PAGE, offset=len(found)):
        found += page
    return [run.id for run in reversed(found)]


def _over(book: ExchangeBook, tally: Tally, way: Literal["push", "pull"]) -> Exchange:
    done = tally.over("mlflow", way, book.place)
    new = {"runs": done.runs, "runs_changed": done.runs_changed, "versions": done.versions, "aliases": done.aliases}
    if any(new.values()) or not done.passed:
        book.told(way, {**new, "refused": done.refused, "conflicts": done.conflicts})
    return done
