"""Made-up secrets of every family, from a seed. They are put together here, so that no file holds anything like a token."""

from __future__ import annotations

import base64
import json
import random
import string
from dataclasses import dataclass

LOWER, UPPER, DIGITS = string.ascii_lowercase, string.ascii_uppercase, string.digits
ALNUM = LOWER + UPPER + DIGITS
HEX = "0123456789abcdef"
B64 = ALNUM + "+/"
URL64 = ALNUM + "-_"
DASHES = "-" * 5


@dataclass(frozen=True)
class Secret:
    """`value` must not be seen; `shown` is what holds it, where the value is told by what stands around it."""

    family: str
    value: str
    shown: str


def _some(rng: random.Random, alphabet: str, size: int) -> str:
    """As services make them: with a digit and a letter wherever the alphabet has both."""
    while True:
        made = "".join(rng.choice(alphabet) for _ in range(size))
        if (any(c.isdigit() for c in made) or not set(DIGITS) & set(alphabet)) and (any(c.isalpha() for c in made) or alphabet == DIGITS):
            return made


# family: (beginning, alphabet, size, end)
_TOKENS = {
    "github": ("gh" + "p_", ALNUM, 36, ""),
    "github app": ("gh" + "s_", ALNUM, 36, ""),
    "github fine-grained": ("github" + "_pat_", ALNUM + "_", 82, ""),
    "gitlab": ("gl" + "pat-", URL64, 20, ""),
    "gitlab runner": ("gl" + "rt-", URL64, 20, ""),
    "aws key id": ("AK" + "IA", UPPER + "234567", 16, ""),
    "aws session key id": ("AS" + "IA", UPPER + "234567", 16, ""),
    "slack app": ("xa" + "pp-1-A0", UPPER + DIGITS, 40, ""),
    "stripe": ("sk_" + "live_", ALNUM, 24, ""),
    "stripe restricted": ("rk_" + "test_", ALNUM, 24, ""),
    "openai": ("sk" + "-proj-", URL64, 74, ""),
    "openai old": ("sk" + "-", ALNUM, 48, ""),
    "anthropic": ("sk" + "-ant-api03-", URL64, 93, "AA"),
    "hugging face": ("h" + "f_", LOWER + UPPER, 34, ""),
    "npm": ("n" + "pm_", ALNUM, 36, ""),
    "pypi": ("py" + "pi-AgEIcHlwaS5vcmc", URL64, 80, ""),
    "twilio": ("S" + "K", HEX, 32, ""),
    "databricks": ("da" + "pi", HEX, 32, ""),
    "wandb": ("wan" + "db_v1_", ALNUM, 40, ""),
    "google api": ("AI" + "za", URL64, 35, ""),
    "google oauth": ("ya" + "29.", URL64, 60, ""),
    "google client": ("GOC" + "SPX-", URL64, 28, ""),
    "digitalocean": ("do" + "p_v1_", HEX, 64, ""),
    "groq": ("gs" + "k_", ALNUM, 52, ""),
    "replicate": ("r" + "8_", ALNUM, 37, ""),
    "vault": ("hv" + "s.", URL64, 90, ""),
    "nvidia": ("nv" + "api-", URL64, 64, ""),
    "grafana": ("gl" + "sa_", ALNUM, 32, "_0a1b2c3d"),
    "telegram": ("1234567890:" + "AA", URL64, 33, ""),
    "azure client": ("abc8" + "Q~", ALNUM, 34, ""),
}


def tokens(seed: int, each: int = 3) -> list[Secret]:
    """Secrets told by their own form, wherever they stand."""
    rng = random.Random(seed)
    found = []
    for family, (begin, alphabet, size, end) in _TOKENS.items():
        for _ in range(each):
            value = begin + _some(rng, alphabet, size - 1) + rng.choice(ALNUM if alphabet == URL64 else alphabet) + end
            found.append(Secret(family, value, value))
    for _ in range(each):
        slack = "xo" + "xb-" + _some(rng, DIGITS, 12) + "-" + _some(rng, DIGITS, 12) + "-" + _some(rng, ALNUM, 24)
        sendgrid = "S" + "G." + _some(rng, ALNUM, 22) + "." + _some(rng, ALNUM, 43)
        parts = [
            base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in ({"alg": "HS256"}, {"sub": rng.random()})
        ]
        jwt = ".".join([*parts, _some(rng, ALNUM, 43)])
        hook = "https://hooks." + "slack.com/services/T" + _some(rng, UPPER + DIGITS, 8) + "/B" + _some(rng, UPPER + DIGITS, 8) + "/"
        path = _some(rng, ALNUM, 24)
        found += [
            Secret("slack", slack, slack),
            Secret("sendgrid", sendgrid, sendgrid),
            Secret("jwt", jwt, jwt),
            Secret("slack hook", path, hook + path),
        ]
        found += _urls(rng) + _keys(rng) + _azure(rng)
    return found


