"""A model's versions in a live kernel: chosen, side by side, promoted and rolled back, each move after it was confirmed.

Names and numbers are in text widgets and in outputs of escaped tables; no HTML of a widget has data in it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ipywidgets

from nbmlops.doors.display import chart_of, html_of
from nbmlops.doors.move_words import checks, failed_checks, moved_meanwhile, pointed_at, question, said
from nbmlops.doors.tables import shown, visible
from nbmlops.doors.text import text_of
from nbmlops.errors import NbmlopsError
from nbmlops.settings import find_root
from nbmlops.workspace import Workspace, use

CHAMPION = "champion"
_MOST_LISTED = 200
_HIDDEN, _THERE = "none", ""


@dataclass
class Move:
    """A move that somebody asked for and has not confirmed; `state` is how things stood when it was asked for."""

    way: str
    alias: str
    version: int | None
    state: Any
    refused: bool = False


class ModelPanel:
    """The panel of one model; `box` is what is shown. Its handlers are what the front end's events call."""

    def __init__(self, model: str, picked: Iterable[int], workspace: Any = None) -> None:
        """`picked` are the versions that are shown first. It stays with the workspace it was made in."""
        self.name, self._workspace = model, use(workspace)
        self.pending: Move | None = None
        self._looking = False
        self.versions = ipywidgets.SelectMultiple(description="Versions", rows=6)
        self.version = ipywidgets.Dropdown(description="Version")
        self.alias = ipywidgets.Dropdown(description="Alias")
        self.promote = ipywidgets.Button(description="Promote …", tooltip="Ask its gate, then ask you")
        self.roll_back = ipywidgets.Button(description="Roll back …", tooltip="To where the alias was before its last promotion")
        self.refresh = ipywidgets.Button(description="Refresh", tooltip="Look again: others may have moved it")
        self.asked, self.said, self.view = ipywidgets.Output(), ipywidgets.Output(), ipywidgets.Output()
        self.reason = ipywidgets.Text(description="Reason", placeholder="why, for the audit trail", continuous_update=True)
        self.force = ipywidgets.Checkbox(description="Past the gate that refuses it")
        self.confirm = ipywidgets.Button(description="Promote", button_style="warning")
        self.cancel = ipywidgets.Button(description="Cancel")
        buttons = ipywidgets.HBox([self.confirm, self.cancel])
        self.step = ipywidgets.VBox([self.asked, self.reason, self.force, buttons])
        moved = ipywidgets.HBox([self.version, self.alias])
        moves = ipywidgets.HBox([self.promote, self.roll_back, self.refresh])
        self.box = ipywidgets.VBox([moved, moves, self.step, self.said, self.versions, self.view])
        self._close()
        self._look(picked)
        self.promote.on_click(lambda _: self.ask("promote"))
        self.roll_back.on_click(lambda _: self.ask("rollback"))
        self.refresh.on_click(lambda _: self._over([]))
        self.confirm.on_click(lambda _: self.do())
        self.cancel.on_click(lambda _: self._close())
        self.versions.observe(self._picked, "value")
        for widget in (self.reason, self.force):
            widget.observe(lambda _: self._able(), "value")
        for widget in (self.version, self.alias):
            widget.observe(self._chosen, "value")

    # -- what is shown

    def _look(self, picked: Iterable[int]) -> None:
        """Read the model again, and show the picked versions as they are now."""
        model = self._call("show", model=self.name)
        leads = model.aliases.get(CHAMPION)
        options = [(_line(version), version.version) for version in model.versions[:_MOST_LISTED]]
        there = [number for _, number in options]
        chosen = self.version.value if self.version.value in there else next((number for number in there if number != leads), None)
        aliases = list(dict.fromkeys([CHAMPION, *model.aliases]))
        kept = self.alias.value if self.alias.value in aliases else CHAMPION
        self._leads, self._looking = leads, True  # options that change set values, which is nobody's choice
        self.versions.options = options
        self.versions.value = tuple(number for number in dict.fromkeys(picked) if number in there)
        self.version.options, self.version.value = options, chosen
        self.alias.options, self.alias.value = aliases, kept
        self._looking = False
        self._show()

    def _picked(self, _: Any) -> None:
        if not self._looking:
            self._show()

    def _chosen(self, _: Any) -> None:
        if not self._looking:
            self._close()  # another move is another question

    def _show(self) -> None:
        """Several versions side by side, the champion first; one with its page."""
        picked = sorted(self.versions.value, key=lambda version: (version != self._leads, -version))
        try:
            if len(picked) == 1:
                self._fill(self.view, self._call("version", model=self.name, version=picked[0]))
            elif picked:
                self._fill(self.view, self._call("compare", model=self.name, versions=picked))
            else:
                self.view.outputs = ()
        except NbmlopsError as error:
            self._tell(error.message, error.hint, output=self.view)

    def _fill(self, output: Any, record: Any) -> None:
        chart = chart_of(record)
        _put(output, _bundle(record), *([chart._repr_mimebundle_()] if chart is not None else []))

    def _tell(self, *lines: str, output: Any = None) -> None:
        _put(output if output is not None else self.said, *([said(lines)] if any(lines) else []))

    # -- a move: asked for, confirmed, done

    def ask(self, way: str) -> None:
        """Show what would be done, and what the gate says of it; nothing moves."""
        self._close()
        try:
            model = self._call("show", model=self.name)
            alias = self.alias.value
            version = self.version.value if way == "promote" else model.before.get(alias)
            self.pending = Move(way, alias, version, _state(model, alias))
            parts = [question(way, model, alias, version, str(self._workspace.root))]
            if way == "promote":
                parts += self._checked(self.pending)
        except NbmlopsError as error:
            self.pending = None
            self._tell(error.message, error.hint)
            return
        _put(self.asked, *parts)
        self._open()

    def _checked(self, move: Move) -> list[dict[str, Any]]:
        """The gate's report on what is to be promoted; where there is none, why."""
        try:
            report = self._call("check", model=self.name, version=move.version, alias=move.alias)
        except NbmlopsError as error:
            return [said([error.message, error.hint])]
        move.refused = not report.passed
        return [*checks(report), *failed_checks(report)]

    def do(self) -> None:
        """Do what is asked for and confirmed; a gate that refuses shows every check that failed."""
        move = self.pending
        if move is None:
            return
        given: dict[str, Any] = {"model": self.name, "alias": move.alias, "reason": self.reason.value}
        if move.way == "promote":
            given |= {"version": move.version, "force": self.force.value}
        try:
            now = self._call("show", model=self.name)
            if _state(now, move.alias) != move.state:
                self._over(moved_meanwhile(now, move.alias))
                return
            done = self._call(move.way, **given)
        except NbmlopsError as error:
            self._tell(error.message, error.hint)
            if error.code == "gate_refused":
                self._refused(move)
            return
        moved = next((one for one in self._call("show", model=self.name).moves if one.alias == move.alias), None)
        self._over(pointed_at(done, forced=moved is not None and moved.forced))

    def _refused(self, move: Move) -> None:
        """A gate that let it pass when it was asked, and refused it when it was moved: what it says now."""
        move.refused = True
        reports = self._call("version", model=self.name, version=move.version).reports
        if reports:
            _put(self.asked, *checks(reports[0]), *failed_checks(reports[0]))
        self._open()

    def _over(self, lines: list[str]) -> None:
        """The move is over, one way or the other: show how things stand."""
        self._close()
        self._look(self.versions.value)
        self._tell(*lines)

    def _open(self) -> None:
        assert self.pending is not None
        refused = self.pending.refused
        self.confirm.description = "Roll back" if self.pending.way == "rollback" else "Promote anyway" if refused else "Promote"
        self.force.layout.display = _THERE if refused else _HIDDEN
        self.step.layout.display = _THERE
        self._able()

    def _close(self) -> None:
        self.pending = None
        self.reason.value, self.force.value = "", False
        self.step.layout.display = _HIDDEN
        self.asked.outputs, self.said.outputs = (), ()

    def _able(self) -> None:
        """Past a gate only by saying so, and why."""
        refused = self.pending is not None and self.pending.refused
        self.confirm.disabled = refused and not (self.force.value and self.reason.value.strip())

    def _call(self, action: str, **given: Any) -> Any:
        return _call(self._workspace, action, **given)


