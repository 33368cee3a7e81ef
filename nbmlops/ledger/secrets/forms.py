"""Secrets told by their own form, whatever name they have: tokens with a known beginning, private keys, URLs with a password."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from functools import cache

from nbmlops.ledger.secrets.values import MASK, blank, common, filled, strong


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    # Compiled when first needed: a session without secrets never pays for sixty patterns.
    return re.compile(pattern)


# A token begins where no word goes on: after anything but a letter or digit, or after `\n` and `%3D` as other texts spell them.
_BEGIN = r"(?:(?<![A-Za-z0-9_])|(?<=\\[nrtbf])|(?<=%[0-9A-Fa-f]{2})|(?<=\\u[0-9a-f]{4}))"

# Beginning → what follows it. The beginning is looked for first, which costs next to nothing where it is not.
# The shortest of all is as long as LONG.
LONG = 18
_W = r"[A-Za-z0-9_\-]"
_TOKENS = {
    "ghp_": r"[A-Za-z0-9]{30,}", "gho_": r"[A-Za-z0-9]{30,}", "ghu_": r"[A-Za-z0-9]{30,}", "ghs_": r"[A-Za-z0-9]{30,}",
    "ghr_": r"[A-Za-z0-9]{30,}", "github_pat_": r"\w{22,}", "glpat-": _W + r"{20,}(?:\.[0-9a-z.]{2,})?", "gldt-": _W + "{20,}",
    "glft-": _W + "{20,}", "glsoat-": _W + "{20,}", "glrt-": _W + "{20,}", "glcbt-": _W + "{20,}", "glptt-": _W + "{20,}",
    "glagent-": _W + "{20,}", "gloas-": _W + "{20,}", "glimt-": _W + "{20,}", "glffct-": _W + "{20,}", "GR1348941": _W + "{20,}",
    "AKIA": r"[A-Z0-9]{16}(?![A-Za-z0-9+/])", "ASIA": r"[A-Z0-9]{16}(?![A-Za-z0-9+/])", "ABIA": r"[A-Z0-9]{16}(?![A-Za-z0-9+/])",
    "ACCA": r"[A-Z0-9]{16}(?![A-Za-z0-9+/])", "ABSK": r"[A-Za-z0-9+/]{100,}=*",
    "xoxa-": _W + "{13,}", "xoxb-": _W + "{13,}", "xoxe-": _W + "{13,}", "xoxe.": r"[A-Za-z0-9.\-]{20,}", "xoxo-": _W + "{13,}",
    "xoxp-": _W + "{13,}", "xoxr-": _W + "{13,}", "xoxs-": _W + "{13,}", "xapp-": _W + "{13,}",
    "sk_live_": r"[A-Za-z0-9]{10,}", "sk_test_": r"[A-Za-z0-9]{10,}", "rk_live_": r"[A-Za-z0-9]{10,}", "rk_test_": r"[A-Za-z0-9]{10,}",
    "pk_live_": r"[A-Za-z0-9]{10,}", "pk_test_": r"[A-Za-z0-9]{10,}", "whsec_": r"[A-Za-z0-9+/=]{20,}",
    "hf_": r"[A-Za-z0-9]{30,}", "api_org_": r"[A-Za-z0-9]{30,}", "npm_": r"[A-Za-z0-9]{36}", "pypi-": _W + "{50,}",
    "SG.": _W + r"{16,}\." + _W + "{16,}", "SK": r"[0-9a-f]{32}(?![A-Za-z0-9])", "dapi": r"[0-9a-f]{32}(?:-\d)?(?![A-Za-z0-9])",
    "wandb_v1_": r"\w{20,}", "AIza": _W + "{35}", "ya29.": _W + "{20,}", "GOCSPX-": _W + "{20,}",
    "dop_v1_": r"[0-9a-f]{64}", "doo_v1_": r"[0-9a-f]{64}", "dor_v1_": r"[0-9a-f]{64}", "dp.pt.": r"[A-Za-z0-9]{40,}",
    "lin_api_": r"[A-Za-z0-9]{32,}", "ntn_": r"[A-Za-z0-9]{40,}", "PMAK-": r"[0-9a-f]{24}-[0-9a-f]{34}",
    "pscale_": r"(?:tkn|pw|oauth)_[\w=.\-]{32,}", "r8_": r"[A-Za-z0-9]{37}", "gsk_": r"[A-Za-z0-9]{40,}", "pplx-": r"[A-Za-z0-9]{40,}",
    "hvs.": _W + "{24,}", "hvb.": _W + "{24,}", "glsa_": r"[A-Za-z0-9]{32}_[0-9a-fA-F]{8}", "glc_": r"[A-Za-z0-9+/]{32,}=*",
    "NRAK-": r"[A-Z0-9]{27}", "dt0c01.": r"[A-Z0-9]{24}\.[A-Z0-9]{64}", "ATATT3": r"[A-Za-z0-9_\-=]{60,}", "HRKU-": _W + "{30,}",
    "lsv2_": r"(?:pt|sk)_[0-9a-f]{32}_[0-9a-f]{10}", "tvly-": _W + "{24,}", "sbp_": r"[0-9a-f]{40}", "figd_": _W + "{30,}",
    "dckr_pat_": _W + "{20,}", "ops_eyJ": _W + "{60,}", "sntrys_": r"[A-Za-z0-9+/=_]{40,}", "nvapi-": _W + "{40,}",
    "xai-": r"[A-Za-z0-9]{60,}", "pnu_": r"[A-Za-z0-9]{36}", "shpat_": r"[0-9a-fA-F]{32}", "shpss_": r"[0-9a-fA-F]{32}",
    "sq0csp-": _W + "{43}", "sq0atp-": _W + "{22}", "AGE-SECRET-KEY-1": r"[A-Z0-9]{58}", "KGAT_": r"[0-9a-f]{32}",
}  # fmt: skip
# Bytes that no token has become spaces, those it has one letter: whether there is a long run of them is then one search.
_RUNS = bytes(97 if chr(byte).isascii() and (chr(byte).isalnum() or chr(byte) in "_-.") else 32 for byte in range(256))
_LONG_RUN = b"a" * LONG
_JOINS = str.maketrans("", "", "_-.")


def _tokens(text: str) -> str:
    """`text` without what has a token's beginning; only the long runs, a small part of most texts, are looked at."""
    runs = " ".join(_long_runs(text))
    if not runs:
        return text
    if "AKIA" in runs or "ASIA" in runs:
        text = _aws_secrets(text)
    for begin, rest in _TOKENS.items():
        if begin in runs:
            text = _compiled(_BEGIN + re.escape(begin) + rest).sub(MASK, text)
    if "k-" in runs:
        text = _sk(text)
    if "eyJ" in runs:
        text = _compiled(_BEGIN + r"eyJ[A-Za-z0-9_\-]{10,}\.[A-Za-z0-9_\-]{10,}(?:\.[A-Za-z0-9_\-]*)?").sub(MASK, text)
    return text


