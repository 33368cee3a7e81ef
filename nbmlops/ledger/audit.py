"""The audit chain: each event's digest covers the one before, so that no event can be changed or taken out unseen."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from blake3 import blake3

GENESIS = "blake3:" + "0" * 64


def digest(previous: str, at: str, actor: str, verb: str, subject: str, evidence: str) -> str:
    """BLAKE3 over the JSON list of everything an event says, its predecessor's digest first.

    >>> digest(GENESIS, "2026-01-01T00:00:00+00:00", "ada", "model.promote", "m", "{}")[:13]
    'blake3:c182b3'
    """
    whole = json.dumps([previous, at, actor, verb, subject, evidence]).encode()
    return "blake3:" + blake3(whole).hexdigest()


def first_broken(events: Iterable[Any]) -> int | None:
    """The `seq` of the first event that does not follow from the one before; None when the chain is whole."""
    previous = GENESIS
    for event in events:
        expected = digest(previous, event["at"], event["actor"], event["verb"], event["subject"], event["evidence"])
        if event["previous"] != previous or event["digest"] != expected:
            return int(event["seq"])
        previous = event["digest"]
    return None
