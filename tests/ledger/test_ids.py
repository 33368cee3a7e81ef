"""Ids sort as they were made, and no two are the same, whatever the clock does."""

from __future__ import annotations

import multiprocessing

import pytest

from nbmlops.ledger import ids


@pytest.mark.parametrize("clock", [lambda: 1_800_000_000_000_000_000, lambda: next(BACK)], ids=["stands", "goes back a millisecond"])
def test_one_process_s_ids_are_in_the_order_they_were_made(monkeypatch, clock):
    monkeypatch.setattr(ids.time, "time_ns", clock)
    monkeypatch.setattr(ids, "_last", 0)
    made = [ids.new_id("run") for _ in range(5_000)]
    assert made == sorted(made) and len(set(made)) == len(made)


BACK = iter(n for pair in range(1, 10_000) for n in (1_800_000_000_001_000_000, 1_800_000_000_000_000_000))


def test_a_clock_that_was_set_back_is_believed(monkeypatch):
    monkeypatch.setattr(ids, "_last", 0)
    now = ids.time.time_ns()
    monkeypatch.setattr(ids.time, "time_ns", lambda: now)
    before = ids.new_id("run")
    monkeypatch.setattr(ids.time, "time_ns", lambda: now - 3600 * 10**9)
    assert ids.new_id("run") < before


def test_processes_make_ids_of_their_own():
    with multiprocessing.get_context("fork").Pool(4) as pool:
        made = [one for some in pool.map(_some, range(4)) for one in some]
    assert len(set(made)) == len(made) == 4_000


def _some(_):
    return [ids.new_id("run") for _ in range(1_000)]