def _long_runs(text: str) -> list[str]:
    data = text.encode("utf-8", "replace")
    marks = data.translate(_RUNS)
    found = []
    at = marks.find(_LONG_RUN)
    while at >= 0:
        end = marks.find(b" ", at)
        end = len(marks) if end < 0 else end
        run = data[at:end].decode()
        if not (run.islower() and run.translate(_JOINS).isalpha()):  # `mean_absolute_error` is long, and no token
            found.append(run)
        at = marks.find(_LONG_RUN, end)
    return found


def _sk(text: str) -> str:
    # `sk-learn-contrib-…` begins like a key too: a key has a long piece that mixes letters and digits.
    def masked(found: re.Match[str]) -> str:
        pieces = re.split(r"[-_]", found[0])
        mixed = any(len(p) >= 12 and re.search(r"\d", p) and re.search(r"[A-Za-z]", p) for p in pieces) or any(len(p) >= 24 for p in pieces)
        return MASK if mixed or re.search(r"(?:[A-Z].*\d|\d.*[A-Z])", found[0]) else found[0]

    return _compiled(_BEGIN + r"(?:sk|pk|rk)-(?:ant-|proj-|svcacct-|admin-|or-|lf-)?[A-Za-z0-9_\-]{20,}").sub(masked, text)


_PEM_BEGIN = r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"


