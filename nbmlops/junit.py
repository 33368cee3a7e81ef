"""Test cases as JUnit's XML, in the form that Jenkins, GitLab and pytest agree on (https://github.com/testmoapp/junitxml)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from xml.etree import ElementTree

Outcome = Literal["passed", "failure", "error", "skipped"]
_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, kw_only=True)
class Case:
    """One test case. `message` says in a line why it is not passed; `told` is the rest, or what a passed one has to say."""

    classname: str
    name: str
    outcome: Outcome = "passed"
    kind: str = ""
    message: str = ""
    told: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Suite:
    """Cases under a name."""

    name: str
    cases: Sequence[Case]
    seconds: float


def document(*suites: Suite) -> str:
    """The XML of some suites, what no XML may hold replaced.

    >>> print(document(Suite(name="s", cases=[Case(classname="c", name="<a>", outcome="skipped", message="no")], seconds=0))[39:-1])
    <testsuites tests="1" failures="0" errors="0" skipped="1" time="0.000">
      <testsuite name="s" tests="1" failures="0" errors="0" skipped="1" time="0.000">
        <testcase classname="c" name="&lt;a&gt;" time="0.000">
          <skipped message="no" />
        </testcase>
      </testsuite>
    </testsuites>
    """
    cases = [case for suite in suites for case in suite.cases]
    whole = ElementTree.Element("testsuites", _counted(cases, sum(suite.seconds for suite in suites)))
    for suite in suites:
        part = ElementTree.SubElement(whole, "testsuite", {"name": _xml(suite.name), **_counted(suite.cases, suite.seconds)})
        for case in suite.cases:
            _add(part, case)
    ElementTree.indent(whole)
    return ElementTree.tostring(whole, encoding="unicode", xml_declaration=True) + "\n"


def _counted(cases: Sequence[Case], seconds: float) -> dict[str, str]:
    count = {outcome: sum(case.outcome == outcome for case in cases) for outcome in ("failure", "error", "skipped")}
    return {
        "tests": str(len(cases)), "failures": str(count["failure"]), "errors": str(count["error"]), "skipped": str(count["skipped"]),
        "time": f"{seconds:.3f}",
    }  # fmt: skip


def _add(suite: ElementTree.Element, case: Case) -> None:
    about = {"classname": _xml(case.classname), "name": _xml(case.name), "time": f"{case.seconds:.3f}"}
    element = ElementTree.SubElement(suite, "testcase", about)
    if case.outcome == "passed":
        if case.told:
            ElementTree.SubElement(element, "system-out").text = _xml(case.told)
        return
    kind = {"type": _xml(case.kind)} if case.kind else {}
    why = ElementTree.SubElement(element, case.outcome, {**kind, "message": _xml(case.message)})
    why.text = _xml(case.told) or None


def _xml(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)
