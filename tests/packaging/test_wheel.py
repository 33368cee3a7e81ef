"""What is shipped, and that it works where there is no node."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest

import nbmlops

pytestmark = pytest.mark.slow
CHECKOUT = Path(__file__).parents[2]
SHIPPED = "share/jupyter/labextensions/@nbmlops/labextension/"


def run(*command: str | Path, **how: object) -> str:
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, **how)  # type: ignore[call-overload]
    assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def without_node(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment whose PATH has everything but node and npm."""
    folder = tmp_path_factory.mktemp("bin")
    programs = {program.name: program for place in ("/bin", "/usr/bin") for program in Path(place).iterdir()}
    for name, program in programs.items():
        if name not in ("node", "nodejs", "npm", "npx", "corepack"):
            (folder / name).symlink_to(program)
    assert shutil.which("node", path=str(folder)) is None
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "NBMLOPS"))}
    return {**kept, "PATH": str(folder)}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "pip", "wheel", "--no-deps", "-q", "-w", folder, CHECKOUT)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def names(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


def test_the_panel_is_in_the_wheel_where_jupyterlab_looks_and_nowhere_else(names: list[str]):
    bundle = [name for name in names if SHIPPED in name]
    assert any(re.search(r"/static/remoteEntry\.\w+\.js$", name) for name in bundle)
    assert {"package.json", "install.json"} <= {name.rsplit("/", 1)[1] for name in bundle}
    assert not [name for name in names if name.startswith("nbmlops/labextension/")]
    assert len(names) == len(set(names))
    assert sum("remoteEntry" in name for name in names) == 1


def test_the_server_extension_is_switched_on_by_the_wheel(wheel: Path, names: list[str]):
    place = next(name for name in names if name.endswith("etc/jupyter/jupyter_server_config.d/nbmlops.json"))
    with zipfile.ZipFile(wheel) as archive:
        assert json.loads(archive.read(place)) == {"ServerApp": {"jpserver_extensions": {"nbmlops": True}}}


def test_the_wheel_has_its_entry_points_and_migrations(wheel: Path, names: list[str]):
    with zipfile.ZipFile(wheel) as archive:
        points = archive.read(next(name for name in names if name.endswith("entry_points.txt"))).decode()
    for line in ("nbmlops = nbmlops.doors.shell:main", "[papermill.engine]", "[nbmlops.drift_test]"):
        assert line in points
    assert "nbmlops/ledger/migrations/ledger/0001_first.sql" in names


def test_the_wheel_has_no_tests_and_no_typescript(names: list[str]):
    assert not [name for name in names if name.startswith("tests/") or "/test_" in name]
    assert not [name for name in names if name.endswith((".ts", ".tsx")) or "node_modules" in name]


def test_one_version_everywhere(names: list[str]):
    declared = re.search(r'^version = "(.+)"$', (CHECKOUT / "pyproject.toml").read_text("utf-8"), re.MULTILINE)
    panel = json.loads((CHECKOUT / "labextension" / "package.json").read_text("utf-8"))["version"]
    lock = json.loads((CHECKOUT / "labextension" / "package-lock.json").read_text("utf-8"))["version"]
    assert declared is not None
    assert {declared[1], panel, lock} == {nbmlops.__version__}


def test_the_lock_file_names_no_registry():
    lock = json.loads((CHECKOUT / "labextension" / "package-lock.json").read_text("utf-8"))
    assert not [name for name, package in lock["packages"].items() if "resolved" in package]
    assert not [name for name, package in lock["packages"].items() if name and "integrity" not in package]


def test_the_source_distribution_builds_the_same_wheel_without_node(wheel: Path, without_node: dict[str, str], tmp_path: Path):
    run(sys.executable, "-m", "build", "--sdist", "-o", tmp_path, CHECKOUT)
    source = next(tmp_path.glob("*.tar.gz"))
    with tarfile.open(source) as archive:
        inside = archive.getnames()
    assert any("/nbmlops/labextension/static/remoteEntry" in name for name in inside)
    assert not [name for name in inside if "node_modules" in name]
    said = run(sys.executable, "-m", "pip", "wheel", "--no-deps", "-w", tmp_path / "again", source, env=without_node)
    assert "nodejs" not in said
    with zipfile.ZipFile(next((tmp_path / "again").glob("*.whl"))) as again, zipfile.ZipFile(wheel) as first:
        assert {name: again.getinfo(name).CRC for name in again.namelist() if SHIPPED in name} == {
            name: first.getinfo(name).CRC for name in first.namelist() if SHIPPED in name
        }


def test_an_installed_wheel_shows_its_panel_and_its_server_extension_where_no_node_is(
    wheel: Path, without_node: dict[str, str], tmp_path: Path
):
    place = tmp_path / "venv"
    run(sys.executable, "-m", "venv", "--without-pip", place)
    python = place / "bin" / "python"
    site = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())
    # Jupyter and the other dependencies are taken from here: installing them again would cost minutes and prove nothing.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", "utf-8")
    run(sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-deps", "--ignore-installed", wheel)
    environment = {**without_node, "HOME": str(tmp_path), "PATH": f"{place / 'bin'}:{without_node['PATH']}"}
    where = run(python, "-c", "import nbmlops; print(nbmlops.__file__)", env=environment, cwd=tmp_path)
    assert str(place) in where

    # The modules behind `jupyter labextension list` and `jupyter server extension list`: the commands stayed where Jupyter is.
    panels = run(python, "-m", "jupyterlab.labextensions", "list", env=environment, cwd=tmp_path)
    line = next(line for line in panels.splitlines() if "@nbmlops/labextension" in line)
    assert f"v{nbmlops.__version__}" in line
    assert re.search(r"enabled.*OK", line)
    servers = run(python, "-m", "jupyter_server.extension.serverextension", "list", env=environment, cwd=tmp_path)
    assert re.search(r"nbmlops.*enabled", servers)
    assert re.search(rf"nbmlops {re.escape(nbmlops.__version__)}.*OK", servers) or re.search(r"nbmlops.*OK", servers)
