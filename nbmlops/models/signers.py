"""Keys: whose signatures a workspace demands, and a private key's public half. Private keys are read where they lie, and kept nowhere."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path
from typing import Any

from nbmlops import plugins
from nbmlops.errors import Invalid, NotFound
from nbmlops.workspace import Workspace

PASSWORD = "NBMLOPS_SIGNING_PASSWORD"  # noqa: S105 - the variable's name
CURVES = ("secp256r1", "secp384r1", "secp521r1")
_FINGERPRINT = re.compile(r"sha256:[0-9a-f]{64}")
_MAKE_ONE = "Make one: openssl ecparam -name prime256v1 -genkey -noout -out signing.pem"


def required(workspace: Workspace) -> list[str]:
    """Whose signatures the workspace demands, as fingerprints: `required_signers` of workspace.json names these, or public keys."""
    return [named(said, workspace.root) for said in workspace.required_signers()]


def named(said: str, folder: Path) -> str:
    """The fingerprint of a signer as somebody names it: so, or by a file with a public key. Invalid: nobody is left out in silence."""
    if _FINGERPRINT.fullmatch(said):
        return said
    crypto = _crypto("Reading a public key")
    try:
        return fingerprint(_pem(crypto, crypto.load_pem_public_key((folder / Path(said).expanduser()).read_bytes())))
    except Exception as error:  # what bytes that are no key raise is of many types
        raise Invalid(
            f"The signer {said[:200]!r} is neither a fingerprint nor a file with a public key.",
            hint="A fingerprint is sha256: and what `openssl pkey -in signing.pem -pubout | sha256sum` says.",
        ) from error


def fingerprint(public: bytes) -> str:
    """A public key's fingerprint, from its PEM: what `openssl pkey -pubout | sha256sum` says of it.

    >>> fingerprint(b"")[:15]
    'sha256:e3b0c442'
    """
    return f"sha256:{hashlib.sha256(public).hexdigest()}"


def password() -> bytes | None:
    """The private key's, from the environment: it stands in no command and in no cell."""
    said = os.environ.get(PASSWORD)
    return said.encode() if said else None


def public_half(workspace: Workspace, key: Path) -> bytes:
    """A private key's public half, as PEM. Invalid where it is none to sign with, or where it lies in the workspace's own folder."""
    if key.absolute().resolve().is_relative_to(workspace.folder.resolve()):
        raise Invalid("A private key has no place in the workspace.", hint="Whoever can read the workspace could sign. Keep it elsewhere.")
    crypto = _crypto("Signing a model")
    try:
        public = crypto.load_pem_private_key(key.read_bytes(), password()).public_key()
    except FileNotFoundError:
        raise NotFound(f"There is no key {str(key)[:200]!r}.", hint=_MAKE_ONE) from None
    except TypeError as error:
        raise Invalid(f"{key.name[:200]!r} and the password do not go together.", hint=f"The password is read from {PASSWORD}.") from error
    except Exception as error:  # what bytes that are no key raise is of many types
        raise Invalid(f"{key.name[:200]!r} is no private key that can be read.", hint=_MAKE_ONE) from error
    if getattr(getattr(public, "curve", None), "name", "") not in CURVES:
        raise Invalid(f"{key.name[:200]!r} is no key for such signatures: P-256, P-384 and P-521 are.", hint=_MAKE_ONE)
    return _pem(crypto, public)


def _crypto(why: str) -> Any:
    return plugins.needs("cryptography.hazmat.primitives.serialization", extra="sign", why=why)


def _pem(crypto: Any, public: Any) -> bytes:
    return bytes(public.public_bytes(crypto.Encoding.PEM, crypto.PublicFormat.SubjectPublicKeyInfo))
