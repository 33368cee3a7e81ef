"""Metrics that nobody knows are refused when gates are set, with what was meant."""

from __future__ import annotations

import pytest

from nbmlops.errors import Invalid
from nbmlops.models import gate_verbs, gates


@pytest.mark.parametrize("text", ["performance: {metric: mea, limit: 3}", "slices: {columns: [a], metric: mea, limit: 3}"])
def test_a_metric_that_nobody_knows_is_refused_with_what_was_meant(workspace, text):
    with pytest.raises(Invalid, match="'mea' is no metric that is known") as refused:
        gate_verbs.gates("m", text=text, workspace=workspace)
    assert "Did you mean mae?" in refused.value.hint and gates.document_of(workspace, "m") is None
    for metric in ("mae", "mean_absolute_error", "roc_auc"):
        assert gate_verbs.gates("m", text=text.replace("mea", metric), workspace=workspace).kinds


def test_a_metric_that_a_version_has_recorded_is_known_without_rows(workspace, monkeypatch):
    from nbmlops.models.gates import named_metrics

    monkeypatch.setattr(named_metrics, "_recorded", lambda place, model: ["lift"] if model == "m" else [])
    assert gate_verbs.gates("m", text="performance: {metric: lift, limit: 3}", workspace=workspace).kinds == ["performance"]
    for model, text in (("other", "performance: {metric: lift, limit: 3}"), ("m", "slices: {columns: [a], metric: lift, limit: 3}")):
        with pytest.raises(Invalid, match="'lift' is no metric"):
            gate_verbs.gates(model, text=text, workspace=workspace)
