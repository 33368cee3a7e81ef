"""A signed version is what was signed, to the byte; where signatures are demanded, nothing else is loaded or promoted."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from sklearn.linear_model import Ridge

from nbmlops.doors.display import html_of
from nbmlops.doors.shell import main
from nbmlops.errors import Invalid, NotFound, Untrusted
from nbmlops.models import audit_verbs, loading, verbs
from nbmlops.models import signing_verbs as signatures
from nbmlops.models.flavors.sklearn import SklearnFlavor
from nbmlops.models.records import Signature, SignatureColumn
from nbmlops.models.registry import Registry
from nbmlops.runs import audit_verbs as trail
from nbmlops.serving.served import Served
from nbmlops.settings import FILE
from nbmlops.workspace import Workspace

PEM, SPKI, PKCS8 = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo, serialization.PrivateFormat.PKCS8


def key(folder, name, *, private=None, password=None):
    """A private key's file, and its public half's beside it."""
    private = private or ec.generate_private_key(ec.SECP256R1())
    locked = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    file = folder / f"{name}.pem"
    file.write_bytes(private.private_bytes(PEM, PKCS8, locked))
    file.with_suffix(".pub").write_bytes(private.public_key().public_bytes(PEM, SPKI))
    return file


@pytest.fixture
def keys(tmp_path_factory):
    """Two people's keys, elsewhere."""
    folder = tmp_path_factory.mktemp("keys")
    return key(folder, "ada"), key(folder, "eve")


@pytest.fixture(scope="module")
def _registered(tmp_path_factory):
    """Versions 1 and 2 are the same bytes, 3 is another model; not proved in a process, which is not what is asked here."""
    place = Workspace.at(tmp_path_factory.mktemp("registered"), actor="ada")
    frame = pd.DataFrame({"a": np.arange(20.0)})
    inputs = [SignatureColumn(name="a", type="float", nullable=False)]
    fixtures = place.blobs.put(b'{"rows": [], "predictions": [], "scores": null}\n')
    for run, alpha in (("run-1", 1.0), ("run-2", 1.0), ("run-3", 9.0)):
        data = SklearnFlavor().save(Ridge(alpha).fit(frame, frame["a"]))
        Registry(place).add(
            "m", flavor="sklearn", digest=place.blobs.put(data), size_bytes=len(data), signature=Signature(inputs=inputs, outputs=[]),
            metrics={"mae": float("nan")}, run=run, dataset="blake3:d", target=None, estimator="Ridge", description="", fixtures=fixtures,
        )  # fmt: skip
    place.close()
    return place.root


@pytest.fixture
def place(_registered, tmp_path):
    """A copy that a test may spoil."""
    shutil.copytree(_registered, tmp_path / "work")
    made = Workspace.at(tmp_path / "work", actor="ada")
    yield made
    made.close()


def demand(place, *who):
    path = place.folder / FILE
    path.write_text(json.dumps({**json.loads(path.read_text()), "required_signers": list(who)}))


def spoil(place, digest):
    """Flip a bit of a blob's last byte."""
    path = place.blobs._path(digest)
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


def put_other(place, digest, change):
    """Another blob, made of this one."""
    return place.blobs.put(change(place.blobs.get(digest)))


def change(place, sql, *values):
    with place.ledger.write() as tx:
        tx.run(sql, *values)


def test_what_was_signed_verifies_and_the_private_key_stays_where_it_is(place, keys):
    ada, eve = keys
    made = signatures.sign("m", 1, key=str(ada), workspace=place)
    assert made.holds and made.signed_by == "ada"
    check = signatures.verify("m", 1, workspace=place)
    assert check.passed and [one.signer for one in check.signatures] == [made.signer]
    assert signatures.verify("m", 1, signer=str(ada.with_suffix(".pub")), workspace=place).passed
    assert signatures.verify("m", 1, signer=made.signer, workspace=place).passed
    assert not signatures.verify("m", 1, signer=str(eve.with_suffix(".pub")), workspace=place).passed
    assert not signatures.verify("m", 2, workspace=place).passed
    event = trail.find(subject="m", workspace=place)[0]
    assert (event.verb, event.evidence["signer"], event.evidence["version"]) == ("model.sign", made.signer, 1)
    assert made.signer in html_of(check)
    secret = ada.read_bytes().splitlines()[1]
    assert not [path for path in place.root.rglob("*") if path.is_file() and secret in path.read_bytes()]
    assert made.signer == f"sha256:{hashlib.sha256(ada.with_suffix('.pub').read_bytes()).hexdigest()}"


