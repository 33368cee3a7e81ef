"""The panel shows where a version comes from, when somebody opens it."""

from __future__ import annotations

from typing import Any

import pandas
import pytest
from playwright.sync_api import expect
from sklearn.linear_model import LinearRegression

from nbmlops.data.fingerprint import fingerprint
from nbmlops.models.registry import Registry
from nbmlops.models.signature import from_dataset
from nbmlops.runs.book import RunBook
from nbmlops.runs.facts import Facts
from nbmlops.runs.records import FileUse, Fit
from nbmlops.workspace import Workspace

pytestmark = pytest.mark.slow
HOSTILE = "<img src=x onerror=alert(1)>.csv"


def trained(workspace: Workspace) -> None:
    """A version with a run behind it that read two files."""
    seen = fingerprint(pandas.DataFrame({"distance": [100.0, 800.0]}))
    book = RunBook(workspace)
    run = book.open("train", experiment="air-time", kind="explicit")
    files = [
        FileUse(path=f"/data/{name}", mode="read", digest=seen.digest, size_bytes=5, modified_at=None, position=0, note=None)
        for name in ("flights.csv", HOSTILE)
    ]
    fit = Fit(
        number=0, position=1, estimator=f"{LinearRegression.__module__}.LinearRegression", parameters={}, frame=seen.digest, target=None,
        duration_s=None, artifact=None, note=None, depends=[0],
    )  # fmt: skip
    book.add(run, Facts(files=files, fits=[fit], datasets=[seen]))
    book.end(run, "finished")
    Registry(workspace).add(
        "air-time", flavor="sklearn", digest=seen.digest, size_bytes=1, signature=from_dataset(seen, None, named=True), metrics={"mae": 7.0},
        run=run, dataset=seen.digest, target=None, estimator="LinearRegression", description="", fit=0,
    )  # fmt: skip


def test_a_versions_lineage_is_shown_when_it_is_opened(look: Any, workspace: Workspace):
    trained(workspace)
    sight = look()
    models = sight.section("models")
    models.get_by_role("button", name="Version 1 of air-time", exact=True).click()
    models.get_by_role("button", name="Lineage").click()
    steps = models.locator(".nbmlops-Steps li")
    expect(steps).to_have_count(5)
    assert [step.get_attribute("data-kind") for step in steps.all()] == ["fit", "dataset", "cell", "file", "file"]
    expect(steps.nth(1)).to_contain_text("distance: 2 rows")
    expect(models).to_contain_text(HOSTILE)
    sight.picture("panel-lineage")
    assert not sight.errors
    assert not sight.abroad
