"""Versions of files that are kept: added, listed, written back; nothing that is there is lost."""

from __future__ import annotations

import os

import pytest

from nbmlops import data
from nbmlops.errors import Damaged, Invalid, NotFound
from nbmlops.workspace import Workspace


@pytest.fixture
def place(tmp_path):
    found = Workspace.at(tmp_path)
    yield found
    found.close()


def test_a_file_is_kept_once_a_version_and_written_back(place, tmp_path):
    file = tmp_path / "in" / "x.csv"
    file.parent.mkdir()
    file.write_text("a\n1\n")
    (first,) = data.add(str(file), workspace=place)
    data.add(str(file), workspace=place)
    file.write_text("a\n2\n")
    (second,) = data.add(str(file), workspace=place)
    assert [one.digest for one in data.versions(str(file), workspace=place)] == [second.digest, first.digest]
    assert first.size_bytes == 4 and place.blobs.get(first.digest) == b"a\n1\n"
    file.write_text("a\n3\n")
    file.chmod(0o640)
    assert data.restore(str(file), digest=first.digest[7:15], workspace=place) == data.versions(workspace=place)[-1]
    assert file.read_text() == "a\n1\n" and file.stat().st_mode & 0o777 == 0o640
    data.restore(str(file), workspace=place)  # what stood there, and was never added by anybody, is the newest
    assert file.read_text() == "a\n3\n"
    data.restore(str(file), digest=second.digest, output=str(tmp_path / "new" / "y.csv"), workspace=place)
    assert (tmp_path / "new" / "y.csv").read_text() == "a\n2\n" and file.read_text() == "a\n3\n"


def test_of_a_folder_every_file_that_is_no_secret(place, tmp_path):
    folder = tmp_path / "set"
    for name in ("a.csv", "deep/b.csv", ".hidden", ".env", "deep/server.key", "credentials.json", ".git/c"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    assert sorted(os.path.relpath(one.path, folder) for one in data.add(str(folder), workspace=place)) == ["a.csv", "deep/b.csv"]
    assert len(data.versions(str(folder), workspace=place)) == 2 == len(data.versions(workspace=place))
    assert data.versions(str(folder / "dee"), workspace=place) == []
    with pytest.raises(Invalid, match="holds secrets"):
        data.add(str(folder / ".env"), workspace=place)


def test_what_is_not_there_or_damaged_is_said_and_nothing_is_written(place, tmp_path):
    with pytest.raises(NotFound, match="There is no file"):
        data.add(str(tmp_path / "nothing"), workspace=place)
    (tmp_path / "empty").mkdir()
    with pytest.raises(NotFound, match="no file in"):
        data.add(str(tmp_path / "empty"), workspace=place)
    file = tmp_path / "x.bin"
    with pytest.raises(NotFound, match="No version of"):
        data.restore(str(file), workspace=place)
    file.write_bytes(bytes(9 << 20))
    (kept,) = data.add(str(file), workspace=place)
    with pytest.raises(NotFound, match="begins with 'ffff'"):
        data.restore(str(file), digest="ffff", workspace=place)
    blob = place.blobs._path(kept.digest)
    blob.chmod(0o600)
    blob.write_bytes(bytes(9 << 20)[:-1] + b"x")
    file.unlink()
    with pytest.raises(Damaged, match="other content"):
        data.restore(str(file), workspace=place)
    assert not file.exists() and not list(tmp_path.glob(".new-*"))
