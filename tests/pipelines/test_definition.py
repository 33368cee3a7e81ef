"""A pipeline's file: what it says, in which order its steps go, and each way in which it can be wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbmlops.errors import Invalid, NbmlopsError, NotFound, TooLarge
from nbmlops.pipelines.definition import read, resolved
from nbmlops.pipelines.yaml_text import parsed

GOOD = """
name: flights
params: {month: 3, country: no}
steps:
  report: {notebook: report.ipynb, after: [train]}
  train:
    notebook: train.ipynb
    params: {rows: "${prepare.rows}", title: "month ${params.month}", alpha: 1e-3}
    inputs: [out/clean.parquet, /data/known.csv]
    outputs: [out/model.skops]
    variables: [STAGE]
    timeout_s: 60
    retries: 2
    backoff_s: 0.5
  prepare: {notebook: ./prepare.ipynb, params: {month: "${params.month}"}, outputs: [out/clean.parquet]}
  apart: {notebook: apart.ipynb}
"""


def described(tmp_path: Path, text: str):
    file = tmp_path / "p.yaml"
    file.write_text(text, "utf-8")
    return read(file)


def test_steps_go_where_what_they_need_is_done(tmp_path):
    found = described(tmp_path, GOOD)
    assert found.name == "flights" and found.params == {"month": 3, "country": "no"}
    assert found.model is None and described(tmp_path, f"model: air-time\n{GOOD}").model == "air-time"
    with pytest.raises(Invalid, match="cannot be the name of a model"):
        described(tmp_path, f"model: ../x\n{GOOD}")
    assert [step.name for step in found.steps] == ["prepare", "apart", "train", "report"]
    train = found.steps[2]
    assert train.after == ["prepare"] and train.params["alpha"] == 0.001 and train.inputs == ["out/clean.parquet", "/data/known.csv"]
    assert (train.timeout_s, train.retries, train.backoff_s, train.variables) == (60, 2, 0.5, ["STAGE"])
    assert found.steps[0].notebook == "prepare.ipynb"


def test_a_folder_is_needed_by_who_reads_in_it(tmp_path):
    text = "steps:\n  b: {notebook: b.ipynb, inputs: [out/x/1.csv]}\n  a: {notebook: a.ipynb, outputs: [out/x]}\n"
    text += "  c: {notebook: c.ipynb, inputs: [out]}"
    assert [(step.name, step.after) for step in described(tmp_path, text).steps] == [("a", []), ("b", ["a"]), ("c", ["a"])]


def test_what_is_referred_to_keeps_its_type():
    known = {"a": {"rows": 3, "names": ["x"]}, "params": {"month": 1.5}}
    assert resolved({"n": "${a.rows}", "t": "${ params.month } of ${a.rows}", "l": ["${a.names}", 1]}, known) == {
        "n": 3, "t": "1.5 of 3", "l": [["x"], 1],
    }  # fmt: skip
    with pytest.raises(Invalid, match="Step 'a' declared no value 'mae'") as caught:
        resolved("${a.mae}", known)
    assert "rows" in caught.value.hint


STEP = "steps: {{a: {{notebook: a.ipynb, {}}}}}"
WRONG = {
    "nothing": ("", "describes no pipeline"),
    "a list": ("- a", "describes no pipeline"),
    "no steps": ("name: x", "has no steps"),
    "no notebook": ("steps: {a: {params: {x: 1}}}", "step 'a' has no notebook"),
    "a word that is not known": (STEP.format("input: [x]"), "step 'a': 'input' is not understood"),
    "a word of another kind": (STEP.format("retries: many"), "retries is 'many', not a whole number"),
    "a flag for a number": (STEP.format("retries: true"), "retries is True"),
    "a text for a list": (STEP.format("inputs: x.csv"), "inputs is 'x.csv', not a list"),
    "a number in a list": (STEP.format("inputs: [1]"), "inputs has 1"),
    "a negative time": (STEP.format("timeout_s: -1"), "stopped after -1 s"),
    "a parameter of no name": (STEP.format("params: {'a b': 1}"), "'a b' cannot be a parameter"),
    "a step of no name": ("steps: {'../a': {notebook: a.ipynb}}", "'../a' cannot be the name of a step"),
    "a step called params": ("steps: {params: {notebook: a.ipynb}}", "no step can be called so"),
    "a need that is not there": (STEP.format("after: [b]"), "needs 'b', and there is no such step"),
    "a reference to nowhere": (STEP.format("params: {x: '${nope.y}'}"), "needs 'nope'"),
    "a parameter that is not there": (STEP.format("params: {x: '${params.y}'}"), "refers to params.y"),
    "two that make one": (
        "steps: {a: {notebook: a.ipynb, outputs: [x]}, b: {notebook: b.ipynb, outputs: [./x]}}",
        "'x' is made by 'a' and by 'b'",
    ),
    "its own input": (STEP.format("inputs: [x], outputs: [x]"), "which it makes itself"),
    "a circle": (
        "steps: {a: {notebook: a.ipynb, inputs: [y], outputs: [x]}, b: {notebook: b.ipynb, inputs: [x], outputs: [y]}}",
        "go in a circle",
    ),
    "itself": (STEP.format("after: [a]"), "go in a circle"),
    "a path out of the folder": (STEP.format("outputs: [../x]"), "leaves the pipeline's folder"),
    "a hidden path out of the folder": (STEP.format("inputs: [a/../../x]"), "leaves the pipeline's folder"),
    "an output anywhere": (STEP.format("outputs: [/etc/x]"), "leaves the pipeline's folder"),
    "a notebook anywhere": ("steps: {a: {notebook: /tmp/a.ipynb}}", "leaves the pipeline's folder"),
    "the folder itself": (STEP.format("outputs: [.]"), "leaves the pipeline's folder"),
    "twice the same": (STEP.format("inputs: [x, x]"), "twice"),
    "a name twice": ("steps: {a: {notebook: a.ipynb}, a: {notebook: b.ipynb}}", "line 1: 'a' stands twice"),
    "an alias": ("x: &a [1]\ny: *a", "anchors and aliases"),
    "a bomb": ("a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]", "anchors and aliases"),
    "a tag that is code": ("steps: !!python/object/apply:os.system ['touch here']", "the tag"),
    "a tag on a name": ("!!python/name:os.system x: 1", "the tag"),
    "no YAML": ("steps: {a: [", "no YAML"),
    "a tab": ("steps:\n\ta: 1", "no YAML"),
    "too deep": ("[" * 200 + "]" * 200, "nested too deeply"),
    "far too deep": ("[" * 100_000, "nested too deeply|no YAML"),
    "two documents": ("a: 1\n---\nb: 2", "no YAML"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_said_and_where(name, tmp_path):
    text, words = WRONG[name]
    with pytest.raises(Invalid) as caught:
        described(tmp_path, text)
    import re

    said = f"{caught.value.message} {caught.value.hint}"
    assert re.search(words, said), said
    assert not (Path.cwd() / "here").exists()


def test_a_file_that_is_not_there_or_too_large(tmp_path):
    (tmp_path / "other.yaml").write_text("x")
    with pytest.raises(NotFound) as caught:
        read(tmp_path / "p.yaml")
    assert "other.yaml" in caught.value.hint
    (tmp_path / "p.yaml").write_text("x" * (2 << 20))
    with pytest.raises(TooLarge):
        read(tmp_path / "p.yaml")
    (tmp_path / "p.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(Invalid):
        read(tmp_path / "p.yaml")


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="ab:-{}[]&*!|>%@`\"'#, \n\t0.5~$", max_size=80))
def test_whatever_is_written_is_understood_or_refused(text):
    try:
        parsed(text, "x.yaml")
    except NbmlopsError as error:
        assert error.hint
