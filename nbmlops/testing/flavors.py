"""The suite every flavor passes, ours and yours.

from nbmlops.testing.flavors import Case, FlavorSuite

class TestMine(FlavorSuite):
    flavor = MyFlavor()

    def case(self):
        return Case(fitted_model, the_frame_it_was_fitted_on)
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbmlops.errors import Damaged, Untrusted
from nbmlops.models import portable
from nbmlops.models.package import ModelFile, said_columns, write
from nbmlops.models.proof import prove
from nbmlops.models.records import Signature
from nbmlops.models.signature import coded, infer


@dataclass(frozen=True)
class Case:
    """A fitted model, and the rows (n > 1) it was fitted on: a frame, or an array where it knows no names."""

    model: Any
    rows: Any


class FlavorSuite:
    """Inherit, set `flavor`, and give a `case`. Each test says what it asks."""

    flavor: Any
    case: Callable[[], Case]  # a method: a fitted model with its rows; the same one each time, or one fitted alike

    def signature(self, case: Case) -> Signature:
        """What the model takes, as registering infers it."""
        return coded(infer(case.rows), case.rows)

    def kept(self, case: Case) -> tuple[bytes, list[str]]:
        """The model's file, and what must be trusted for it to be loaded."""
        data = self.flavor.save(case.model)
        code = self.flavor.code(data)
        return data, [code] if code else []

    def answers(self, model: Any, rows: Any) -> tuple[Any, Any]:
        """Predictions and probabilities, as plain values."""
        given = portable.scores(self.flavor.name, model, rows)
        return portable.ask(self.flavor.name, model, rows).tolist(), None if given is None else given.tolist()

    def test_it_says_what_it_is(self) -> None:
        """A name, a suffix, the libraries a model of it needs; it takes its own models, and nothing that is none."""
        flavor = self.flavor
        assert flavor.name and flavor.suffix and flavor.libraries
        assert flavor.can(self.case().model)
        assert not any(flavor.can(other) for other in (None, 5, "text", [], {}, object()))

    def test_the_same_model_gives_the_same_bytes(self) -> None:
        """Saved twice, it is one file."""
        case = self.case()
        assert self.flavor.save(case.model) == self.flavor.save(case.model)

    def test_what_is_loaded_answers_as_before(self) -> None:
        """All rows, one row, and the rows as an endpoint gives them: plain values."""
        case = self.case()
        data, trusted = self.kept(case)
        again = self.flavor.load(data, trusted)
        columns, named = said_columns(self.signature(case)), hasattr(case.rows, "columns")
        fixtures = self.flavor.fixtures(case.model, case.rows)
        assert fixtures is not None
        plain = portable.rows_for(portable.frame_of(_rows(fixtures), columns), columns, named)
        pairs = [(case.rows, case.rows), (case.rows[:1], case.rows[:1]), (case.rows[: len(plain)], plain)]
        for live, asked in pairs:
            before, after = self.answers(case.model, live), self.answers(again, asked)
            assert portable.differing(before[0], after[0]) is None
            if before[1] is not None and after[1] is not None:
                assert portable.differing(before[1], after[1]) is None

    def test_saving_and_loading_leave_the_living_model_as_it_is(self) -> None:
        """It answers as before, and its file is as before."""
        case = self.case()
        before = self.answers(case.model, case.rows)
        data, trusted = self.kept(case)
        self.answers(self.flavor.load(data, trusted), case.rows)
        assert portable.differing(list(before), list(self.answers(case.model, case.rows))) is None
        assert self.flavor.save(case.model) == data

    def test_bytes_that_are_no_model_are_damaged_or_untrusted(self) -> None:
        """Neither a crash nor a model: an error that says which."""
        data, trusted = self.kept(self.case())
        for broken in (b"", b"nothing of the kind", data[: len(data) // 2], bytes(len(data))):
            try:
                self.flavor.load(broken, trusted)
            except (Damaged, Untrusted) as error:
                assert error.message and error.hint
            else:
                raise AssertionError(f"{len(broken)} bytes that are no model were loaded")

    def test_code_runs_only_where_it_is_trusted(self) -> None:
        """A file that brings code says so by a digest, and is not loaded without."""
        data, trusted = self.kept(self.case())
        assert self.flavor.untrusted(data, trusted) == []
        assert isinstance(self.flavor.names(data), list) and isinstance(self.flavor.sources(data), dict)
        if not trusted:
            return
        assert trusted[0].startswith("sha256:") and self.flavor.untrusted(data) == trusted and self.flavor.described(data)
        try:
            self.flavor.load(data)
        except Untrusted as error:
            assert trusted[0] in error.message + str(error.hint)
        else:
            raise AssertionError("code ran that nobody trusted")

    def test_a_clean_process_answers_its_rows(self) -> None:
        """A folder with the file and the loader is all it takes."""
        case = self.case()
        data, _ = self.kept(case)
        file = ModelFile(self.flavor.name, data, self.signature(case), self.flavor.fixtures(case.model, case.rows))
        with tempfile.TemporaryDirectory() as folder:
            write(Path(folder), file, self.flavor.suffix, self.flavor.names(data))
            assert prove(Path(folder))


def _rows(fixtures: bytes) -> list[dict[str, Any]]:
    from nbmlops.models.fixtures import read

    return read(fixtures).rows
