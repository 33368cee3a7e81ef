"""A real `jupyter lab` on loopback and a real Chromium to look at it with."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

INSTALL = "Chromium is needed to test the panel: apt-get install chromium (or name one: NBMLOPS_CHROMIUM)."
CHROMIUM_ARGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--force-color-profile=srgb",
]  # fmt: skip
QUIET = {
    "@jupyterlab/apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True},
    "@jupyterlab/notebook-extension/tracker": {"windowingMode": "none"},
}


def chromium() -> str:
    """Where the browser is; a missing one is a failure, since nothing else tests the panel."""
    named = os.environ.get("NBMLOPS_CHROMIUM")
    found = named or shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not found:
        raise RuntimeError(INSTALL)
    return found


@dataclass(frozen=True)
class Lab:
    """A running JupyterLab: its folder, address and token."""

    root: Path
    base: str
    token: str

    def address(self, notebook: str | None = None) -> str:
        """What to open; a saved layout is not taken up."""
        tree = f"/tree/{notebook}" if notebook else ""
        return f"{self.base}/lab{tree}?token={self.token}&reset"


@contextlib.contextmanager
def jupyter_lab(root: Path, home: Path) -> Iterator[Lab]:
    """Start, wait until it answers, stop. Settings and everything it writes are in `home`; notebooks in `root`."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    token = secrets.token_hex(16)
    folders = {name: home / name for name in ("config", "data", "runtime", "ipython", "settings", "workspaces")}
    for name, content in QUIET.items():
        path = folders["settings"] / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content), "utf-8")
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("JPY_", "NBMLOPS_"))},
        "JUPYTER_CONFIG_DIR": str(folders["config"]), "JUPYTER_DATA_DIR": str(folders["data"]),
        "JUPYTER_PREFER_ENV_PATH": "0", "JUPYTER_RUNTIME_DIR": str(folders["runtime"]), "IPYTHONDIR": str(folders["ipython"]),
        "JUPYTERLAB_SETTINGS_DIR": str(folders["settings"]), "JUPYTERLAB_WORKSPACES_DIR": str(folders["workspaces"]),
    }  # fmt: skip
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1", f"--port={port}", "--ServerApp.port_retries=0",
        f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={root}", "--allow-root",
        "--ServerApp.allow_unauthenticated_access=False", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LabApp.extension_manager=readonly", "--LabApp.expose_app_in_browser=True", "--ServerApp.terminals_enabled=False",
    ]  # fmt: skip
    said = home / "lab.log"
    with said.open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=environment, cwd=home, start_new_session=True)
        lab = Lab(root, f"http://127.0.0.1:{port}", token)
        try:
            _wait(lab, process, said)
            yield lab
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def _wait(lab: Lab, process: subprocess.Popen[bytes], said: Path) -> None:
    request = urllib.request.Request(lab.base + "/api/status", headers={"Authorization": f"token {lab.token}"})
    for _ in range(1200):
        try:
            urllib.request.urlopen(request, timeout=5).close()
            return
        except OSError:
            if process.poll() is not None:
                break
            time.sleep(0.1)
    raise RuntimeError(f"jupyter lab did not start:\n{said.read_text('utf-8', 'replace')[-4000:]}")
