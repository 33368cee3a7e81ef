"""What a person can ask of signatures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from nbmlops.models import signers, signing
from nbmlops.models.records import ModelSignature, SignatureCheck
from nbmlops.models.registry import Registry
from nbmlops.verb import verb
from nbmlops.workspace import Workspace, use


@verb(None)
def sign(
    model: Annotated[str, "its name"],
    version: Annotated[int, "which version"],
    *,
    key: Annotated[str, "a file with a private key (PEM; P-256, P-384 or P-521); its password is read from NBMLOPS_SIGNING_PASSWORD"],
    workspace: Workspace | None = None,
) -> ModelSignature:
    """Sign a version: its file, what it takes, the rows it must answer, its metrics and its lineage; the private key is kept nowhere.

    `required_signers` in workspace.json (fingerprints, or files of public keys) says whose signature a version must bear before it is
    loaded or promoted: one of them is enough.
    """
    place = use(workspace)
    return signing.sign(place, Registry(place).version(model, version), Path(key).expanduser())


@verb("GET /models/{model}/versions/{version}/signatures")
def verify(
    model: Annotated[str, "its name"],
    version: Annotated[int, "which version"],
    *,
    signer: Annotated[str | None, "whose signature it must bear: a fingerprint, or a file with a public key"] = None,
    workspace: Workspace | None = None,
) -> SignatureCheck:
    """Verify a version's signatures: who signed it, and whether it is what was signed, to the byte."""
    place = use(workspace)
    by = signers.named(signer, Path.cwd()) if signer is not None else None
    return signing.verified(place, Registry(place).version(model, version), signer=by)
