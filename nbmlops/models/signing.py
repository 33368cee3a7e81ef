"""Who stands behind a version: a signature over its folder, in OpenSSF's form, and what a workspace demands of it.

What is signed is the folder as it is written for a clean process, with the version's facts beside it: name, number, metrics, lineage.
Its files are kept, so that the same folder can be made again by whatever nbmlops comes later.
"""

from __future__ import annotations

import json
import tempfile
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec

from nbmlops import plugins
from nbmlops.errors import Damaged, NotFound, Untrusted
from nbmlops.ledger.encode import dump, load, now_text, text
from nbmlops.models import signers
from nbmlops.models.facts import LATER, facts_of
from nbmlops.models.package import ModelFile, write
from nbmlops.models.records import ModelSignature, ModelVersion, Signature, SignatureCheck
from nbmlops.workspace import Workspace

FACTS_FILE = "version.json"
_CORE = {"model", "version", "flavor", "digest", "signature", "run", "dataset", "target", "code", "fixtures"}


def sign(workspace: Workspace, version: ModelVersion, key: Path) -> ModelSignature:
    """Sign a version with a private key; kept are the signature, the signed files and the key's public half."""
    signing = plugins.needs("model_signing.signing", extra="sign", why="Signing a model")
    public = signers.public_half(workspace, key)
    row, put = _row(workspace, version), workspace.blobs.put
    with tempfile.TemporaryDirectory(prefix="nbmlops-sign-") as aside:
        folder, signature = Path(aside) / f"{version.model}-{version.version}", Path(aside) / "model.sig"
        _write(workspace, row, folder)
        signing.Config().use_elliptic_key_signer(private_key=key, password=signers.password()).sign(folder, signature)
        paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
        files = dump({path.relative_to(folder).as_posix(): put(path.read_bytes()) for path in paths})
        kept = {"signer": signers.fingerprint(public), "signature": put(signature.read_bytes()), "key": put(public), "files": files}
    at = workspace.clock()
    with workspace.ledger.write() as tx:
        tx.insert(
            "model_signature", or_replace=True, model=version.model, version=version.version, **kept, signed_at=now_text(at),
            signed_by=workspace.actor,
        )  # fmt: skip
        tx.changed("model", version.model)
        evidence = {"version": version.version, **kept}
        tx.audit(actor=workspace.actor, verb="model.sign", subject=version.model, evidence=evidence, at=at)
    return next(one for one in verified(workspace, version).signatures if one.signer == kept["signer"])


def verified(workspace: Workspace, version: ModelVersion, *, signer: str | None = None) -> SignatureCheck:
    """Each signature of a version, and whether it holds.

    Passed: all hold, and one is by the signer asked for, or by one of those the workspace demands, or, where it demands none, by anyone.
    """
    row, demanded = _row(workspace, version), [signer] if signer is not None else signers.required(workspace)
    found = [_judged(workspace, row, one) for one in _rows(workspace, version)]
    by = {one.signer for one in found}
    passed = all(one.holds for one in found) and bool(by & set(demanded) if demanded else by)
    return SignatureCheck(model=version.model, version=version.version, passed=passed, required=demanded, signatures=found)


def demand(workspace: Workspace, version: ModelVersion) -> None:
    """Nothing where the workspace demands no signature, or where one that it demands holds. Untrusted where none does."""
    demanded = signers.required(workspace)
    if not demanded:
        return
    row, what = _row(workspace, version), f"Version {version.version} of {version.model!r}"
    sign_it = f"%mlops model sign {version.model} {version.version} --key FILE"
    asked = (version.digest, version.flavor, version.signature)
    if asked != (row["digest"], row["flavor"], msgspec.convert(load(row["signature"]), Signature)):
        raise Untrusted(f"{what} is not the one in the registry.", hint="Ask the registry for it again.")
    found = [_judged(workspace, row, one) for one in _rows(workspace, version) if one["signer"] in demanded]
    if not found:
        raise Untrusted(f"{what} bears no signature of those that this workspace demands.", hint=f"Have it signed: {sign_it}")
    if not any(one.holds for one in found):
        raise Untrusted(f"{what} is not what was signed: {found[0].note}.", hint=f"Restore it; or look at it, and sign it anew: {sign_it}")


