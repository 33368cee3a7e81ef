"""Files that an enemy made, or a disk damaged: refused with what is wrong with them; nothing of them runs, nothing of them is kept."""

from __future__ import annotations

import hashlib
import json
import os
import random
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from nbmlops.errors import Damaged, Invalid, NbmlopsError, NotFound, TooLarge, Untrusted
from nbmlops.models import carried, verbs
from nbmlops.models.files import opening
from nbmlops.models.files.looker import _MANY, Asked, Outcome, _outcome
from nbmlops.models.files.records import Limits, Question
from nbmlops.models.flavors.sklearn import SklearnFlavor
from nbmlops.models.loading import load
from nbmlops.models.registry import Registry
from tests.models import hostile_files
from tests.models.hostile_files import FOREST, LIGHTGBM, ONNX, RIDGE, XGBOOST, X, Y, every, members, pickles, zipped

LIMITS = Limits(memory_bytes=3 << 30, cpu_s=20, wall_s=60)
WORDS = {name: words for name, (_, _, words) in every("true").items()}
FILLS = "ONNX that fills the memory"  # the one whose making asks for it
TRUSTED = carried.Carried("", {"notebook.py": hostile_files.CODE}, {}).digest
ABOUT = {"flavor": "sklearn", "file": "model.skops", "sha256": hashlib.sha256(RIDGE).hexdigest(), "named": True, "trusted": [],
         "columns": [{"name": name, "type": "float", "nullable": False} for name in "ab"]}  # fmt: skip
ROWS = [{"a": 1.0, "b": 2.0}]
FOLDERS = {
    "a model above its folder": ({"file": "../model.skops"}, {}, "no file in its folder"),
    "a model elsewhere": ({"file": "/etc/passwd"}, {}, "no file in its folder"),
    "a model that is a list": ({"file": ["model.skops"]}, {}, "no file in its folder"),
    "a model of another digest": ({"sha256": "0" * 64}, {}, "its digest is another"),
    "a column of no type": ({"columns": [{"name": "a", "type": "code"}]}, {}, "a column that is none"),
    "a column without a name": ({"columns": [{"name": 5, "type": "float"}]}, {}, "a column that is none"),
    "rows without answers": ({}, {"rows": ROWS, "predictions": []}, "1 rows and 0 answers"),
    "rows that are none": ({}, {"rows": [5], "predictions": [5]}, "no rows with answers"),
    "rows it cannot answer": ({}, {"rows": [{"a": "x", "b": "y"}], "predictions": [1]}, "cannot answer the rows"),
}


@pytest.fixture(scope="module")
def canary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("canary") / "ran"


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory, canary: Path) -> dict[str, Path]:
    """Where each lies: in a folder of its own."""
    folder, found = tmp_path_factory.mktemp("hostile"), {}
    for at, (name, (called, content, _)) in enumerate(every(f"touch {canary}").items()):
        found[name] = folder / str(at) / called
        found[name].parent.mkdir()
        found[name].write_bytes(content)
    return found


@pytest.fixture(scope="module")
def looker() -> Iterator[subprocess.Popen[bytes]]:
    """One process that looks into files for all of these tests, with its libraries loaded once."""
    line, env = [sys.executable, "-P", "-m", "nbmlops.models.files.looker"], {**os.environ, **opening._ALONE}
    with subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env, start_new_session=True) as process:
        many = [Question(path=os.devnull)] * (_MANY + 1)
        assert {outcome.error[0] for outcome in asking(process, many) if outcome.error} == {"Invalid"}
        yield process
        assert process.stdin is not None
        process.stdin.close()


def asking(process: subprocess.Popen[bytes], questions: Sequence[Question]) -> list[Outcome]:
    """What `opening.outcomes` gives, by a process that is there already."""
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write(msgspec.json.encode(Asked(list(questions), LIMITS)) + b"\n")
    process.stdin.flush()
    return [msgspec.json.decode(process.stdout.readline(), type=Outcome) for _ in questions]


def test_there_are_many():
    assert len(WORDS) >= 100


@pytest.mark.slow
@pytest.mark.parametrize("name", WORDS)
def test_a_hostile_file_is_refused_by_what_is_wrong_with_it(name, looker, canary, hostile, workspace, monkeypatch):
    file, words = hostile[name], WORDS[name]
    came: list[Outcome] = []

    def outcomes(questions: Sequence[Question], limits: Limits) -> list[Outcome]:
        came.extend(asking(looker, questions))
        return came

    monkeypatch.setattr(opening, "outcomes", outcomes)  # all else is as it is for anybody
    if name.startswith("trusted"):
        workspace.trust_code(TRUSTED)
    with pytest.raises(NbmlopsError) as refused:
        verbs.register("m", file=str(file), code=not name.startswith("code"), workspace=workspace)
    assert re.search(words, str(refused.value)), refused.value
    assert refused.value.hint and len(str(refused.value)) < 900
    (outcome,) = came
    assert outcome.ended is None, "nothing crashes"
    assert outcome.over == ("memory" if name == FILLS else None)
    assert outcome.peak_bytes < LIMITS.memory_bytes
    assert not canary.exists(), "nothing of it has run"
    assert Registry(workspace).names() == [] and not list(workspace.folder.glob("blobs/*/*")), "nothing of it is kept"
    assert list(file.parent.iterdir()) == [file], "nothing is left beside it"