def _urls(rng: random.Random) -> list[Secret]:
    word = _some(rng, ALNUM, 12)
    return [
        Secret("url", word, f"postgresql://ada:{word}@db.example.org:5432/x"),
        Secret("url percent", f"{word}%40%2F{word}", f"mysql+pymysql://ada:{word}%40%2F{word}@db/x"),
        Secret("url @", f"{word}p@{word}", f"mongodb+srv://ada:{word}p@{word}@db.example.org/x?w=1"),
        Secret("url slash", f"{word}s/{word}", f"postgresql://ada:{word}s/{word}@db/x"),
        Secret("url no user", f"{word}r", f"redis://:{word}r@cache:6379/0"),
        Secret("url git", f"{word}g{word}", f"https://oauth2:{word}g{word}@gitlab.example.org/ada/x.git"),
        Secret("url query", f"{word}q", f"https://example.org/x.csv?a=1&token={word}q&b=2"),
        Secret(
            "basic",
            base64.b64encode(f"ada:{word}b".encode()).decode(),
            "Authorization: Basic " + base64.b64encode(f"ada:{word}b".encode()).decode(),
        ),
        Secret("bearer", f"{word}x{word}", f"authorization: Bearer {word}x{word}"),
    ]


def _keys(rng: random.Random) -> list[Secret]:
    lines = [_some(rng, B64, 64) for _ in range(5)] + [_some(rng, B64, 30) + "=="]
    found = []
    for kind in ("RSA PRIVATE KEY", "PRIVATE KEY", "OPENSSH PRIVATE KEY"):
        whole = f"{DASHES}BEGIN {kind}{DASHES}\n" + "\n".join(lines) + f"\n{DASHES}END {kind}{DASHES}"
        found.append(Secret("pem", lines[2], whole))
        found.append(Secret("pem escaped", lines[-1], json.dumps({"type": "service_account", "private_key": whole + "\n"})))
        lines = [_some(rng, B64, 64) for _ in range(5)] + [_some(rng, B64, 30) + "=="]
    return found


def _azure(rng: random.Random) -> list[Secret]:
    key, signature = _some(rng, B64, 86) + "==", _some(rng, ALNUM, 43)
    return [
        Secret("azure storage", key, f"DefaultEndpointsProtocol=https;AccountName=ada;AccountKey={key};EndpointSuffix=core.windows.net"),
        Secret("azure sas", signature, f"https://ada.blob.core.windows.net/x?sv=2024-01-01&se=2026-01-01&sr=b&sp=r&sig={signature}%3D"),
        Secret("odbc", signature[:12], f"Driver={{ODBC Driver 18 for SQL Server}};Server=db;UID=ada;PWD={signature[:12]};Encrypt=yes"),
        Secret("dsn", signature[12:24], f"host=db port=5432 dbname=x user=ada password={signature[12:24]} sslmode=require"),
    ]


NAMES = (
    "password", "db_password", "DB_PASSWORD", "passwd", "smtp_passwd", "pwd", "api_key", "apikey", "API_KEY", "OPENAI_API_KEY", "secret",
    "client_secret", "SECRET_KEY", "secret_key", "aws_secret_access_key", "private_key", "access_token", "auth_token", "GITHUB_TOKEN",
    "refresh_token", "accessToken", "apiKey", "clientSecret", "dbPassword", "passphrase", "credentials", "encryption_key", "account_key",
    "WANDB_API_KEY", "HF_TOKEN", "password_prod", "PGPASSWORD", "redis_password", "token", "bearer_token", "session_token", "passwort",
)  # fmt: skip


def passwords(seed: int, size: int = 40) -> list[str]:
    """Values that only a name tells: long and short, with signs, spaces, quotes, other alphabets."""
    rng = random.Random(seed)
    made = []
    for at in range(size):
        word = _some(rng, ALNUM, rng.choice((8, 10, 12, 16, 24, 40)))
        # Where signs are asked for, the quotes and the backslash come in as well.
        sign = ("", "!", "#", "$", "%", "&x", "+", "/", "=", "?", "@", "é", "ß", " x", ":", ";", "~", "^")[at % 18]
        cut = rng.randrange(3, len(word) - 2)
        made.append(word[:cut] + sign + word[cut:])
    return made


# How a value stands under a name in text. `{n}` the name, `{v}` the value; the value is put in as Python or JSON spell it.
QUOTED = (
    "{n} = {v}", "{n}={v}", "connect(host='db', {n}={v}, timeout=3)", "{n}: str = {v}", "config['{n}'] = {v}",
    'os.environ["{n}"] = {v}', "os.environ.setdefault('{n}', {v})", "settings = {{'user': 'ada', '{n}': {v}}}", "if {n} == {v}:\n    pass",
    "self.{n} = {v}", "{n} = (\n    {v}\n)", "x = f(\n    {n}={v},\n)", "{n} = b64 + {v}", "class Settings:\n    {n}: str = {v}",
    "{n} = SecretStr({v})", "monkeypatch.setenv('{n}', {v})", "subprocess.run(['x', '--{n}', {v}])", "dict({n}={v})", "df.{n} = {v}",
)  # fmt: skip
BARE = (
    "export {N}={v}", "%env {N}={v}", "!export {N}={v} && run", "{N}={v}", "tool --{n} {v}", "tool --{n}={v} --verbose",
    "curl 'https://example.org/?a=1&{n}={v}'", "docker run -e {N}={v} image",
)  # fmt: skip
