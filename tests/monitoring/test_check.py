"""`drift check` and `drift find`: a frame or a window of the log, quality over time, reports that are kept."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd
import pytest

from nbmlops.errors import Invalid, NotFound
from nbmlops.models import verbs as model
from nbmlops.monitoring import verbs as drift
from nbmlops.monitoring.quality import over_time
from nbmlops.monitoring.windows import just_after, parts
from nbmlops.runs import workspace_verbs

from .conftest import day


def test_a_frame_is_measured_against_what_the_version_was_trained_on(world):
    world.promoted(0, 7)
    cursor = workspace_verbs.changes(workspace=world.workspace).cursor
    same = drift.check("road", current=world.rows(9, rows=400)[["x", "z"]], workspace=world.workspace)
    moved = drift.check("road", current=world.rows(9, rows=400, shift=2)[["x", "z"]], workspace=world.workspace)
    assert same.drifted_columns == [] and moved.drifted_columns == ["x"]
    assert {(s.column, s.test) for s in moved.scores} == {(c, t) for c in "xz" for t in ("ks", "psi", "wasserstein")}
    assert (moved.version, moved.rows, moved.endpoint, moved.start, moved.labelled) == (1, 400, None, None, 0)
    assert drift.find(workspace=world.workspace) == [moved, same] == drift.find(model="road", workspace=world.workspace)
    assert drift.find(model="rail", workspace=world.workspace) == [] and drift.find(limit=1, workspace=world.workspace) == [moved]
    assert workspace_verbs.changes(since=cursor, workspace=world.workspace).topics["drift"] == ["road"]


def test_a_window_of_the_log_has_drift_and_quality_by_day(world):
    world.promoted(0, 7)
    world.ask(7, 14)
    world.ask(14, 28, version=2)
    report = drift.check("road", start=day(7), end=day(28), workspace=world.workspace)
    assert report.rows == report.labelled == 21 * 60 and report.endpoint == "road" and report.drifted_columns == []
    assert [point.start for point in report.quality] == [day(n) for n in range(7, 28)]
    assert [point.rows for point in report.quality] == [60] * 21
    assert report.quality[0].version == 1 and report.quality[-1].version == 2 and report.quality[0].metric == "mae"
    assert max(point.value for point in report.quality[:13]) < 0.3 and min(point.value for point in report.quality[13:]) > 4


def test_by_week_the_last_part_is_what_is_left_and_a_mixture_has_no_version(world):
    world.promoted(0, 7)
    world.ask(7, 10)
    world.ask(10, 16, version=2)
    report = drift.check("road", every="week", metric="rmse", start=day(7), end=day(16), workspace=world.workspace)
    assert [(p.start, p.end, p.rows, p.version) for p in report.quality] == [(day(7), day(14), 420, None), (day(14), day(16), 120, 2)]


def test_without_bounds_the_whole_log_is_the_window_its_last_row_included(world):
    world.promoted(0, 7)
    world.ask(7, 9)
    report = drift.check("road", workspace=world.workspace)
    assert report.rows == 120 and report.start == day(7) and report.end > day(8) + timedelta(minutes=20 * 59)
    assert sum(point.rows for point in report.quality) == 120


def test_a_last_row_at_the_very_start_of_a_part_is_a_part():
    frame = pd.DataFrame({"event_at": pd.to_datetime([day(0), day(1)]), "label": [1.0, 2.0], "prediction": [1.0, 4.0], "version": [1, 1]})
    points = over_time(frame, "mae", day(0), just_after(day(1)))
    assert [(point.value, point.rows) for point in points] == [(0.0, 1), (2.0, 1)]
    assert over_time(frame, "mae", day(0), day(1)) == points[:1]
    assert list(parts(day(0), day(0))) == []


def test_rows_without_labels_have_drift_and_no_quality(world):
    world.promoted(0, 7)
    world.ask(7, 14, labelled=False)
    report = drift.check("road", workspace=world.workspace)
    assert report.labelled == 0 and report.quality == [] and report.scores


def test_labels_that_fit_no_metric_are_told(world):
    world.promoted(0, 7)
    world.ask(7, 8, labelled=False)
    from nbmlops.serving import log

    ids = log.window(world.workspace, "road").id.tolist()
    log.join_labels(world.workspace, "road", ids, ["slow"] * len(ids))
    with pytest.raises(Invalid, match="mae cannot be computed"):
        drift.check("road", metric="mae", workspace=world.workspace)


def test_predictions_are_measured_against_the_target_and_count_as_no_column(world):
    from nbmlops.data import book
    from nbmlops.data.fingerprint import fingerprint
    from nbmlops.models.registry import Registry
    from nbmlops.monitoring.drift import drifted_columns, measure

    made = world.promoted(0, 7)
    target = fingerprint({"y": [1.0, 2.0, 3.0] * 200})
    with world.workspace.ledger.write() as tx:
        book.remember(tx, target)
        tx.run("UPDATE model_version SET target = ? WHERE model = 'road'", target.digest)
    made = Registry(world.workspace).version("road", 1)
    scores = measure(world.workspace, made, world.rows(8)[["x", "z"]], [9.0] * 60)
    found = [score for score in scores if score.kind == "prediction"]
    assert {score.column for score in found} == {"y"} and next(s for s in found if s.test == "ks").drifted
    assert found[0].note and "labels" in found[0].note and drifted_columns(scores) == []


def test_thresholds_are_given_by_test(world):
    world.promoted(0, 7)
    current = world.rows(9, rows=2000, shift=0.4)[["x", "z"]]
    assert drift.check("road", current=current, workspace=world.workspace).drifted_columns == ["x"]
    calm = drift.check("road", current=current, thresholds={"ks": 0.5}, workspace=world.workspace)
    assert calm.drifted_columns == [] and {s.threshold for s in calm.scores if s.test == "ks"} == {0.5}
    with pytest.raises(NotFound, match="There are: chi2, jensen_shannon, ks, psi, wasserstein"):
        drift.check("road", current=current, thresholds={"kolmogorov": 1}, workspace=world.workspace)
    with pytest.raises(Invalid, match="threshold of ks"):
        drift.check("road", current=current, thresholds={"ks": float("nan")}, workspace=world.workspace)


def test_few_rows_raise_the_threshold_and_say_so(world):
    world.promoted(0, 7)
    score = next(s for s in drift.check("road", current=world.rows(9)[["x", "z"]], workspace=world.workspace).scores if s.test == "ks")
    assert score.threshold > 0.2 and score.note == "threshold raised from 0.1: 60 rows reach it by chance"


def test_a_column_that_is_missing_or_became_text_is_told_and_not_guessed(world):
    world.promoted(0, 7)
    frame = world.rows(9)[["x"]].assign(x="five")
    scores = drift.check("road", current=frame, workspace=world.workspace).scores
    notes = {score.column: score.note for score in scores}
    assert all(score.value is None and score.drifted is None for score in scores)
    assert notes["z"] == "the current window has no such column" and "of kind category" in notes["x"]


def test_what_cannot_be_measured_is_an_error_with_a_way_on(world):
    def refused(error, match, **more):
        with pytest.raises(error, match=match):
            drift.check(more.pop("model", "road"), workspace=world.workspace, **more)

    refused(NotFound, "not registered")
    world.promoted(0, 7)
    frame = world.rows(1)[["x", "z"]]
    refused(NotFound, "--current FRAME")
    refused(NotFound, "Versions: 1", current=frame, version=9)
    refused(NotFound, "Versions: 1", current=frame, version=0)
    refused(Invalid, "None of the model's columns", current=frame.rename(columns=str.upper))
    refused(Invalid, "no rows", current=frame.iloc[:0])
    refused(Invalid, "no window", current=frame, start=day(1))
    refused(Invalid, "cannot be computed", metric="lift")
    world.ask(7, 8)
    refused(Invalid, "before it starts", start=day(9), end=day(8))
    refused(Invalid, "answered nothing from", start=day(20), end=day(21))
    refused(Invalid, "serves 'rail'", endpoint="rail")


def test_a_version_whose_data_nobody_saw_cannot_be_measured(world):
    estimator, _ = world.fitted(0, 2)
    model.register("road", estimator, workspace=world.workspace)
    with pytest.raises(Invalid, match="--data X"):
        drift.check("road", current=world.rows(1)[["x", "z"]], workspace=world.workspace)


def test_what_the_log_has_to_spell_is_a_number_all_the_same(world):
    from nbmlops.serving import log

    world.promoted(0, 7)
    for x, n in ((None, 7), (float("nan"), 8)):
        rows = [{"x": x, "z": 0.1 * k} for k in range(40)]
        log.append(world.workspace, [log.Answered("road", 1, log.new_ids(40), rows, [1.0] * 40, [day(n)] * 40)])
        report = drift.check("road", start=day(n), end=day(n + 1), workspace=world.workspace)
        score = next(score for score in report.scores if (score.column, score.test) == ("x", "ks"))
        assert score.value == 1 and score.drifted