def test_a_library_that_goes_down_for_want_of_memory_is_a_crash_as_well():
    words = "terminate called after throwing an instance of 'std::bad_alloc'"
    outcome = _outcome(b"", words, int(signal.SIGABRT), in_time=True)
    assert (outcome.over, outcome.ended) == ("memory", "SIGABRT")
    assert isinstance(opening._said(Question(path="m"), outcome, LIMITS), TooLarge)


@pytest.mark.slow
def test_what_is_kept_of_a_good_file_would_be_seen(looker, workspace, monkeypatch, tmp_path):
    (tmp_path / "m.skops").write_bytes(RIDGE)
    monkeypatch.setattr(opening, "outcomes", lambda questions, limits: asking(looker, questions))
    verbs.register("m", file=str(tmp_path / "m.skops"), workspace=workspace)
    assert Registry(workspace).names() == ["m"] and list(workspace.folder.glob("blobs/*/*"))


def test_the_canary_sings_where_a_pickle_is_opened(tmp_path):
    import pickle

    pickle.loads(pickles(f"touch {tmp_path / 'ran'}")["a pickle of protocol 0"][1])
    assert (tmp_path / "ran").exists()


@pytest.mark.slow
def test_a_pickle_is_opened_only_where_its_digest_is_pinned(workspace, tmp_path):
    import joblib
    from sklearn.linear_model import Ridge

    file = tmp_path / "m.joblib"
    joblib.dump(Ridge().fit(X, Y), file, compress=3)
    digest = "sha256:" + hashlib.sha256(file.read_bytes()).hexdigest()
    for more in ({}, {"code": True}):
        with pytest.raises(Untrusted, match=f'"trusted_code": \\["{digest}"\\]'):
            verbs.register("m", file=str(file), workspace=workspace, **more)
    with pytest.raises(Untrusted, match="not the file that you know"):
        verbs.register("m", file=str(file), trust="sha256:" + "0" * 64, workspace=workspace)
    assert Registry(workspace).names() == []
    version = verbs.register("m", file=str(file), trust=digest, data=X, workspace=workspace)
    assert (version.flavor, version.code) == ("sklearn", None), "it is kept in a form that runs nothing"
    assert version.fixtures and load(workspace, version).predict(X).shape == (120,)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("called", "content", "flavor"),
    [
        ("m.ubj", XGBOOST, "xgboost"),
        ("m.json", hostile_files.XGBOOST_JSON, "xgboost"),
        ("m", LIGHTGBM, "lightgbm"),
        ("m.onnx", ONNX, "onnx"),
    ],
    ids=["ubj", "json", "text", "onnx"],
)
def test_a_good_file_is_registered_with_the_columns_that_it_tells(called, content, flavor, workspace, tmp_path):
    (tmp_path / called).write_bytes(content)
    version = verbs.register("m", file=str(tmp_path / called), workspace=workspace)
    assert version.flavor == flavor
    assert [column.name for column in version.signature.inputs] == (["x0", "x1"] if flavor == "onnx" else ["a", "b"])
    assert load(workspace, version).predict(X.to_numpy() if flavor == "onnx" else X).shape == (120,)


def folder_of(place: Path, about: dict[str, Any], fixtures: dict[str, Any]) -> Path:
    place.mkdir()
    (place / "model.skops").write_bytes(RIDGE)
    (place / "nbmlops.json").write_text(json.dumps({**ABOUT, **about}))
    if fixtures:
        (place / "fixtures.json").write_text(json.dumps({"scores": None, **fixtures}))
    return place


