"""One real server for a module's tests."""

from __future__ import annotations

import pytest

from nbmlops.endpoints import verbs as endpoint
from nbmlops.workspace import Workspace
from tests.serving.http import pipeline, promoted, served, trips


@pytest.fixture(scope="module")
def ask(tmp_path_factory):
    """The endpoint `trip`: columns of every type."""
    workspace = Workspace.at(tmp_path_factory.mktemp("served"), actor="ada")
    frame = trips()
    promoted(workspace, "trip", pipeline(frame), frame)
    yield served(workspace, "trip")
    endpoint.stop("trip", workspace=workspace)
    workspace.close()
