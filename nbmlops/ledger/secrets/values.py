"""What a value looks like on its own: a placeholder, an ordinary word, or something made to be guessed by nobody."""

from __future__ import annotations

import re

MASK = "•••"


def words(text: str) -> frozenset[str]:
    """The words of a list written as text."""
    return frozenset(text.split())


# Values that stand where a secret would, and are none.
COMMON = words(
    """
    true false none null nan yes no on off enabled disabled required optional default auto password passwd secret token key apikey
    api_key username user admin root guest test testing example sample demo dummy placeholder changeme change_me string str text bytes
    int integer float number bool boolean object any dict list tuple varchar char date datetime uuid hidden masked redacted empty
    missing unknown anonymous basic bearer digest oauth oauth2 jwt session cookie local localhost production development staging prod
    dev stage public private internal external utf-8 utf8 ascii json yaml html data value values name names postgres postgresql mysql
    sqlite redis mongo mongodb jupyter python notebook linux darwin windows simple strict normal plain raw base64 sha256 md5 hs256 rs256
    bcrypt argon2 pad eos bos unk sep cls mask self this that return print field column header query body param params cls type class
    optional[str] secretstr invalid expired wrong correct valid incorrect hash hashed encrypted openai anthropic github gitlab google
    azure aws huggingface file env environment keyring prompt stdin nothing something xxx xxxx xxxxxx your-token your-api-key
    your_api_key your_token your-password tokenizer tokens model category string[python] prefer require
    """
)
_BLANK = re.compile(
    r"""[\s*•.xX_\-#…]*                                  # nothing, or stars
    |\$\{[^}]*\}|\$[A-Za-z_]\w*|\$\([^)]*\)|\{\{[^}]*\}\}|\{[^{}]*\}|%\(\w+\)[sdr]|%[sdrf]|%[A-Z_]+%|:\w+|@\w+
    |<[^<>]*>|\[[^\[\]]*\]                              # <your token>, [MASK]
    |\\?["']+""",
    re.X,
)
_HOLE = re.compile(r"\$?\{[^{}]*\}|%\(\w+\)[sdr]|%[sdr]")
_PATHS = re.compile(r"(?:~|\.{1,2})?/(?:[\w.\- ]+/)*[\w.\- ]*|[A-Za-z]:\\.*|[\w\-]+(?:[/\\][\w.\-]+)+\.\w{1,6}|[\w\-. ]+\.[a-z]{1,5}\d?")
_NAMED = re.compile(r"(?:blake3|blake2b|sha1|sha256|sha384|sha512|md5|xxh3|crc32):[0-9a-fA-F]+|(?:run|model|event|ver)-[0-9A-Za-z]+")
_MAIL = re.compile(r"[\w.+\-]+@[\w\-]+(?:\.[\w\-]+)+")
_SLUG = re.compile(r"(?:[A-Za-z]+|\d{1,4})(?:[._\-:/](?:[A-Za-z]+\d{0,2}|[a-z]\d{1,3}|\d{1,4}))+")
_DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+")
_SIGNED = re.compile(r"[a-zA-Z][!@#$%^&*?~+=][a-zA-Z!@#$%^&*?~+=]")
_NUMBER = re.compile(r"[+\-]?\d[\d_]*(?:\.\d*)?(?:[eE][+\-]?\d+)?")


def blank(value: str) -> bool:
    """Whether nothing is there to be hidden: empty, stars, or a place to be filled in.

    >>> blank("{token}"), blank("${DB_PASSWORD}"), blank("<your key>"), blank(""), blank("hunter2")
    (True, True, True, True, False)
    """
    return MASK in value or _BLANK.fullmatch(value) is not None


def filled(value: str) -> bool:
    """Whether a template holds text of its own beside its holes.

    >>> filled("{user}:{password}"), filled("hunter2{salt}")
    (False, True)
    """
    return len(re.sub(r"\W|_", "", _HOLE.sub("", value))) > 0


def common(value: str) -> bool:
    """Whether a value is one that any text may have: a word of configuration, a path, a truth value, a short number.

    >>> common("production"), common("/home/ada/.netrc"), common("0.75"), common("swordfish")
    (True, True, True, False)
    """
    return value.lower() in COMMON or (bool(_NUMBER.fullmatch(value)) and len(value) < 8) or bool(_PATHS.fullmatch(value))


def strong(value: str) -> bool:
    """Whether a value looks made: letters mixed with digits or signs, not a word, path, name, address, digest or number.

    >>> strong("a8f5f167f44f4964e6c998de"), strong("hunter2x!"), strong("tokens_v2"), strong("secret_santa.csv")
    (True, True, False, False)
    """
    size = len(value)
    if size < 6 or size > 4096 or common(value) or any(c.isspace() for c in value):
        return False
    if _NAMED.fullmatch(value) or _MAIL.fullmatch(value) or _SLUG.fullmatch(value) or _DOTTED.fullmatch(value) or _NUMBER.fullmatch(value):
        return False
    if "://" in value or value[0] in "<[({" or not value.isascii():
        return False
    letters, digits = sum(c.isalpha() for c in value), sum(c.isdigit() for c in value)
    signs = size - letters - digits - value.count("_") - value.count("-") - value.count(".")
    if letters and digits:
        return size >= 8 or (signs > 0 and digits > 0)
    if letters and signs:
        return (
            size >= 8
            and letters >= 4
            and not value.isidentifier()
            and re.search(r"[a-zA-Z][!@#$%^&*?~+=][a-zA-Z!@#$%^&*?~+=]", value) is not None
        )
    return letters == size and size >= 20 and value.lower() != value
