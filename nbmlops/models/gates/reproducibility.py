"""The run that made a version, executed again, must have come out the same."""

from __future__ import annotations

from nbmlops.models.gates.port import Asked, judged
from nbmlops.models.gates.standing import Standing
from nbmlops.models.records import GateCheck, ModelVersion
from nbmlops.runs.records import Verdict


class ReproducibilityAsked(Asked, frozen=True, kw_only=True):
    """Nothing can be chosen: the verdict is VERIFIED."""


class Reproducibility:
    """A version of a run that was VERIFIED."""

    kind = "reproducibility"
    asks = ReproducibilityAsked
    needs_rows = False

    def check(self, asked: ReproducibilityAsked, on: Standing) -> list[GateCheck]:
        """One check."""
        return [made_by_run(on.candidate)]


def made_by_run(version: ModelVersion) -> GateCheck:
    """The verdict on a version's run, which is one on the version where a fit of the run is known to have made it."""
    if version.run is not None and version.fit is None:
        reason = (
            f"It must hold: run {version.run}, which it was registered with, is not known to have fitted it. Register what a run fitted."
        )
        return judged("reproducibility", "verified", False, reason, verdict=None, run=version.run)
    return verified(version.run, version.verdict)


def verified(run: str | None, verdict: Verdict | None) -> GateCheck:
    """What is known of a run's verdict."""
    said = {
        None: "nobody has executed its run again" if run else "it came from no run",
        "VERIFIED": "its run, executed again, came out the same",
        "DIFFERS": "its run, executed again, comes out otherwise",
        "CANNOT": "its run cannot be executed again",
    }[verdict]
    ask = f" Ask: %mlops run verify {run}" if run and verdict != "VERIFIED" else ""
    return judged("reproducibility", "verified", verdict == "VERIFIED", f"It must hold: {said}.{ask}", verdict=verdict, run=run)
