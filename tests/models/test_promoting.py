"""Many processes move one alias at once: one wins, the others are told, and the history is a single line."""

from __future__ import annotations

import os

import pytest

from tests.models import promoting

PROCESSES = 8
SECONDS = float(os.environ.get("NBMLOPS_TEST_PROMOTING_S", "8"))  # a minute and more for who wants to be sure


@pytest.mark.slow
def test_eight_processes_promote_and_roll_back_at_once_and_the_history_is_a_single_line(tmp_path):
    promoting.made(tmp_path)
    told = promoting.crowd(tmp_path, PROCESSES, SECONDS)
    assert promoting.single_line(tmp_path, told) > PROCESSES
    assert all(one["moves"] for one in told) and sum(one["conflicts"] for one in told) > 0