def _private_keys(text: str) -> str:
    """Blocks from BEGIN to END; one that is cut off, as far as it goes."""
    begin, out, at = _compiled(_PEM_BEGIN), [], 0
    end = 0
    while found := begin.search(text, at):
        start = found.start()
        if 0 <= end < found.end():  # searched once for all the beginnings before it
            end = text.find("-----END", found.end())
        again = begin.search(text, found.end()) if end >= 0 else None
        if end >= 0 and (again is None or again.start() > end):
            tail = _compiled(r"-----END [A-Z0-9 ]{0,60}-----").match(text, end)
            stop = tail.end() if tail else end
        else:
            body = _compiled(r"(?:[A-Za-z0-9+/=\s]|\\[nr])*").match(text, found.end())
            stop = body.end() if body else found.end()
            if stop - found.end() < 20:
                stop = found.end()  # the words alone, in code that looks for them
        block = text[start:stop]
        out.append(text[at:start])
        if stop == found.end():
            out.append(block)
        elif re.search(r"[\"',]", block):  # lines each in quotes: the quotes stay
            out.append(re.sub(r"(?<![\\A-Z])(?!(?:BEGIN|END|PRIVATE|ENCRYPTED|OPENSSH|BLOCK)\b)[A-Za-z0-9+/=]{4,}", MASK, block))
        else:
            out.append(MASK)
        at = stop
    return "".join(out) + text[at:] if out else text


_USER = r"(:\\?/\\?/[^\s/?#:@'\"<>\\]{0,256}:)"
_HOST = r"@(?=[\w\[.\-%{$•(])"


def _urls(text: str) -> str:
    def masked(found: re.Match[str]) -> str:
        return found[0] if blank(found[2]) or not (filled(found[2])) else f"{found[1]}{MASK}@"

    # Up to the last @ before the path; or, where somebody left a slash in it as it was, up to the first @ after one.
    text = _compiled(_USER + r"([^\s/?#'\"<>\\]{1,256})" + _HOST).sub(masked, text)
    text = _compiled(_USER + r"((?!\d{1,5}[/?#])[^\s'\"<>•]{1,256}?)" + _HOST).sub(masked, text)

    def lone(found: re.Match[str]) -> str:
        return f"{found[1]}{MASK}@" if len(found[2]) >= 16 and strong(found[2]) else found[0]

    return _compiled(r"(:\\?/\\?/)([^\s/?#:@'\"<>\\•]{16,256})" + _HOST).sub(lone, text)


def _kept(pattern: str, *, check: Callable[[str], bool] | None = None) -> Callable[[str], str]:
    """Mask group 2 of what `pattern` finds, and keep group 1."""

    def masked(found: re.Match[str]) -> str:
        value = found[2]
        return found[0] if blank(value) or (check and not check(value)) else f"{found[1]}{MASK}"

    return lambda text: _compiled(pattern).sub(masked, text)


def _aws_secrets(text: str) -> str:
    # Forty characters of base64 are anything; beside an access key's id they are its secret.
    def masked(found: re.Match[str]) -> str:
        value = found[0]
        return MASK if re.search("[a-z]", value) and re.search("[A-Z]", value) and re.search(r"\d", value) else value

    if not _compiled(_BEGIN + r"(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])").search(text):
        return text
    return _compiled(r"(?:(?<![A-Za-z0-9+/=\\])|(?<=\\[nrt]))[A-Za-z0-9+/]{40}(?![A-Za-z0-9+/=])").sub(masked, text)


def _cookies(text: str) -> str:
    def line(found: re.Match[str]) -> str:
        return found[1] + re.sub(r"(?<==)[^;\s]{6,}", lambda value: value[0] if blank(value[0]) else MASK, found[2])

    return _compiled(r"(?i)((?:set-)?cookie[\"']?\s{0,3}[:=]\s{0,3}[\"']?)([^\n\"'\\]{1,4096})").sub(line, text)


def _credentials(value: str) -> bool:
    """Whether this is base64 of `user:password`."""
    try:
        user, colon, password = base64.b64decode(value + "=" * (-len(value) % 4), validate=True).decode().partition(":")
    except ValueError:
        return False
    return bool(colon and password) and user.isprintable()


def _in_url(value: str) -> bool:
    return not common(value)


def _simply(pattern: str) -> Callable[[str], str]:
    """Mask all that `pattern` finds."""
    return lambda text: _compiled(pattern).sub(MASK, text)


