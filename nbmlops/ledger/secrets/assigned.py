"""Secrets told by the name they are given to, in whatever language: Python, JSON, YAML, a shell, a header, a URL's query.

For each place where a hint of a secret's name stands, the whole name is read around it; then what follows the name: a sign,
and a value. Each step looks at a bounded piece, so that the time is linear in the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from nbmlops.ledger.secrets.names import Says, says
from nbmlops.ledger.secrets.values import MASK, blank, common, filled, strong, words

_GAP = r"(?:[ \t]|\x1b\[[0-9;]{0,20}m|\\u001b\[[0-9;]{0,20}m)"  # spaces, and the colours that tracebacks have
_LEFT = re.compile(r"[\w\-]{0,80}")
_RIGHT = re.compile(r"[\w\-]{0,80}")
_ANNOTATION = rf""":{_GAP}{{0,9}}["']?[A-Za-z_][\w.\[\], |]{{0,60}}["']?{_GAP}{{0,9}}"""
_SIGN = re.compile(
    rf"""(?P<close>\\{{0,7}}["'])?(?P<bracket>{_GAP}*\])?{_GAP}{{0,40}}
    (?(close)|(?:(?P<annotation>{_ANNOTATION})(?==(?!=)))?)
    (?P<sign>:=|=>|={{1,3}}|!==?|:|,)?(?P<gap>{_GAP}{{0,60}})""",
    re.X,
)
_OPEN = re.compile(
    r"(?P<before>(?:\\?\n|[ \t(\[]|\x1b\[[0-9;]{0,20}m|\\u001b\[[0-9;]{0,20}m|(?:Secret\w{0,6}|str|bytes|quote|quote_plus)\(){0,40})"
    r"(?P<prefix>[rRbBuUfF]{0,2})(?P<quote>\\{0,7}(?:\"\"\"|'''|\"|'|`))(?P<colour>(?:\x1b\[[0-9;]{0,20}m){0,4})"
)
_SUM = re.compile(r"[A-Za-z_][\w.]{0,60}[ \t]*\+[ \t]*(?=[rRbBuUfF]{0,2}[\"'])")
_MORE = re.compile(r"[\s\\]{0,200}(?:\+[\s\\]{0,200})?(?P<prefix>[rRbBuUfF]{0,2})(?P<quote>\"\"\"|'''|\"|')")
_INSIDE = {quote: re.compile(rf"(?:[^{quote}\\\n\x1b]|\\.)*") for quote in "\"'`"}
_SCHEME = re.compile(r"(?i)(?:bearer|basic|token|apikey|api-key|digest|negotiate|aws4-hmac-sha256)\s{1,4}")
_WORDS = re.compile(r"[^\s\"'`<>\\]{1,512}")
_TO_COMMA = re.compile(r"[^\s\"'`<>\\;,)\]}]{1,512}")
_TO_SEMICOLON = re.compile(r"\{[^{}\"'\n]{1,200}\}|[^\s\"'`<>\\;&]{1,512}")
_IN_QUERY = re.compile(r"[^\s\"'`<>\\&#;)\]},]{1,2048}")
_NUMBER = re.compile(r"\d{4,20}(?![\w.])")
_EXPORT = re.compile(r"(?:^|[\s;&|\"'!])(?:export|set|setenv|%env|%set_env|env|-e|--env|--build-arg|ENV|ARG|declare -x)[ \t]+\Z")
_CODE = re.compile(r"[A-Za-z_][\w.]*(?:[(\[].*)?|\(.*|\[.*|-?\d+(?:\.\d+)?")
_GOES_ON = re.compile(r"[ \t]*(?:(?:if|or|and|for|in|is|not|else)\b|[+*/%|.(\[]|[=!<>]=|#)")
_NEXT_FIELD = re.compile(r"[ &]\w+=")
_IS_CODE = re.compile(r"[A-Za-z_][\w.]*[(\[]|[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+(?:\)|\Z)|(?:None|True|False|null|true|false|self)\b|[(\[{]")
_PROSE = re.compile(r"\b(?:passwords?|passphrase|tokens?|secrets?|keys?|credentials?)\b")
_SECTION = re.compile(r"(?m)^[ \t]*\[[\w. \-:\"]{1,80}\][ \t]*$")
_TYPES = re.compile(r"(?:[A-Z][A-Za-z]*|str|int|float|bytes|bool|object|any|[a-z]+\.[A-Z]\w*)(?:\[.*\])?,?")
_FILLED_BY = re.compile(r"(?:environ|getenv|putenv|setenv|set_env|setdefault|setattr|set_password|env)\b[^\n]{0,40}\Z")


def hide(text: str, lower: str, present: set[str], found: Callable[[str, bool], None]) -> str:
    """`text` without the values given to secrets' names; `present` are the hints of such names in it.

    `found(value, sure)` is told of each.
    """
    places = sorted({at for hint in present for at in _all(lower, hint)})
    out: list[str] = []
    done = 0
    seen_to = 0
    for at in places:
        if at < seen_to:
            continue
        start, end = _name_around(text, at)
        seen_to = end
        what = says(text[start:end])
        if what == "no" or start < done:
            continue
        for first, last, mask in _values(text, start, end, what):
            value = text[first:last]
            out += (text[done:first], mask)
            done = last
            found(value, what != "maybe")
        seen_to = max(seen_to, done)
    return "".join(out) + text[done:] if out else text


def _all(text: str, hint: str) -> list[int]:
    found, at = [], text.find(hint)
    while at >= 0:
        found.append(at)
        at = text.find(hint, at + len(hint))
    return found


def _name_around(text: str, at: int) -> tuple[int, int]:
    left = _LEFT.match(text[max(0, at - 80) : at][::-1])
    start = at - (left.end() if left else 0)
    if start > 0 and text[start - 1] == "\\" and text[start] in "nrtbf" and start < at:
        start += 1  # the `n` of a `\n`
    right = _RIGHT.match(text, at)
    return start, right.end() if right else at


def _values(text: str, start: int, end: int, what: Says) -> list[tuple[int, int, str]]:
    """(from, to, what to write) of the values given to the name between `start` and `end`."""
    sign = _SIGN.match(text, end)
    if sign is None:
        return []
    at = sign.end()
    before = text[max(0, start - 60) : start]
    flag = before.endswith("-") or text[start] == "-"
    opened = _OPEN.match(text, at)
    if opened is None and sign["sign"] in ("=", ":=") and (of_parts := _SUM.match(text, at)):
        opened = _OPEN.match(text, of_parts.end())
    if opened is not None and ("\n" not in opened["before"] or sign["sign"]):
        return _quoted(text, opened, sign, what, before=before, flag=flag, name=text[start:end])
    if sign["sign"] in (",", "!=", "!==", "==", "===", "=>"):
        return []
    return _bare(text, start, at, sign, what, before=before, flag=flag)


def _quoted(
    text: str, opened: re.Match[str], sign: re.Match[str], what: Says, *, before: str, flag: bool, name: str
) -> list[tuple[int, int, str]]:
    kind, named = sign["sign"], sign["close"] is not None
    if not kind and not flag and (named or not _spaced(text, sign)):
        return []
    sure = what != "maybe"
    if kind == ",":  # ("TOKEN", "value"), ["--token", "value"]; but ["password", "user"] are columns
        told = flag or _FILLED_BY.search(before) is not None
        if not named or not (told or before.rstrip("\\\"'").endswith("(")):
            return []
        sure = sure and told
        if text[opened.end() : opened.end() + 1] == "-":
            return []
    elif not kind:
        sure = flag  # `--password "value"`; in prose only what looks made
    found: list[tuple[int, int, str]] = []
    inner: re.Match[str] | None = opened
    while inner is not None:
        first = inner.end()
        last, after = _closed(text, inner["quote"], first)
        value = text[first:last]
        scheme = _SCHEME.match(value)
        if scheme and scheme.end() < len(value):
            first, value = first + scheme.end(), value[scheme.end() :]
        if _hidden(value, sure=sure or bool(found), name=name):
            found.append((first, last, MASK))
        if after is None or kind == "," or "\\" in inner["quote"] or len(found) > 100:
            break
        inner = _MORE.match(text, after)
        if inner is not None and "\n" in inner[0] and "+" not in inner[0] and "(" not in opened["before"] and "\\" not in inner[0]:
            break  # the next line is its own
    return found


def _closed(text: str, quote: str, at: int) -> tuple[int, int | None]:
    """Where a string ends, and where the text goes on; a string that is cut off ends with its line."""
    if len(quote) == 1:
        inside = _INSIDE[quote].match(text, at)
        last = inside.end() if inside else at
        if text[last : last + 1] == "\x1b":  # colours before the closing quote
            return last, None
        return last, last + 1 if text[last : last + 1] == quote else None
    last = text.find(quote, at, at + 65536)
    if "\\" in quote and last < 0:
        last = text.find(quote[-1], at, at + 4096)
    if last < 0:
        line = text.find("\n", at)
        return (line if line >= 0 else len(text)), None
    return last, last + len(quote)


def _hidden(value: str, *, sure: bool, name: str) -> bool:
    if blank(value) or not filled(value) or value[0] in " )],}:;" or value.strip() != value.rstrip("\n").lstrip("\n").strip():
        return False
    if not sure:
        return strong(value.strip())
    plain = value.strip().lower()
    if plain in _SCHEMA or plain.replace("_", "").replace(" ", "") == name.strip("-").replace("_", "").lower():
        return False
    return not (" " in plain and _PROSE.search(plain))  # "Enter your password"


# Under a secret's name these tell what kind of thing it is: a schema's words.
_SCHEMA = words(
    """
    str string text object int integer float bytes bool boolean any none null true false required optional varchar category password
    hidden secret token default char
    """
)


def _bare(text: str, start: int, at: int, sign: re.Match[str], what: Says, *, before: str, flag: bool) -> list[tuple[int, int, str]]:
    """A value without quotes: where it ends, and whether it is one, depends on what the text around it is."""
    kind, sure = sign["sign"], what != "maybe"
    if sign["annotation"] or (sign["close"] and kind != ":") or sign["bracket"]:
        number = _NUMBER.match(text, at)
        return [(number.start(), number.end(), f'"{MASK}"')] if number and what == "password" and kind == "=" else []
    scheme = _SCHEME.match(text, at)
    if scheme and kind in (":", "="):
        at, sure = scheme.end(), True
    number = _NUMBER.match(text, at)
    if number and what == "password" and kind in ("=", ":"):
        return [(number.start(), number.end(), _number_mask(text, sign, number))]
    if sign["close"]:
        return []  # "password": value, a name of the code's
    spaced = _spaced(text, sign)
    loud = text[start : sign.start()].isupper()
    ahead = before.rstrip(" \t+-")  # a line of a diff begins with its sign
    line_start = not ahead or ahead.endswith("\n") or before.endswith("\\n")
    if (kind == "=" and before[-1:] in ("?", "&")) or before.endswith("&amp;") or before.endswith("\\u0026"):
        return _if(text, _IN_QUERY.match(text, at), lambda v: not blank(v) and filled(v) and not _is_code_hole(v) and len(v) >= 3)
    if flag and (kind == "=" or (not kind and spaced)):
        return _if(text, _WORDS.match(text, at), lambda v: _word(v, sure=sure) and not v.startswith("-"))
    exported = _EXPORT.search(before) is not None
    if exported and ((kind == "=" and not spaced) or (not kind and spaced)):
        return _if(text, _WORDS.match(text, at), lambda v: not blank(v) and filled(v) and (sure or strong(v)) and not _calls(v))
    if kind == "=" and not spaced and loud and line_start:  # a line of .env
        return _if(text, _WORDS.match(text, at), lambda v: not blank(v) and filled(v) and (sure or strong(v)) and not _calls(v))
    if kind == ":" and sign["gap"] and not sign["annotation"]:
        return _if(text, _WORDS.match(text, at), lambda v: _after_colon(text, at, v, sure=sure, header=scheme is not None))
    if kind == "=":
        return _equals(text, at, spaced=spaced, sure=sure)
    return []


def _equals(text: str, at: int, *, spaced: bool, sure: bool) -> list[tuple[int, int, str]]:
    """`name = value` of configuration, `name=value` of a connection string, or code: then the value is a name, and stays."""
    found = (_TO_COMMA if spaced else _TO_SEMICOLON).match(text, at)
    if found is None:
        return []
    value = found[0].rstrip(",)") if not spaced else found[0]
    if blank(value) or not filled(value) or _GOES_ON.match(text, found.end()) or _calls(value):
        return []
    end = at + len(value)
    follows = text[end : end + 1]
    if value.isidentifier() or _CODE.fullmatch(value):
        if follows in (",", ")") and value.isidentifier():
            return []  # an argument
        made = strong(value) and _turns(value) >= 2
        in_string = not spaced and (follows in ("'", '"', ";", "\\") or _NEXT_FIELD.match(text, end) is not None)
        config = sure and follows in ("", "\n", "\r") and _SECTION.search(text[max(0, at - 4096) : at]) is not None
        if not (made or (sure and (in_string or config) and not common(value))):
            return []
        return [(at, end, MASK)]
    return [(at, end, MASK)] if (sure and len(value) >= 3 and not _TYPES.fullmatch(value)) or strong(value) else []


def _after_colon(text: str, at: int, value: str, *, sure: bool, header: bool) -> bool:
    value = value.rstrip(",")
    if blank(value) or not filled(value) or _calls(value) or _TYPES.fullmatch(value):
        return False
    if strong(value):
        return True
    if header:
        return len(value) >= 8 and not common(value)
    ends_line = text[at + len(value) : at + len(value) + 1] in ("", "\n", "\r", "\\")
    return sure and ends_line and len(value) >= 6 and not common(value) and value.lower() not in _SCHEMA and value[-1] not in ".:"


def _word(value: str, *, sure: bool) -> bool:
    if blank(value) or not filled(value) or _calls(value):
        return False
    return strong(value) or (sure and len(value) >= 6 and not common(value) and not value.isupper() and value[-1] not in ".,:;)")


def _calls(value: str) -> bool:
    # `get_token()`, `tokens[0]`, `os.environ["X"]`, `None`: code, which stays readable
    return bool(
        re.match(r"[A-Za-z_][\w.]*[(\[]|[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+(?:\)|\Z)|(?:None|True|False|null|true|false|self)\b|[(\[{]", value)
    )


def _spaced(text: str, sign: re.Match[str]) -> bool:
    between = text[sign.start() : sign.end()]
    return between[:1] in (" ", "\t") or between[-1:] in (" ", "\t")


def _is_code_hole(value: str) -> bool:
    return value.startswith(("{", "$", "%(", "<", "+"))


def _turns(value: str) -> int:
    return len(re.findall(r"[A-Za-z](?=\d)|\d(?=[A-Za-z])", value))


def _number_mask(text: str, sign: re.Match[str], number: re.Match[str]) -> str:
    """A number's mask is in quotes where a bare word would break the JSON or the code around it."""
    if sign["close"]:
        return f"{sign['close']}{MASK}{sign['close']}"
    follows = text[number.end() : number.end() + 1]
    spaced = _spaced(text, sign)
    return f'"{MASK}"' if (spaced and sign["sign"] == "=") or follows in (",", ")") else MASK


def _if(text: str, found: re.Match[str] | None, is_one: Callable[[str], bool]) -> list[tuple[int, int, str]]:
    if found is None:
        return []
    value = found[0].rstrip(",;")
    return [(found.start(), found.start() + len(value), MASK)] if value and is_one(value) else []