@pytest.mark.slow
def test_a_folder_that_says_what_is_not_so_is_refused(tmp_path):
    asked = []
    for at, (about, fixtures, _) in enumerate(FOLDERS.values()):
        asked.append(Question(path=str(folder_of(tmp_path / f"f{at}", about, fixtures))))
    link = folder_of(tmp_path / "link", {}, {})
    (link / "model.skops").unlink()
    (link / "model.skops").symlink_to("/etc/passwd")
    (tmp_path / "empty").mkdir()
    (tmp_path / "mlflow").mkdir()
    (tmp_path / "mlflow" / "MLmodel").write_text("flavors:\n  sklearn: {pickled_model: ../../model.pkl}\n")
    (tmp_path / "python").mkdir()
    (tmp_path / "python" / "MLmodel").write_text("flavors:\n  python_function: {loader_module: evil}\n")
    os.mkfifo(tmp_path / "pipe")
    more = {
        "link": "not a link",
        "empty": "no folder of a model",
        "mlflow": "no file in its folder",
        "python": "does not read",
        "pipe": "no plain file",
    }
    found = opening.look_at([*asked, *(Question(path=str(tmp_path / name)) for name in more)], LIMITS)
    for words, said in zip([*(words for _, _, words in FOLDERS.values()), *more.values()], found, strict=True):
        assert isinstance(said, (Damaged, Invalid)) and re.search(words, str(said)), (words, said)


@pytest.mark.slow
def test_a_folder_is_registered_with_what_it_says_and_not_where_its_answers_lie(workspace, tmp_path):
    true = float(answer_of_ridge())
    good = folder_of(tmp_path / "good", {}, {"rows": ROWS, "predictions": [true]})
    lies = folder_of(tmp_path / "lies", {}, {"rows": ROWS, "predictions": [true + 1]})
    with pytest.raises(Damaged, match="answers otherwise"):
        verbs.register("m", file=str(lies), workspace=workspace)
    assert Registry(workspace).names() == [] and not list(workspace.folder.glob("blobs/*/*"))
    version = verbs.register("m", file=str(good), workspace=workspace)
    assert [column.name for column in version.signature.inputs] == ["a", "b"] and version.fixtures


def answer_of_ridge() -> float:
    return SklearnFlavor().load(RIDGE).predict(X.iloc[:1].assign(a=1.0, b=2.0))[0]


@pytest.mark.slow
def test_what_takes_more_than_the_limits_ends_there(tmp_path):
    (tmp_path / "m.skops").write_bytes(RIDGE)
    (few,) = opening.look_at([Question(path=str(tmp_path / "m.skops"))], Limits(memory_bytes=64 << 20))
    assert isinstance(few, TooLarge) and "needs more than 67,108,864 bytes" in few.message and "file_memory_bytes" in few.hint
    (slow,) = opening.look_at([Question(path=str(tmp_path / "m.skops"))], Limits(wall_s=0.0))
    assert isinstance(slow, TooLarge) and "needs more than 0 s" in slow.message
    (long,) = opening.look_at([Question(path=str(tmp_path / "m.skops"))], Limits(file_bytes=100))
    assert isinstance(long, Invalid) and "more than 100" in long.message


def test_a_file_that_is_not_there_names_what_is(workspace, tmp_path):
    (tmp_path / "other.skops").write_bytes(b"")
    with pytest.raises(NotFound, match=r"other\.skops"):
        verbs.register("m", file=str(tmp_path / "m.skops"), workspace=workspace)
    with pytest.raises(Invalid, match="something else"):
        verbs.register("m", object(), file="m.skops", workspace=workspace)


def flips() -> Iterator[bytes]:
    """Good files with one bit changed; in zip files also inside of members, with sums that fit."""
    chance = random.Random(7)
    for good, count in ((LIGHTGBM, 70), (XGBOOST, 70), (ONNX, 50), (RIDGE, 10)):
        for _ in range(count):
            yield flipped(good, chance)
    for good, count in ((RIDGE, 30), (FOREST, 50)):
        for _ in range(count):
            held = members(good)
            name = chance.choice([name for name in held if held[name]])
            yield zipped({**held, name: flipped(held[name], chance)})


def flipped(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data)
    changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


@pytest.mark.slow
def test_a_flipped_bit_gives_a_model_that_answers_or_an_error_and_never_a_crash(tmp_path):
    asked = []
    for at, data in enumerate(flips()):
        (tmp_path / str(at)).write_bytes(data)
        asked.append(Question(path=str(tmp_path / str(at))))
    found = opening.outcomes(asked, LIMITS)
    crashed = [(one.path, outcome.ended, outcome.over) for one, outcome in zip(asked, found, strict=True) if outcome.ended or outcome.over]
    assert not crashed, crashed
    assert sum(outcome.told is not None for outcome in found) > 50
    assert sum(outcome.error is not None for outcome in found) > 100


@pytest.mark.slow
def test_a_blob_with_a_flipped_bit_is_not_loaded(workspace, tmp_path):
    (tmp_path / "m.skops").write_bytes(RIDGE)
    version = verbs.register("m", file=str(tmp_path / "m.skops"), workspace=workspace)
    path = workspace.blobs._path(version.digest)
    data = bytearray(path.read_bytes())
    data[np.random.default_rng(0).integers(len(data))] ^= 4
    path.write_bytes(data)
    with pytest.raises(Damaged, match="other content than its name says"):
        load(workspace, version)
