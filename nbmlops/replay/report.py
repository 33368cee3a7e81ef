"""Verdicts for other programs: JUnit's XML for CI, Markdown for a summary."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from nbmlops.replay.records import Verification, Verifications

_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_OF_MARKDOWN = re.compile(r"([\\\\`*_{}\[\]<>#|~])")
_MARKS = {"VERIFIED": "✅", "DIFFERS": "❌", "CANNOT": "⚠️"}


def junit(found: Verifications) -> str:
    """A test suite of one case for each run: DIFFERS is a failure, CANNOT an error.

    Its form is the one that Jenkins, GitLab and pytest agree on (https://github.com/testmoapp/junitxml).
    """
    suite = ElementTree.Element(
        "testsuite", name="nbmlops run verify", tests=str(len(found.verifications)), failures=str(found.differs), errors=str(found.cannot),
        skipped="0", time=f"{found.duration_s:.3f}",
    )  # fmt: skip
    for one in found.verifications:
        about = {"classname": _xml(one.name or "run"), "name": _xml(one.run), "time": f"{one.duration_s:.3f}"}
        case = ElementTree.SubElement(suite, "testcase", about)
        if one.verdict != "VERIFIED":
            kind = "failure" if one.verdict == "DIFFERS" else "error"
            ElementTree.SubElement(case, kind, type=_xml(one.cause or "missing"), message=_xml(one.sentence)).text = _xml(_told(one))
    whole = ElementTree.Element("testsuites", dict(suite.attrib))
    whole.append(suite)
    ElementTree.indent(whole)
    return ElementTree.tostring(whole, encoding="unicode", xml_declaration=True) + "\n"


def markdown(found: Verifications) -> str:
    """A table of the runs under a line that counts them."""
    counted = f"{found.verified} verified, {found.differs} differ, {found.cannot} cannot be executed again"
    lines = [f"### Runs verified: {counted}, {found.duration_s:.1f} s", ""]
    lines += ["| | run | name | cell | what | seconds |", "| --- | --- | --- | ---: | --- | ---: |"]
    for one in found.verifications:
        cell = "" if one.cell is None else str(one.cell)
        lines.append(
            f"| {_MARKS[one.verdict]} {one.verdict} | {one.run} | {_md(one.name)} | {cell} | {_md(one.sentence)} | {one.duration_s:.1f} |"
        )
    return "\n".join(lines) + "\n"


def all_of(found: Verification | Verifications) -> Verifications:
    """One verdict as many: a suite of one."""
    if isinstance(found, Verifications):
        return found
    return Verifications.of([found], found.duration_s)


def _told(one: Verification) -> str:
    lines = [one.sentence, *one.missing]
    for deviation in one.deviations[:20]:
        at = "" if deviation.cell is None else f"cell {deviation.cell}: "
        lines.append(f"{at}{deviation.part} {deviation.name}: {str(deviation.before)[:200]} -> {str(deviation.after)[:200]}")
    return "\n".join(lines)


def _xml(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)


def _md(text: str) -> str:
    return _OF_MARKDOWN.sub(r"\\\1", " ".join(text.split()))
