"""One JupyterLab and one browser for all tests of the panel; a folder and a page of its own for each."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
import pytest

from nbmlops.workspace import Workspace
from tests.browser.lab import CHROMIUM_ARGS, Lab, chromium, jupyter_lab

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """The bundle of this checkout (built if it is stale) in a JupyterLab with settings of its own."""
    subprocess.run([sys.executable, CHECKOUT / "hatch_build.py"], check=True)
    home = tmp_path_factory.mktemp("home")
    place = home / "data" / "labextensions" / "@nbmlops"
    place.mkdir(parents=True)
    (place / "labextension").symlink_to(CHECKOUT / "nbmlops" / "labextension")
    with jupyter_lab(tmp_path_factory.mktemp("lab"), home) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium. Not for the session: while Playwright is open its event loop runs, and no other test can have one."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium(), headless=True, args=CHROMIUM_ARGS)
        yield opened
        opened.close()


@pytest.fixture
def project(lab: Lab) -> Path:
    """A folder of its own in JupyterLab's, with one notebook."""
    folder = lab.root / f"{sum(1 for _ in lab.root.iterdir()) + 1:02}" / "air-time"
    folder.mkdir(parents=True)
    cells = [
        nbformat.v4.new_markdown_cell("# Minutes in the air"),
        nbformat.v4.new_code_cell("%load_ext nbmlops"),
        nbformat.v4.new_code_cell("month = 3", metadata={"tags": ["parameters"]}),
    ]
    spec = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": spec}), folder / "train.ipynb")
    return folder


@pytest.fixture
def workspace(project: Path) -> Iterator[Workspace]:
    """A workspace in the project, written by this process: for the server, always another one."""
    made = Workspace.at(project, actor="ada")
    yield made
    made.close()


@dataclass
class Sight:
    """A page with the panel open, and what went on behind it."""

    page: Any
    panel: Any
    lab: Lab
    abroad: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def section(self, name: str) -> Any:
        return self.panel.locator(f"[data-section={name}]")

    def picture(self, name: str, of: Any = None) -> None:
        """Keep a picture for the documentation, where that is wished."""
        if os.environ.get("NBMLOPS_PICTURES"):
            folder = CHECKOUT / "docs" / "images"
            folder.mkdir(parents=True, exist_ok=True)
            (of or self.page).screenshot(path=folder / f"{name}.png")


@pytest.fixture
def look(lab: Lab, browser: Any, project: Path) -> Iterator[Any]:
    """Open the project's notebook and the panel beside it."""
    contexts = []

    def opened(*, theme: str | None = None, height: int = 1000) -> Sight:
        screen = {"width": 1400, "height": height}
        context = browser.new_context(viewport=screen, device_scale_factor=2, locale="en-GB", timezone_id="UTC")
        contexts.append(context)
        page = context.new_page()
        panel = page.locator("#nbmlops-panel")
        sight = Sight(page, panel, lab)
        home = (lab.base, lab.base.replace("http", "ws"), "data:", "blob:")
        page.on("request", lambda request: None if request.url.startswith(home) else sight.abroad.append(request.url))
        page.on("pageerror", lambda error: sight.errors.append(str(error)))
        page.on("console", lambda message: sight.errors.append(message.text) if message.type == "error" else None)
        page.goto(lab.address(f"{project.relative_to(lab.root)}/train.ipynb"))
        page.wait_for_selector(".jp-NotebookPanel .jp-Notebook .jp-Cell", timeout=90_000)
        if theme:
            page.evaluate("name => window.jupyterapp.commands.execute('apputils:change-theme', {theme: name})", theme)
        page.locator(".jp-SideBar.jp-mod-right li[data-id='nbmlops-panel']").click()
        panel.wait_for()
        return sight

    yield opened
    for context in contexts:
        context.close()
