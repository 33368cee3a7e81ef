"""Whether a name says that its value is a secret: `db_password` does, `password_length` and `max_tokens` do not."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

from nbmlops.ledger.secrets.values import words

Says = Literal["password", "secret", "maybe", "no"]

# What a secret's name has in it, in lower case: where none of these stands in a text, no name in it says "secret".
HINTS = (
    "pass", "pw", "secret", "token", "key", "cred", "auth", "bearer", "cookie", "kennwort", "contrase", "senha", "пароль", "密码",
    "パスワード",
)  # fmt: skip

_PASSWORDS = words("password passwd passwort passphrase passcode pwd pin kennwort contraseña contrasena senha пароль 密码 パスワード")
_PLURAL = words("passwords passwds passphrases passcodes pwds")
_SECRETS = words("secret credential credentials creds apikey authtoken accesstoken authkey secretkey accesskey privatekey")
_PERHAPS = words("token tokens secrets pass pw auth bearer cookie cookies otp passkey authorization")
# `key` alone is the commonest word there is; what stands before it decides.
_KEYS = words(
    """
    api access secret private account encryption signing shared master service subscription deploy client auth ssh hmac jwt license
    admin sas storage security fernet decryption webhook app publishable wandb openai anthropic hf
    """
)
_TOKENS = words(
    """
    access auth api refresh bearer bot github gitlab gh hf huggingface session oauth oauth2 slack deploy personal security csrf npm pypi
    wandb telegram discord vault databricks secret user jupyter hub sas id jwt app admin registry service
    """
)
# Words before `token` that language models and parsers put there.
_OF_TEXT = words(
    """
    n num max min total pad eos bos unk sep cls mask special stop next prev previous first last input output prompt completion new word
    sub start end begin image text vocab per lower upper extra added current cur cached reasoning audio count generated each this that
    the a tok subword char decoder encoder target source left right open close
    """
)
# What a name is about when it ends so: not the secret itself.
_ABOUT = words(
    """
    length len count counts size name names type types url uri path paths file filename dir folder field fields column columns col cols
    policy regex pattern patterns expires expiry expiration expire ttl min max limit index idx ids map set list vocab embedding
    embeddings usage budget version env var header headers prefix suffix format label labels hint prompt input inputs store manager
    provider class mode enabled disabled required reset strength endpoint santa score scores rate ratio frequency freq dim dims
    classifier classification handler method methods scheme schemes function func fn factory callback parser pos position positions
    offset offsets span spans overlap sock socket agent backend error errors exception message title description doc docs help
    placeholder visible hidden shape dtype logits probs prob weights weight loss id at on by for to from is in of day date time level
    levels dict cls group groups rule rules sort order entropy buffer stream sharing sequence sequences per only source attempts retries
    checker validator page form view button info status state event events
    """
)
# Words that say which one, or in what spelling; the name before them still holds.
_WHICH = words(
    """
    prod production dev development test testing staging stage live old new backup main primary secondary default value val str string
    text plain raw db database b64 base64 encoded hex local remote a b x y file1 current
    """
)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_BETWEEN = re.compile(r"[\W_]+")


@lru_cache(maxsize=8192)
def says(name: str) -> Says:
    """What a name says of its value: a password, another secret, perhaps one (then the value's form decides), or nothing.

    >>> says("db_password"), says("apiKey"), says("FOO_TOKEN"), says("token")
    ('password', 'secret', 'secret', 'maybe')
    >>> says("max_tokens"), says("tokenizer"), says("author"), says("password_length"), says("sort_keys"), says("primary_key")
    ('no', 'no', 'no', 'no', 'no', 'no')
    """
    # `APIKeys`, `PASSWORD_1`, `smtp.password`, `estimator__api_key`: words, in lower case, numbers aside
    parts = [part for part in _BETWEEN.split(_CAMEL.sub(" ", name[-100:]).lower()) if part and not part.isdigit()]
    parts = [part.rstrip("0123456789") or part for part in parts]
    after: list[str] = []
    while parts:
        found = _ending(parts, name)
        if found != "no":
            break
        after.append(parts.pop())
    else:
        return "no"
    if any(part in _ABOUT for part in after):
        return "no"
    return found if all(part in _WHICH for part in after) else "maybe"


def _ending(parts: list[str], name: str) -> Says:
    last = parts[-1]
    before = parts[-2] if len(parts) > 1 else ""
    if last in _PASSWORDS or last.endswith(("password", "passwd", "passphrase")):
        return "password"
    if last in _PLURAL or last in _SECRETS or last.endswith(("secret", "apikey")):
        return "secret"
    if last in ("key", "keys"):
        return "secret" if before in _KEYS else "no"
    if last in ("token", "tokens"):
        if before in _OF_TEXT:
            return "no"
        loud = bool(before) and name.isupper()  # as variables of the environment are written
        return "secret" if last == "token" and (before in _TOKENS or loud) else "maybe"
    if last == "pass":
        return "maybe" if before or name.isupper() else "no"
    return "maybe" if last in _PERHAPS else "no"
