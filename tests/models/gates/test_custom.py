"""Functions of the notebook's before a standing: what they raise does not pass, and what they write reaches nobody else."""

from __future__ import annotations

import pytest

from nbmlops.errors import Invalid
from nbmlops.models.gates.custom import kept
from tests.models.gates.standings import Model, asked, cell, good, numbers, standing


def told(workspace, source, model=None, rows=None, y=None):
    """A standing that knows the function `f` of the source."""
    cell(source)
    if rows is None:
        rows, y = numbers(60)
    return standing(rows, y, model or Model(good), workspace=workspace, code=kept(workspace, ["f"], {}, {}, code=True))


@pytest.mark.parametrize("leave", ["import sys; sys.exit(0)", "raise GeneratorExit", "exit()"])
def test_a_function_that_leaves_has_not_passed(workspace, leave):
    on = told(workspace, f"def f(answers, rows, labels):\n    {leave}\n")
    (check,) = asked("custom", on, function="f")
    assert not check.passed and "f raised " in check.reason and "Exit" in check.reason


def test_an_interrupt_interrupts(workspace):
    on = told(workspace, "def f(answers, rows, labels):\n    raise KeyboardInterrupt\n")
    with pytest.raises(KeyboardInterrupt):
        asked("custom", on, function="f")


def leaves(rows):
    raise SystemExit(0)


@pytest.mark.parametrize(
    ("kind", "keys"),
    [
        ("performance", {"metric": "mae"}), ("performance", {"metric": "log_loss"}), ("latency", {"p50_ms": 1}), ("calibration", {}),
        ("slices", {"columns": ["place"], "metric": "mae", "limit": 1}), ("leakage", {}), ("robustness", {}),
    ],
)  # fmt: skip
def test_a_model_that_leaves_has_not_passed(kind, keys):
    rows, y = numbers(60)
    check = asked(kind, standing(rows, y > 0, Model(leaves, leaves)), **keys)[0]
    assert not check.passed and "Version 2 cannot answer these rows: SystemExit: 0." in check.reason


def test_a_model_that_leaves_on_odd_rows_does_not_stand_them():
    rows, y = numbers(60)
    asked_of = []

    def answer(frame):
        asked_of.append(1)
        return good(frame) if len(asked_of) == 1 else leaves(frame)

    checks = asked("robustness", standing(rows, y, Model(answer)), units=None, unseen=None, missing=None)
    assert [check.passed for check in checks] == [False, False] and "does not stand it (all columns): SystemExit: 0" in checks[0].reason


def test_what_a_function_writes_reaches_no_other_check_and_nothing_of_the_users(workspace):
    rows, y = numbers(60)
    rows["marks"] = [[1] for _ in range(60)]
    on = told(
        workspace,
        "def f(answers, rows, labels):\n    answers[:] = labels\n    labels.sort()\n    rows['a'] = 0.0\n    rows['marks'][0].append(2)\n    return True\n",
        rows=rows,
        y=y,
    )
    before, truth = on.answers.copy(), on.truth.copy()
    assert asked("custom", on, function="f")[0].passed
    assert (on.answers == before).all() and (on.truth == truth).all()
    assert on.table["a"].equals(rows["a"]) and rows["marks"][0] == [1]
    assert not asked("performance", on, metric="mae", limit=0.01)[0].passed


@pytest.mark.parametrize("body", ["return True", "yield True"])
def test_an_async_function_is_refused_by_name_when_the_gates_are_set(workspace, body):
    cell(f"async def f(answers, rows, labels):\n    {body}\n")
    with pytest.raises(Invalid, match="'f' is an async function"):
        kept(workspace, ["f"], {}, {}, code=True)