def _row(workspace: Workspace, version: ModelVersion) -> Any:
    row = workspace.ledger.read_one("SELECT * FROM model_version WHERE model = ? AND version = ?", text(version.model), version.version)
    if row is None:
        raise NotFound(f"Model {version.model[:100]!r} has no version {version.version}.", hint="Look: %mlops model find")
    return row


def _rows(workspace: Workspace, version: ModelVersion) -> list[Any]:
    sql = "SELECT * FROM model_signature WHERE model = ? AND version = ? ORDER BY signed_at, signer"
    return list(workspace.ledger.read(sql, text(version.model), version.version))


def _write(workspace: Workspace, row: Any, folder: Path) -> None:
    """The version's folder, with its facts."""
    flavor = plugins.adapter("flavor", row["flavor"])()
    data = workspace.blobs.get(row["digest"])
    fixtures = workspace.blobs.get(row["fixtures"]) if row["fixtures"] else None
    file = ModelFile(row["flavor"], data, msgspec.convert(load(row["signature"]), Signature), fixtures)
    write(folder, file, flavor.suffix, flavor.names(data))
    (folder / FACTS_FILE).write_text(json.dumps(facts_of(row), indent=1, sort_keys=True) + "\n", "utf-8")


def _judged(workspace: Workspace, row: Any, kept: Any) -> ModelSignature:
    note = None
    try:
        _hold(workspace, row, kept)
    except Exception as error:  # rows and blobs that somebody changed fail in any way
        note = (getattr(error, "message", "") or str(error) or type(error).__name__)[:300].rstrip(".")
    return ModelSignature(
        model=kept["model"], version=kept["version"], signer=kept["signer"], signed_at=datetime.fromisoformat(kept["signed_at"]),
        signed_by=kept["signed_by"], digest=kept["signature"], holds=note is None, note=note,
    )  # fmt: skip


def _hold(workspace: Workspace, row: Any, kept: Any) -> None:
    """Raises where a signature is not by its signer, not over these files, or these are not the version's."""
    files = {str(name): str(digest) for name, digest in load(kept["files"]).items()}
    public, signature = workspace.blobs.get(kept["key"]), workspace.blobs.get(kept["signature"])
    named = json.loads(signature)["verificationMaterial"]["publicKey"]["hint"]
    if not kept["signer"] == signers.fingerprint(public) == f"sha256:{named}":
        raise Damaged("the signature, the key and the signer do not belong together")
    verifying = plugins.needs("model_signing.verifying", extra="sign", why="Verifying a signature")
    with tempfile.TemporaryDirectory(prefix="nbmlops-signed-") as aside:
        folder, key, sig = Path(aside) / "model", Path(aside) / "key.pem", Path(aside) / "model.sig"
        for name, digest in files.items():
            where = PurePosixPath(name)
            if where.is_absolute() or ".." in where.parts:
                raise Damaged(f"{name[:100]!r} is no place in a model's folder")
            (folder / where).parent.mkdir(parents=True, exist_ok=True)
            (folder / where).write_bytes(workspace.blobs.get(digest))
        key.write_bytes(public)
        sig.write_bytes(signature)
        try:
            verifying.Config().use_elliptic_key_verifier(public_key=key).verify(folder, sig)
        except Exception as error:
            raise Damaged(f"the signature does not hold ({str(error)[:150] or type(error).__name__})") from error
        said = json.loads((folder / FACTS_FILE).read_bytes())
    _same(row, said, files)


def _same(row: Any, said: dict[str, Any], files: dict[str, str]) -> None:
    """What was signed is this version: its facts are those of the row, its file the version's, and so are the rows it must answer."""
    now = facts_of(row)
    other = [name for name in sorted(_CORE | set(said) | set(LATER) & set(now)) if name not in said or said[name] != now.get(name)]
    if other:
        raise Damaged(f"its {other[0]} is another than the signed one")
    if row["digest"] not in files.values() or (row["fixtures"] and row["fixtures"] not in files.values()):
        raise Damaged("its file is another than the signed one")
