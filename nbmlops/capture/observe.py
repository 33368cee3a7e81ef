"""From an observed call to a fact: a fit, a prediction, a metric, a trial, a seed, a file given to a reader."""

from __future__ import annotations

import os
import re
import time
from typing import TYPE_CHECKING, Any

from nbmlops.capture import predictions, seeds, trials
from nbmlops.capture.calls import PREDICTS, Call, Site
from nbmlops.capture.fits import class_name, first_rows, fitting, inputs, is_model, parameters
from nbmlops.capture.made import FitFacts, Made
from nbmlops.capture.reading.reads import reads
from nbmlops.errors import NbmlopsError
from nbmlops.runs.records import Fit, MetricPoint

if TYPE_CHECKING:
    from nbmlops.capture.attempt import Attempt
    from nbmlops.capture.session import Session
    from nbmlops.capture.slicing.names import CellNames

MOST_FITS = 2_000  # of one cell; more are counted
_DATASETS = frozenset({"DMatrix", "QuantileDMatrix", "Dataset", "Pool"})
_BOOSTERS = ("xgboost", "lightgbm", "catboost")


_METRIC_NAMES = re.compile(
    r"(?i)(.*_)?(mae|mse|rmse|mape|smape|msle|rmsle|r2|accuracy|acc|auc|roc_auc|ap|f1|precision|recall|logloss|log_loss|loss|brier|mcc"
    r"|kappa|gini|score|error)(_.*|\d*)?"
)


