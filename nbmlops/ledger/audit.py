"""The audit chain: each event's digest covers the one before, so that no event can be changed or taken out unseen.

Who can write the trail can also make its whole chain anew, or cut its end off. That shows against a head that was kept elsewhere:
the newest event's number and digest, which no other trail has.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, Literal, NamedTuple

from blake3 import blake3

GENESIS = "blake3:" + "0" * 64
_BEGIN = {"digest": GENESIS, "sound": True, "seq": 0}
Harm = Literal["edited", "deleted", "inserted", "reordered", "cut", "rewritten"]


class Damaged(NamedTuple):
    """What was done to the trail, and the number of the event where it shows."""

    seq: int
    harm: Harm
    what: str


def digest(previous: str, at: str, actor: str, verb: str, subject: str, evidence: str) -> str:
    """BLAKE3 over the JSON list of everything an event says, its predecessor's digest first.

    >>> digest(GENESIS, "2026-01-01T00:00:00+00:00", "ada", "model.promote", "m", "{}")[:13]
    'blake3:c182b3'
    """
    whole = json.dumps([previous, at, actor, verb, subject, evidence]).encode()
    return "blake3:" + blake3(whole).hexdigest()


def damage(events: Sequence[Any], *, last: int | None = None, head: tuple[int | None, str] | None = None) -> list[Damaged]:
    """What was done to the events, which are given by `seq`; nothing, where the chain is whole.

    `last` is the highest number ever given, where that is known; `head` a number (if known) and digest that was kept elsewhere.
    """
    rows = [dict(event) for event in events]
    for row in rows:
        row["sound"] = row["digest"] == _digest_of(row)
    edited = [
        Damaged(row["seq"], "edited", "what it says is not what its digest was made of") for row in rows if not row["sound"]
    ]  # fmt: skip
    found = [*edited, *_chained(rows, head[1] if head else None), *_numbered(rows), *_cut(rows, last, head)]
    return sorted(dict.fromkeys(found))


def _chained(rows: Sequence[dict[str, Any]], head: str | None) -> Iterator[Damaged]:
    """Where an event does not follow from the one before: what stood there is gone, came later, or what stands there came in."""
    places: dict[str, list[int]] = {GENESIS: [-1]}
    for at, row in enumerate(rows):
        places.setdefault(row["digest"], []).append(at)
    followed = {row["previous"] for row in rows if row["sound"]} | {head}
    moved: set[int] = set()  # places of events that do not stand where they did
    for at, row in enumerate(rows):
        before: dict[str, Any] = rows[at - 1] if at else _BEGIN
        if not row["sound"] or not before["sound"] or row["previous"] == before["digest"]:
            continue  # what was edited is told already, and says nothing of places
        after = places.get(row["previous"])
        if after is None:
            gone = before["seq"] + 1
            yield _gone(gone, row["seq"] - 1) if gone < row["seq"] else Damaged(row["seq"], "deleted", "the event before it is gone")
        elif min(after) > at:
            moved.add(at)
            yield Damaged(row["seq"], "reordered", "it stands before the event that it follows")
        elif not moved.isdisjoint(range(max(after), at)):
            moved.add(at)
            yield Damaged(row["seq"], "reordered", "it does not stand behind the event that it follows")
        else:
            # Two follow one event. What came in is what nobody follows.
            between = max(after) + 1
            stays = row["digest"] in followed or (before["digest"] not in followed and at - between == 1)
            stays = stays and places[row["digest"]][0] == at  # and no copy of another
            yield Damaged(rows[between]["seq"] if stays else row["seq"], "inserted", "the chain goes on without it")


def _numbered(rows: Sequence[dict[str, Any]]) -> Iterator[Damaged]:
    """Numbers have no gap: one that is missing was given to an event."""
    for at, row in enumerate(rows):
        before: dict[str, Any] = rows[at - 1] if at else _BEGIN
        if row["seq"] <= before["seq"] or (row["seq"] > before["seq"] + 1 and row["previous"] == before["digest"]):
            yield Damaged(row["seq"], "edited", f"it had another number: it follows event {before['seq']}")
        elif row["seq"] > before["seq"] + 1:
            yield _gone(before["seq"] + 1, row["seq"] - 1)


def _gone(first: int, last: int) -> Damaged:
    return Damaged(first, "deleted", f"events {first} to {last} are gone" if last > first else "it is gone")


def _cut(rows: Sequence[dict[str, Any]], last: int | None, head: tuple[int | None, str] | None) -> Iterator[Damaged]:
    """Whether the end is there, and what was kept as the head."""
    end = rows[-1]["seq"] if rows else 0
    number, kept = head or (None, None)
    if max(last or 0, number or 0) > end:
        yield Damaged(end + 1, "cut", f"events {end + 1} to {max(last or 0, number or 0)} are gone")
    elif kept is not None and number is None and all(row["digest"] != kept for row in rows):
        yield Damaged(end + 1, "cut", "no event has the head's digest: the end is gone, or was written anew")
    elif number is not None and all(row["digest"] != kept for row in rows if row["seq"] == number):
        yield Damaged(number, "rewritten", "it is another than the one that was kept as the head")


def _digest_of(row: Any) -> str | None:
    try:
        return digest(row["previous"], row["at"], row["actor"], row["verb"], row["subject"], row["evidence"])
    except TypeError:  # bytes, in a column of text
        return None
