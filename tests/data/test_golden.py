"""What was published keeps its digests, on every machine, Python and version of the libraries."""

from __future__ import annotations

import json

import pytest

from tests.data import golden

KNOWN = json.loads(golden.FILE.read_text("utf-8"))
DATA = golden.data()


@pytest.mark.parametrize("name", DATA)
def test_the_golden_digests_hold_for(name):
    assert golden.digests(DATA[name]) == KNOWN[name], "a published digest changed: python -m tests.data.golden only adds new data"


def test_no_golden_digest_is_left_without_its_data():
    assert set(KNOWN) == set(DATA)


def test_no_two_of_them_are_the_same():
    for form in ("digest", "order_free"):
        assert len({digests[form] for digests in KNOWN.values()}) == len(KNOWN)