class Observer:
    """Turns calls that began and came back into facts of the session."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.made = Made()  # estimators and their predictions
        self.predicted: FitFacts | None = None  # whose prediction this cell saw last
        self._answers = 0  # predictions that are recorded of this cell
        self.tries: list[trials.Try] = []  # this cell's fits
        self._looks: Any = None
        self._partial: dict[int, int] = {}  # estimators fitted batch by batch in this cell: how often
        self._frames: dict[int, tuple[Any, str | None, str | None]] = {}  # boosters' own datasets: what they were made of
        self._studies: dict[int, tuple[Any, int]] = {}

    def cell_begins(self) -> None:
        """A new cell: nothing was tried or predicted in it yet."""
        self.predicted, self.tries, self._answers = None, [], 0
        self._partial.clear()

    def cell_ends(self, names: CellNames, points: list[MetricPoint]) -> None:
        """Numbers that the cell computed itself, and the rounds of its loops. `points`: what was measured in it."""
        self._own_metrics(names, points)
        attempt = self.session.attempt
        by_site: dict[int, list[trials.Try]] = {}
        for one in self.tries:
            by_site.setdefault(one.site, []).append(one)
        for point in points:
            measured_of(self.tries, point)
        for tries in by_site.values():
            if attempt is not None and len(tries) > 1:
                self.session.now.trials += trials.of_loop(tries, attempt.trials, attempt.parts)
                attempt.trials += len(tries)
                attempt.parts += 1

    def _own_metrics(self, names: CellNames, points: list[MetricPoint]) -> None:
        """`rmse = np.sqrt(((p - y) ** 2).mean())`: a number with a metric's name that was computed from a prediction."""
        held, slicer = self.session.shell.user_ns, self.session.slicer
        named = {point.name for point in points}
        given_back = {point.value for point in points if point.name not in names.binds}  # measured in a function
        for name in sorted(name for name in names.binds - named if _METRIC_NAMES.fullmatch(name)):
            things = [held.get(other) for other in slicer.computed_from({name}) - {name}]
            owners = {found for thing in things if (found := self.made.facts(thing)) is not None}
            value = held.get(name)
            if owners and not (isinstance(value, float) and value in given_back):
                self.add_metric(name, value, owners.pop() if len(owners) == 1 else None)

    def begun(self, call: Call) -> None:
        """A fit is about to begin: its run is open before it, so that a kernel that dies in it has died in a run."""
        if not self._listening():
            return
        found = fitting(call)
        if found is not None and found.model:
            self.session.training()

    def done(self, call: Call, site: Site, result: Any) -> None:
        """One call came back with `result`."""
        if not self._listening():
            return
        seed = seeds.seen(call, self.session.position)
        if seed is not None and seed not in self.session.now.seeds:
            self.session.now.seeds.append(seed)
        name = getattr(call.callee, "__name__", "")
        module = getattr(call.callee, "__module__", None) or ""
        owner = getattr(call.callee, "__self__", None)
        if fitting(call) is not None:
            self._fit(call, site, result)
        elif name == "optimize" and hasattr(owner, "get_trials"):
            self._study(call, owner)
        elif name in ("cross_val_score", "cross_validate", "cross_val_predict") and module.startswith("sklearn.model_selection"):
            self._cross_validation(call, site, result)
        elif name in _DATASETS and module.startswith(_BOOSTERS):
            self._boosters_data(call, result)
        elif module.startswith("sklearn.metrics"):
            self._metric(site.assigned or name, result, call, site)
        elif name == "score" and owner is not None and (fitted := self.made.facts(owner)) is not None:
            self.add_metric(site.assigned or "score", result, fitted)
        elif name not in PREDICTS:
            reads.called(name, module, call.callee, call.args, result, call.began)
        if name in PREDICTS and owner is not None and (fitted := self.made.facts(owner)) is not None:
            self.predicted = fitted
            self.made.remember(result, fitted)
            self._answered(call, result)

    def _answered(self, call: Call, answer: Any) -> None:
        if self._answers >= predictions.MOST:
            return
        self._answers += 1
        owner = class_name(call.callee.__self__)
        try:
            found = predictions.sampled(
                answer, estimator=owner, method=call.callee.__name__, position=self.session.position, number=self._answers
            )
        except (TypeError, ValueError, IndexError, KeyError):
            return  # an array of a library's own, which is not asked as numpy's are
        if found is not None:
            self.session.now.predictions.append(found)

    def owner_of(self, values: list[Any], names: frozenset[str]) -> FitFacts | None:
        """Whose work some values are: by what they are, by the names they were computed from, by who predicted last."""
        for value in values:
            if (found := self.made.facts(value)) is not None:
                return found
        names_from = self.session.slicer.computed_from(names) | names
        held = self.session.shell.user_ns
        candidates = {found for name in names_from if name in held and (found := self.made.facts(held[name])) is not None}
        if len({(found.run, found.number) for found in candidates}) == 1:
            return candidates.pop()
        return self.predicted

    def add_metric(self, name: str, value: Any, owner: FitFacts | None) -> None:
        """A number that was measured, of the fit it is about."""
        if isinstance(value, bool) or not (
            isinstance(value, (int, float)) or (hasattr(value, "item") and getattr(value, "shape", None) == () and _is_number(value))
        ):
            return
        self.session.measured(name, float(value), owner)

    # -- what was called

    def _listening(self) -> bool:
        return self.session.recording_now and os.getpid() == self.session.pid

    def _fit(self, call: Call, site: Site, result: Any) -> None:
        session = self.session
        found = fitting(call)
        assert found is not None
        estimator = result if found.estimator is None else found.estimator
        duration_s = time.perf_counter() - call.began
        if not found.model:
            return  # what a transformer does to the data is inside the frame that the model gets
        attempt = session.training()
        with reads.deaf():
            if call.callee.__name__ == "partial_fit" and self._more_of_the_same(estimator, call):
                return
            if len(self.tries) >= MOST_FITS:
                session.now.tags["fits"] = f"more than {MOST_FITS:,} in one cell: the first are recorded"
                return
            frame, target, note = self._inputs(call, estimator)
            fit = self._noted(attempt, call, estimator, (frame, target, note), duration_s)
            self.tries.append(trials.Try(call.site, fit, []))
            facts = FitFacts(attempt.run.id, fit.number, frame, target, first_rows(inputs(call, estimator)[0]))
            for thing in (estimator, result):
                self.made.remember(thing, facts)
            if (candidates := trials.of_search(estimator, fit, attempt.trials, attempt.parts, session.position)) != []:
                attempt.trials += len(candidates)
                attempt.parts += 1
                session.now.trials += candidates
            session.now_and_then()

    def _noted(self, attempt: Attempt, call: Call, estimator: Any, went_in: tuple[Any, Any, Any], duration_s: float) -> Fit:
        fit = Fit(
            number=attempt.fits, position=self.session.position, estimator=class_name(estimator), parameters=parameters(estimator, call),
            frame=went_in[0], target=went_in[1], duration_s=duration_s, artifact=None, note=went_in[2],
        )  # fmt: skip
        attempt.fits += 1
        attempt.frames |= {digest for digest in went_in[:2] if digest}
        self.session.now.fits.append(fit)
        return fit

    def _more_of_the_same(self, estimator: Any, call: Call) -> bool:
        """Whether this is a further batch of one fit; its data joins that fit's."""
        seen = self._partial.get(id(estimator), 0)
        self._partial[id(estimator)] = seen + 1
        facts = self.made.facts(estimator)
        if seen == 0 or facts is None or self.session.attempt is None:
            return False
        if seen < MOST_FITS:
            frame, target, _ = self._inputs(call, estimator)
            self.session.attempt.frames |= {digest for digest in (frame, target) if digest}
        return True

    def _inputs(self, call: Call, estimator: Any) -> tuple[str | None, str | None, str | None]:
        features, labels = inputs(call, estimator)
        held = self._frames.get(id(features))
        if held is not None and held[0] is features:
            return held[1], held[2], None
        (frame, first), (target, second) = self._digest(features, "x"), self._digest(labels, "y")
        return frame, target, first or second

    def _digest(self, data: Any, name: str) -> tuple[str | None, str | None]:
        if data is None:
            return None, None
        if self._looks is None:
            from nbmlops.data.looks import Looks

            self._looks = Looks()
        try:
            dataset = self._looks.of(data, name)
        except (NbmlopsError, TypeError, ValueError, NotImplementedError) as error:
            return None, f"{name} has no fingerprint: {error}"
        self.session.datasets[dataset.digest] = dataset
        return dataset.digest, None

    def _boosters_data(self, call: Call, made: Any) -> None:
        given = call.args
        features = given.get(0, given.get("data"))
        labels = given.get(1, given.get("label"))
        if isinstance(features, (str, os.PathLike)):
            reads.called("read", "xgboost", call.callee, {0: features}, made)
            return
        with reads.deaf():
            self._frames[id(made)] = (made, self._digest(features, "x")[0], self._digest(labels, "y")[0])
            if len(self._frames) > 32:
                self._frames.pop(next(iter(self._frames)))

    def _study(self, call: Call, study: Any) -> None:
        attempt = self.session.training()
        held = self._studies.get(id(study))
        known = held[1] if held is not None and held[0] is study else 0
        fits = [one.fit for one in self.tries]
        found = trials.of_study(study, fits, attempt.trials, attempt.parts, self.session.position, known=known)
        self._studies[id(study)] = (study, known + len(found))
        attempt.trials += len(found)
        attempt.parts += 1
        self.session.now.trials += found
        self.tries = []  # the study's, not a loop's
        try:
            self.add_metric("best_value", study.best_value, None)
        except (ValueError, RuntimeError):
            return  # no trial was completed, or there are several objectives

    def _cross_validation(self, call: Call, site: Site, result: Any) -> None:
        estimator = call.args.get(0, call.args.get("estimator"))
        if not is_model(estimator):
            return
        attempt = self.session.training()
        given = {key - 1 if isinstance(key, int) else key: value for key, value in call.args.items() if key not in (0, "estimator")}
        with reads.deaf():
            frame, target, note = self._inputs(Call(call.site, call.callee, given), None)
            said = "cross-validated" if note is None else f"cross-validated; {note}"
            fit = self._noted(attempt, call, estimator, (frame, target, said), time.perf_counter() - call.began)
        owner = FitFacts(attempt.run.id, fit.number, frame, target, None)
        self.made.remember(result, owner)
        found = {name: values for name, values in result.items() if name.startswith("test_")} if isinstance(result, dict) else {}
        if getattr(call.callee, "__name__", "") == "cross_val_score":
            found = {site.assigned or "cross_val_score": result}
        for name, values in found.items():
            for value in values:
                self.add_metric(name, value, owner)

    def _metric(self, name: str, value: Any, call: Call, site: Site) -> None:
        self.add_metric(name, value, self.owner_of(list(call.args.values()), site.names))


def _is_number(value: Any) -> bool:
    return getattr(getattr(value, "dtype", None), "kind", "") in "iuf"


def measured_of(tries: list[trials.Try], point: MetricPoint) -> None:
    """A metric belongs to the try whose fit it is about, or to the last."""
    for one in reversed(tries):
        if point.fit is None or one.fit.number == point.fit:
            one.metrics.append(point)
            return
