"""How large a model's file may be."""

from __future__ import annotations

from nbmlops.models.gates.port import Asked, judged, positive
from nbmlops.models.gates.standing import Standing
from nbmlops.models.records import GateCheck


class SizeAsked(Asked, frozen=True, kw_only=True):
    """The most bytes (`megabytes` are 10⁶ each) that the file may have."""

    megabytes: float

    def __post_init__(self) -> None:
        positive(self.megabytes, "megabytes")


class Size:
    """The budget of the model's file."""

    kind = "size"
    asks = SizeAsked
    needs_rows = False

    def check(self, asked: SizeAsked, on: Standing) -> list[GateCheck]:
        """One check."""
        value = on.candidate.size_bytes / 1e6
        reason = f"The model's file has {value:.3g} MB ({on.candidate.size_bytes:,} bytes), at most {asked.megabytes:g} MB are asked."
        return [judged("size", "size of the file", value <= asked.megabytes, reason, value=value, limit=asked.megabytes)]