def panel_of(value: Any, workspace: Any = None) -> ModelPanel | None:
    """The panel for a model or a comparison that is shown; None where the workspace here is not the one it is from."""
    compared = not hasattr(value, "before")
    name = value.model if compared else value.name
    if workspace is None and find_root(Path.cwd()) is None:
        return None
    try:
        there = {version.version: version.digest for version in _call(use(workspace), "show", model=name).versions}
        if any(there.get(version.version) != version.digest for version in value.versions):
            return None
        panel = ModelPanel(name, [version.version for version in value.versions] if compared else _first(value), workspace)
    except NbmlopsError:
        return None
    if compared:
        panel.view.outputs = ()  # it stands right above, until somebody picks others
    return panel


def _call(workspace: Workspace, action: str, **given: Any) -> Any:
    from nbmlops.contract.request import call
    from nbmlops.contract.table import find

    return call(find("model", action), given, text=False, workspace=workspace)


def _first(model: Any) -> list[int]:
    from nbmlops.models.compare import chosen

    return chosen(model)


def _line(version: Any) -> str:
    metrics = ", ".join(f"{name} {shown(value)}" for name, value in list(version.metrics.items())[:2])
    return visible(" · ".join(part for part in (str(version.version), ", ".join(version.aliases), metrics) if part), width=80)


def _state(model: Any, alias: str) -> Any:
    return model.aliases.get(alias), model.before.get(alias), sum(move.alias == alias for move in model.moves)


def _bundle(record: Any) -> dict[str, Any]:
    return {"text/html": html_of(record), "text/plain": text_of(record, width=120)}


def _put(output: Any, *bundles: dict[str, Any]) -> None:
    # Set, not printed: it is there when a test looks, and when a front end comes later.
    output.outputs = tuple({"output_type": "display_data", "data": bundle, "metadata": {}} for bundle in bundles)