def test_the_signature_is_one_that_others_can_verify(place, keys, tmp_path):
    made = signatures.sign("m", 1, key=str(keys[0]), workspace=place)
    row = place.ledger.read_one("SELECT * FROM model_signature")
    for name, digest in json.loads(row["files"]).items():
        file = tmp_path / "model" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(place.blobs.get(digest))
    (tmp_path / "model.sig").write_bytes(place.blobs.get(made.digest))
    command = [
        sys.executable,
        "-m",
        "model_signing",
        "verify",
        "key",
        "model",
        "--signature",
        "model.sig",
        "--public_key",
        keys[0].with_suffix(".pub"),
    ]
    assert subprocess.run(command, cwd=tmp_path, capture_output=True).returncode == 0
    (tmp_path / "model" / "version.json").write_text("{}")
    assert subprocess.run(command, cwd=tmp_path, capture_output=True).returncode != 0


def test_where_signatures_are_demanded_only_what_they_signed_is_loaded_and_promoted(place, keys):
    registry, (ada, eve) = Registry(place), keys
    verbs.promote("m", 3, workspace=place)
    demand(place, "sha256:" + "0" * 64, str(ada.with_suffix(".pub")))  # one of them is enough
    with pytest.raises(Untrusted, match="Version 3"):
        Served(place, "live", "m", "champion", "token").load()  # no server answers with it
    signatures.sign("m", 1, key=str(ada), workspace=place)
    signatures.sign("m", 2, key=str(eve), workspace=place)
    assert loading.load(place, registry.version("m", 1)).predict(pd.DataFrame({"a": [1.0]})).shape == (1,)
    assert verbs.promote("m", 1, workspace=place).version == 1
    for number in (2, 3):
        for ask in (
            lambda number=number: loading.load(place, registry.version("m", number)),
            lambda number=number: verbs.promote("m", number, workspace=place),
        ):
            with pytest.raises(Untrusted, match=f"Version {number} of 'm' bears no signature") as refused:
                ask()
            assert f"model sign m {number}" in refused.value.hint
    with pytest.raises(Untrusted, match="Version 3"):
        verbs.rollback("m", workspace=place)  # what nobody may load is no place to go back to
    assert registry.alias("m", "champion").version == 1


@pytest.mark.parametrize("what", ["digest", "signature", "key", "version.json", "code/nbmlops_model.py", "fixtures"])
def test_a_flipped_byte_of_anything_that_is_signed_is_refused(place, keys, what):
    made = signatures.sign("m", 1, key=str(keys[0]), workspace=place)
    demand(place, made.signer)
    version, row = Registry(place).version("m", 1), place.ledger.read_one("SELECT * FROM model_signature")
    files = json.loads(row["files"])
    spoil(place, row[what] if what in ("signature", "key") else files.get(what) or getattr(version, what))
    check = signatures.verify("m", 1, workspace=place)
    assert not check.passed and "other content than its name says" in check.signatures[0].note
    for ask in (lambda: loading.load(place, version), lambda: verbs.promote("m", 1, workspace=place)):
        with pytest.raises(Untrusted, match="is not what was signed"):
            ask()


def _flipped(data):
    return data[:-40] + bytes([data[-40] ^ 1]) + data[-39:]


def _signature_flipped(data):
    bundle = json.loads(data)
    sig = bundle["dsseEnvelope"]["signatures"][0]["sig"]
    bundle["dsseEnvelope"]["signatures"][0]["sig"] = sig[:20] + ("A" if sig[20] != "A" else "B") + sig[21:]
    return json.dumps(bundle).encode()


def _without_hint(data):
    bundle = json.loads(data)
    del bundle["verificationMaterial"]["publicKey"]["hint"]
    return json.dumps(bundle).encode()


@pytest.mark.parametrize("spoiled", [_flipped, _signature_flipped, _without_hint, lambda data: b"{}", lambda data: b"\x00"])
def test_another_signature_in_its_place_is_refused(place, keys, spoiled):
    made = signatures.sign("m", 1, key=str(keys[0]), workspace=place)
    change(place, "UPDATE model_signature SET signature = ?", put_other(place, made.digest, spoiled))
    assert not signatures.verify("m", 1, workspace=place).passed


def test_another_versions_signature_is_refused_though_its_bytes_are_the_same(place, keys):
    made = signatures.sign("m", 1, key=str(keys[0]), workspace=place)
    demand(place, made.signer)
    change(place, "INSERT INTO model_signature SELECT model, 2, signer, signature, key, files, signed_at, signed_by FROM model_signature")
    assert Registry(place).version("m", 2).digest == Registry(place).version("m", 1).digest
    with pytest.raises(Untrusted, match=r"Version 2 of 'm' is not what was signed: its \w+ is another"):
        verbs.promote("m", 2, workspace=place)
    assert {one.table for one in audit_verbs.verify(workspace=place).damage} == {"model_signature"}


def test_another_key_with_the_signers_name_is_refused(place, keys):
    ada, eve = keys
    theirs, mine = (signatures.sign("m", 1, key=str(one), workspace=place) for one in (eve, ada))
    demand(place, mine.signer)
    rows = {row["signer"]: row for row in place.ledger.read("SELECT * FROM model_signature")}
    change(place, "UPDATE model_signature SET signature = ? WHERE signer = ?", theirs.digest, mine.signer)
    with pytest.raises(Untrusted, match="do not belong together"):
        verbs.promote("m", 1, workspace=place)
    change(place, "UPDATE model_signature SET key = ? WHERE signer = ?", rows[theirs.signer]["key"], mine.signer)
    with pytest.raises(Untrusted, match="do not belong together"):
        verbs.promote("m", 1, workspace=place)


