"""What is another in every execution, left out of what is shown: addresses, clocks, process numbers, random names.

Only what a program is known to write by itself is left out, in the form in which it writes it: a date among a user's values stays.
Each pattern has a text without which it is not looked for, since most of what is shown has none of them.
"""

from __future__ import annotations

import re

_UNIT = r"(?:ns|[µμu]s|ms|s|secs?|seconds|min|minutes|h)\b"
_LINES = re.MULTILINE

# (a text that is always there, pattern, what stands there instead)
_EVERYWHERE: tuple[tuple[str, re.Pattern[str], str], ...] = (
    (" 0x", re.compile(r"\bat 0x[0-9A-Fa-f]{5,16}\b"), "at 0x…"),
    ("started ", re.compile(r"\bstarted (?:daemon )?\d{6,}"), "started …"),  # a thread
    ("slowest run", re.compile(r"^The slowest run took .*\n?", _LINES), ""),  # %timeit, where the machine was busy
    ("tmp", re.compile(r"(?:/[\w.+-]{1,64}){0,16}/tmp[a-z0-9_]{8}\b"), "tmp…"),  # as tempfile names what it makes
    ("ipykernel_", re.compile(r"[^\s\"'(<]{0,200}ipykernel_\d+[/\\]"), "ipykernel_…/"),  # where a cell's code is said to stand
    ("]", re.compile(r"\[\d+:\d\d(?::\d\d)?(?:<[^\]\n]{0,200}|, +[^\]\n]{0,100}/[^\]\n]{0,100})\]"), "…"),  # tqdm
    ("/", re.compile(rf"(?:\b\d+s )?\b\d+{_UNIT}/(?:step|epoch|sample)\b"), "…"),  # Keras
    ("[LightGBM]", re.compile(r"^\[LightGBM\] \[Info\] Auto-choosing .*$", _LINES), "…"),
    ("force_", re.compile(r"^(?:You can set|And if memory is not enough, you can set) `force_(?:row|col)_wise=true`.*\n?", _LINES), ""),
    ("remaining: ", re.compile(r"\b(?:total|remaining): \d[\d.]*(?:us|ms|s|m|h)(?: \d+(?:ms|s|m))?"), "…"),  # CatBoost
    ("s\n", re.compile(r"^( {0,9}\d+(?: +-?\d+\.\d+){1,2}) {4,}\d+\.\d\d[smh]$", _LINES), r"\1 …"),  # scikit-learn's boosting
    (
        "e:  ",
        re.compile(r"\b(Date|Time):  +(?:\w{3}, \d\d,? \w{3},? \d{4}|\d{4}-\d\d-\d\d \d\d:\d\d|\d\d:\d\d:\d\d)(?= |$)", _LINES),
        r"\1: …",
    ),  # statsmodels
    (":", re.compile(r"\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}\b|^\[\d\d:\d\d:\d\d\](?= )", _LINES), "…"),  # logging; XGBoost
)
_MEASURED = re.compile(
    r"^(?:CPU times|Wall time): .*$"
    rf"|(?<![\d.])[\d.]+ {_UNIT}(?: \d+ {_UNIT})? ± [\d.]+ {_UNIT}(?: \d+ {_UNIT})? per loop"
    r" \(mean ± std\. dev\. of \d+ runs?, [\d,]+ loops? each\)"
    rf"|(?i:\b(?:time|elapsed|duration|took|in)\b)[ =:]*\d[\d.,]* ?{_UNIT}",
    _LINES,
)
_MEASURED_HINTS = ("time", "per loop", "elapsed", "duration", "took", "in ")
# What is told on stderr is told by logs and warnings: there a time is when it was told.
_TOLD = re.compile(r"\b(?:\d{4}-\d\d-\d\d[ T])?\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?\b|\b\d{4}-\d\d-\d\d\b")
_RANDOM = re.compile(
    r"[0-9a-f]{8}([-_])[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{12}|(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])|\bi[A-Z0-9]{19,20}\b"
)
_STYLER = re.compile(r"\bT_[0-9a-f]{5}(?=[_\b\s\"'])")
_ID = re.compile(r"\bid=\"([^\"]+)\"")
_NAMED = re.compile(r"(?<=[\"#])([\w.:-]+)(?=[\")])")
_METADATA = re.compile(r"<metadata>.*?</metadata>", re.DOTALL)


def text(shown: str, *, stderr: bool = False) -> str:
    """Plain text.

    >>> text("took 3.1 s, see <A at 0x7f00deadbeef>"), text("12:01:02 done", stderr=True), text("12:01:02 done")
    ('…, see <A at 0x…>', '… done', '12:01:02 done')
    """
    for hint, pattern, instead in _EVERYWHERE:
        if hint in shown:
            shown = pattern.sub(instead, shown)
    lower = shown.lower()
    if any(hint in lower for hint in _MEASURED_HINTS):
        shown = _MEASURED.sub("…", shown)
    return _RANDOM.sub("…", _TOLD.sub("…", shown)) if stderr and (":" in shown or "-" in shown) else shown


def markup(shown: str) -> str:
    """HTML or JavaScript: names that are drawn at random go by their order.

    >>> markup('<p id="0a1b2c3d-0000-4000-8000-0123456789ab">') == markup('<p id="ffffffff-1111-4111-8111-ba9876543210">')
    True
    """
    return _STYLER.sub("T_…", _by_order(_RANDOM, text(shown)))


def drawing(shown: str) -> str:
    """SVG: ids go by their order, what is said about the file is left out.

    >>> drawing('<path id="m1f"/><use xlink:href="#m1f"/>')
    '<path id="0"/><use xlink:href="#0"/>'
    """
    shown = _METADATA.sub("", text(shown))
    order = {name: str(at) for at, name in enumerate(dict.fromkeys(_ID.findall(shown)))}
    return _NAMED.sub(lambda found: order.get(found[1], found[1]), shown)


def _by_order(pattern: re.Pattern[str], shown: str) -> str:
    order: dict[str, str] = {}
    return pattern.sub(lambda found: order.setdefault(found[0], f"…{len(order)}"), shown)