_STRING = r"[rbuf]?[\"']"
# (a hint that must be there, what must stand in the text in lower case, what masks it); a hint costs nothing to ask for
_RULES: list[tuple[str, str, Callable[[str], str]]] = [
    ("key", "-----begin", _private_keys),
    ("", "", _tokens),
    ("", "q~", _simply(r"(?:(?<![A-Za-z0-9_~.])|(?<=\\[nrt]))[A-Za-z0-9_~.]{3}\dQ~[A-Za-z0-9_~.\-]{31,34}(?![A-Za-z0-9_~.\-])")),  # Azure
    ("", ":aa", _simply(r"(?<!\d)\d{8,10}:AA[A-Za-z0-9_\-]{32,35}(?![A-Za-z0-9_\-])")),  # Telegram
    ("", "hooks.slack", _simply(r"hooks\.slack\.com/(?:services|workflows|triggers)/[A-Za-z0-9+/]{20,}")),
    ("", "@", lambda text: _urls(text) if ":/" in text or ":\\/" in text else text),
    ("bearer", "", _kept(r"(?i)(\bbearer\s{1,4})([A-Za-z0-9._~+/\-]{12,4096}={0,3})", check=strong)),
    ("", "basic ", _kept(r"(?i)(\bbasic\s{1,4})([A-Za-z0-9+/]{8,4096}={0,3})(?![\w\-])", check=_credentials)),
    ("cookie", "", _cookies),
    ("key", "accountkey=", _kept(r"(?i)(AccountKey=)([^;\s\"'\\]{8,})")),
    ("key", "accesskey=", _kept(r"(?i)(AccessKey=)([^;\s\"'\\]{8,})")),
    ("", "sig=", _kept(r"(?i)((?:[?&;]|\\u0026|&amp;|\b)sig=)([A-Za-z0-9%+/=_.\-]{20,})", check=_in_url)),
    ("", "x-amz-", _kept(r"(?i)(x-amz-(?:credential|security-token|signature)=)([A-Za-z0-9%+/=_.\-]{20,})", check=_in_url)),
    ("", "x-goog-sig", _kept(r"(?i)(x-goog-signature=)([A-Za-z0-9%+/=_.\-]{20,})", check=_in_url)),
    ("pass", "login ", _kept(r"(?i)(\blogin\s{1,9}\S{1,200}\s{1,9}password\s{1,9})([^\s\"'\\]{1,512})")),  # .netrc
    ("pass", "set_password(", _kept(r"(set_password\((?:[^,()\n]{1,200},){2}\s{0,9}[\"'])([^\"'\n]{1,512})(?=[\"'])")),  # keyring
    ("pass", "sshpass", _kept(r"(\bsshpass\s{1,9}-p\s{0,3})([^\s\"'\\]{3,200})")),
    ("", "mysql", _kept(r"(\bmysql\w{0,20} [^\n]{0,200}?-p)([^\s\"'\\\-=][^\s\"'\\]{2,200})")),
    ("", "login(", _kept(r"(?i)(\blogin\(\s{0,9}(?:key\s{0,3}=\s{0,3})?[\"'])([0-9a-f]{32,64})(?=[\"'])")),
    ("", "-u", _kept(r"((?:\s|^|[\"'])(?:-u|--user)[\s=\"',]{1,4}[^\s:\"']{1,100}:)([^\s\"'@/\\]{1,200})")),  # curl
    ("auth", "", _kept(
        rf"(?i)((?:basicauth\(|\bauth\s{{0,3}}=\s{{0,3}}[(\[])\s{{0,9}}(?:username\s{{0,3}}=\s{{0,3}})?{_STRING}[^\"'\n]{{0,200}}[\"']"
        rf"\s{{0,9}},\s{{0,9}}(?:password\s{{0,3}}=\s{{0,3}})?{_STRING})([^\"'\n]{{1,512}})(?=[\"'])"
    )),
]  # fmt: skip


def hide(text: str, lower: str, present: set[str]) -> str:
    """`text` without tokens, keys and passwords that show by their form.

    `lower` is the text in lower case, and `present` the hints of secrets' names that are in it.
    """
    for hint, literal, rule in _RULES:
        if (not hint or hint in present) and (not literal or literal in lower):
            text = rule(text)
    return text
