"""Runs that W&B wrote offline: taken in once, with all that their files tell, and from a damaged file whatever can be read."""

from __future__ import annotations

import importlib
import math
import shutil
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from nbmlops import run, wandb
from nbmlops.errors import NotFound
from nbmlops.exchange.wandb import told as numbers
from nbmlops.exchange.wandb.framing import BLOCK, Frames
from nbmlops.exchange.wandb.told import told_by
from tests.exchange.conftest import environ

SCRIPT = """
import os, sys, wandb
settings = wandb.Settings(console="off", disable_git=True, x_disable_stats=True)
made = wandb.init(project="flights", name="first try", id="abcd1234", tags=["baseline", "q1"], notes="a note", group="night", dir=".",
    mode="offline", settings=settings, config={"lr": 0.1, "model": {"kind": "gb", "depth": 3}, "password": "hunter2hunter2"})
for step in range(int(sys.argv[1])):
    made.log({"loss": 1 / (step + 1), "val": {"mae": step * 2}, "odd": float("nan"), "flag": True, "word": "x" * 200})
made.summary["best"] = 0.25
made.summary["said"] = "good"
made.config.update({"late": 7})
open(os.path.join(made.dir, "notes.txt"), "w").write("kept")
os.symlink("/etc/hostname", os.path.join(made.dir, "elsewhere"))
made.finish(exit_code=int(sys.argv[2]))
"""
STEPS = 400


