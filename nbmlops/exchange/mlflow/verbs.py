"""What a person can ask of an MLflow server."""

from __future__ import annotations

from typing import Annotated

from nbmlops.exchange.records import Exchange
from nbmlops.verb import verb
from nbmlops.workspace import Workspace, use


@verb("POST /mlflow/push")
def push(
    *,
    tracking_uri: Annotated[str | None, "where the server is; MLFLOW_TRACKING_URI if not given"] = None,
    experiment: Annotated[str | None, "only the runs of this experiment, and the versions made from them"] = None,
    filter: Annotated[str | None, "only runs that pass, and the versions made from them: metrics.mae < 3"] = None,
    model: Annotated[str | None, "only this model's versions and aliases, with their runs"] = None,
    workspace: Workspace | None = None,
) -> Exchange:
    """Send runs, model versions and aliases to an MLflow server; what is there already is not sent twice.

    A version arrives as a folder that MLflow loads and serves. An alias that was moved there since is not moved back: the conflict
    is told. Secrets are masked.
    """
    from nbmlops.exchange.mlflow.both import push as pushed

    return pushed(use(workspace), tracking_uri, experiment=experiment, filter=filter, model=model)


@verb("POST /mlflow/pull")
def pull(
    *,
    tracking_uri: Annotated[str | None, "where the server is; MLFLOW_TRACKING_URI if not given"] = None,
    experiment: Annotated[str | None, "only the runs of this experiment, and the versions made from them"] = None,
    filter: Annotated[str | None, "only runs that pass, in MLflow's words, and the versions made from them"] = None,
    model: Annotated[str | None, "only this model's versions and aliases, with their runs"] = None,
    workspace: Workspace | None = None,
) -> Exchange:
    """Take in runs, model versions and aliases from an MLflow server; what is here already is not taken twice.

    No code of theirs runs: models stored as data (skops, ONNX, xgboost, lightgbm) become versions, pickled ones are refused by
    name. An alias moves through the model's gate, and not where it was moved here since.
    """
    from nbmlops.exchange.mlflow.both import pull as pulled

    return pulled(use(workspace), tracking_uri, experiment=experiment, filter=filter, model=model)