def test_a_version_whose_facts_were_edited_is_not_the_one_that_was_signed(place, keys):
    made = signatures.sign("m", 1, key=str(keys[0]), workspace=place)
    demand(place, made.signer)
    version, other = Registry(place).version("m", 1), Registry(place).version("m", 3)
    with pytest.raises(Untrusted, match="not the one in the registry"):
        loading.load(place, replace(version, digest=other.digest))
    for column, value in (("digest", other.digest), ("metrics", '{"mae": 0.1}'), ("dataset", "blake3:other"), ("run", None)):
        before = place.ledger.read_one(f"SELECT {column} AS it FROM model_version WHERE version = 1")["it"]
        change(place, f"UPDATE model_version SET {column} = ? WHERE version = 1", value)
        with pytest.raises(Untrusted, match=f"its {column} is another than the signed one"):
            loading.load(place, Registry(place).version("m", 1))
        change(place, f"UPDATE model_version SET {column} = ? WHERE version = 1", before)
    assert loading.load(place, version)


def test_a_file_list_that_leaves_the_folder_writes_nothing_there(place, keys, tmp_path):
    signatures.sign("m", 1, key=str(keys[0]), workspace=place)
    for name in ("../escaped", str(tmp_path / "escaped"), "a/../../escaped"):
        files = json.loads(place.ledger.read_one("SELECT files FROM model_signature")["files"])
        change(place, "UPDATE model_signature SET files = ?", json.dumps({name: files["version.json"], **files}))
        assert "no place in a model's folder" in signatures.verify("m", 1, workspace=place).signatures[0].note
    assert not list(tmp_path.rglob("escaped"))


def test_a_key_with_a_password_and_keys_that_sign_nothing(place, keys, tmp_path, monkeypatch):
    locked = key(tmp_path, "locked", password=b"a long word")
    with pytest.raises(Invalid, match="password do not go together"):
        signatures.sign("m", 1, key=str(locked), workspace=place)
    monkeypatch.setenv("NBMLOPS_SIGNING_PASSWORD", "a long word")
    assert signatures.sign("m", 1, key=str(locked), workspace=place).holds
    with pytest.raises(Invalid, match="password do not go together"):
        signatures.sign("m", 1, key=str(keys[0]), workspace=place)
    monkeypatch.setenv("NBMLOPS_SIGNING_PASSWORD", "another")
    with pytest.raises(Invalid, match="no private key that can be read"):
        signatures.sign("m", 1, key=str(locked), workspace=place)
    monkeypatch.delenv("NBMLOPS_SIGNING_PASSWORD")
    for private in (rsa.generate_private_key(public_exponent=65537, key_size=2048), ec.generate_private_key(ec.SECP256K1())):
        with pytest.raises(Invalid, match="no key for such signatures"):
            signatures.sign("m", 1, key=str(key(tmp_path, "other", private=private)), workspace=place)
    with pytest.raises(Invalid, match="no private key that can be read"):
        signatures.sign("m", 1, key=str(keys[0].with_suffix(".pub")), workspace=place)
    with pytest.raises(NotFound, match="no key"):
        signatures.sign("m", 1, key=str(tmp_path / "none.pem"), workspace=place)
    with pytest.raises(Invalid, match="no place in the workspace"):
        signatures.sign("m", 1, key=str(shutil.copy(keys[0], place.folder / "mine.pem")), workspace=place)


@pytest.mark.parametrize("who", ["nobody.pub", "", "sha256:12", "x\0y", "sha256:" + "G" * 64])
def test_a_signer_that_is_none_lets_nothing_pass(place, keys, who):
    signatures.sign("m", 1, key=str(keys[0]), workspace=place)
    demand(place, who)
    for ask in (lambda: loading.load(place, Registry(place).version("m", 1)), lambda: verbs.promote("m", 1, workspace=place)):
        with pytest.raises(Invalid, match="neither a fingerprint nor a file"):
            ask()


def test_a_signer_may_be_named_by_a_file_beside_the_notebooks_and_the_shell_says_what_passed(place, keys, capsys):
    shutil.copy(keys[0].with_suffix(".pub"), place.root / "release.pub")
    demand(place, "release.pub")
    here = ["--workspace", str(place.root)]
    assert main(["model", "verify", "m", "1", *here]) == 1
    assert main(["model", "sign", "m", "1", "--key", str(keys[0]), *here]) == 0
    assert main(["model", "verify", "m", "1", *here]) == 0
    assert "sha256:" in capsys.readouterr().out
    assert main(["model", "promote", "m", "1", *here]) == 0
    assert main(["model", "promote", "m", "2", *here]) == 1