@pytest.fixture(scope="module")
def offline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder in which W&B wrote a run while it was offline."""
    folder = tmp_path_factory.mktemp("wandb")
    _written(folder, STEPS, 0)
    yield folder


def _written(folder: Path, steps: int, code: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(steps), str(code)], cwd=folder, capture_output=True, text=True, timeout=300,
        env=environ(WANDB_MODE="offline", WANDB_SILENT="true", WANDB_CONFIG_DIR=str(folder / "config"), WANDB_CACHE_DIR=str(folder / "cache")),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.fixture
def copied(offline: Path, tmp_path: Path) -> Path:
    """The same, to be spoilt."""
    shutil.copytree(offline / "wandb", tmp_path / "wandb", symlinks=True)
    return tmp_path / "wandb"


@pytest.mark.slow
def test_a_run_comes_with_all_that_was_written_and_comes_once(workspace, offline):
    pulled = wandb.pull(str(offline), workspace=workspace)
    assert (pulled.runs, pulled.passed) == (1, True) and "elsewhere is a link" in pulled.left_out[0]
    (mine,) = run.find(workspace=workspace)
    assert (mine.name, mine.experiment, mine.status, mine.kind) == ("first try", "flights", "finished", "imported")
    assert mine.params == {"lr": 0.1, "model.kind": "gb", "model.depth": 3, "late": 7, "password": mine.params["password"]}
    assert "hunter2" not in str(mine)
    assert (
        mine.tags["baseline"] == mine.tags["q1"] == "true" and mine.tags["wandb.notes"] == "a note" and mine.tags["wandb.group"] == "night"
    )
    assert mine.tags["wandb.run"] == "flights/abcd1234" and mine.tags["summary.said"] == "good"
    assert mine.started_at <= mine.ended_at and mine.duration_s < 300
    record = run.show(mine.id, workspace=workspace)
    assert [(one.step, one.value) for one in record.history if one.name == "loss"] == [(step, 1 / (step + 1)) for step in range(STEPS)]
    assert [one.value for one in record.history if one.name == "val.mae"] == [2.0 * step for step in range(STEPS)]
    assert mine.metrics["best"] == 0.25 and math.isnan(mine.metrics["odd"]) and "flag" not in mine.metrics and "word" not in mine.metrics
    kept = {one.name: one for one in record.artifacts}
    assert workspace.blobs.get(kept["notes.txt"].digest) == b"kept" and "elsewhere" not in kept

    for folder in (offline, offline / "wandb", next((offline / "wandb").glob("offline-run-*"))):
        again = wandb.pull(str(folder), workspace=workspace)
        assert (again.runs, again.runs_changed, again.runs_known, again.artifacts) == (0, 0, 1, 0)
    assert len(run.find(workspace=workspace)) == 1


@pytest.mark.slow
def test_of_a_damaged_file_what_can_be_read_is_kept_and_the_rest_is_told(workspace, copied):
    file = next(copied.rglob("*.wandb"))
    data = bytearray(file.read_bytes())
    assert len(data) > 3 * BLOCK  # one of its blocks is spoilt, those around it are whole
    data[BLOCK + 900 : BLOCK + 1000] = bytes(100)
    file.write_bytes(data)
    pulled = wandb.pull(str(copied), workspace=workspace)
    assert pulled.runs == 1 and any("places of its file cannot be read" in said for said in pulled.left_out)
    (mine,) = run.find(workspace=workspace)
    steps = [one.step for one in run.show(mine.id, workspace=workspace).history if one.name == "loss"]
    assert steps[0] == 0 and steps[-1] == STEPS - 1 and STEPS / 2 < len(steps) < STEPS
    assert mine.status == "finished" and "cannot be read" in mine.tags["wandb.damaged"]


@pytest.mark.slow
def test_a_run_whose_file_grows_is_brought_up_to_date(workspace, copied):
    file = next(copied.rglob("*.wandb"))
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])  # as it stands while the run goes on, or where it was killed
    pulled = wandb.pull(str(copied), workspace=workspace)
    assert pulled.runs == 1 and any("has no end" in said for said in pulled.left_out)
    (before,) = run.find(workspace=workspace)
    assert before.status == "killed" and before.error == "Its file has no end."
    file.write_bytes(whole)
    assert wandb.pull(str(copied), workspace=workspace).runs_changed == 1
    (after,) = run.find(workspace=workspace)
    assert (after.id, after.status, after.error) == (before.id, "finished", None)
    steps = [one.step for one in run.show(after.id, workspace=workspace).history if one.name == "loss"]
    assert steps == list(range(STEPS))


@pytest.mark.slow
def test_a_run_that_failed_failed(workspace, tmp_path):
    _written(tmp_path, 2, 3)
    assert wandb.pull(str(tmp_path), workspace=workspace).runs == 1
    (mine,) = run.find(workspace=workspace)
    assert (mine.status, mine.error) == ("failed", "It ended with 3.")


def test_the_numbers_of_fields_are_those_of_wandb():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        proto = importlib.import_module("wandb.proto.wandb_internal_pb2")
    ours = {
        "Record": numbers.RECORD, "RunRecord": numbers.RUN, "ConfigRecord": numbers.CONFIG, "SummaryRecord": numbers.SUMMARY,
        "HistoryRecord": numbers.HISTORY, "HistoryItem": numbers.ITEM, "RunExitRecord": numbers.EXIT, "GitRepoRecord": numbers.GIT,
    }  # fmt: skip
    for message, fields in ours.items():
        theirs = {field.name: field.number for field in proto.DESCRIPTOR.message_types_by_name[message].fields}
        assert {name: theirs.get(name, number) for name, number in fields.items()} == fields, message
        assert len(set(fields) & set(theirs)) >= min(2, len(fields))


def test_every_cut_and_every_changed_byte_is_survived(tmp_path):
    file = tmp_path / "run-a.wandb"
    sound = _file([bytes([88, number % 256]) * 40 for number in range(1000)])
    for cut in range(7, len(sound), 997):
        file.write_bytes(sound[:cut])
        frames = Frames(file)
        assert len(list(frames)) <= 1000
        told_by(file)
    for at in range(7, len(sound), 1499):
        file.write_bytes(sound[:at] + bytes([sound[at] ^ 255]) + sound[at + 1 :])
        frames = Frames(file)
        assert len(list(frames)) < 1000 and frames.lost >= 1


def test_a_record_longer_than_a_block_is_one_record(tmp_path):
    long = bytes(range(256)) * 400
    (tmp_path / "run-a.wandb").write_bytes(_file([b"a", long, b"z"]))
    frames = Frames(tmp_path / "run-a.wandb")
    assert list(frames) == [b"a", long, b"z"] and frames.lost == 0


def test_what_is_no_folder_of_wandb_is_said(workspace, tmp_path):
    with pytest.raises(NotFound, match=r"no run of W&B's"):
        wandb.pull(str(tmp_path / "nowhere"), workspace=workspace)
    (tmp_path / "offline-run-x").mkdir()
    (tmp_path / "offline-run-x" / "run-x.wandb").write_bytes(b"something else")
    refused = wandb.pull(str(tmp_path), workspace=workspace)
    assert not refused.passed and "is no file of W&B's" in refused.refused[0] and run.find(workspace=workspace) == []


def _file(records: list[bytes]) -> bytes:
    """Records in the frames of a `.wandb` file."""
    import struct
    import zlib

    out = bytearray(b":W&B" + b"\xe1\xbe\x00")
    for record in records:
        left, first = record, True
        while left or first:
            room = BLOCK - len(out) % BLOCK
            if room < 7:
                out += bytes(room)
                room = BLOCK
            piece, left = left[: room - 7], left[room - 7 :]
            kind = (1 if not left else 2) if first else (4 if not left else 3)
            out += struct.pack("<IHB", zlib.crc32(piece, zlib.crc32(bytes([kind]))), len(piece), kind) + piece
            first = False
    return bytes(out)
