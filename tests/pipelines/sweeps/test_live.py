"""A sweep in a notebook: what its cell shows while it goes, and what stays in the file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from jupyter_client.manager import KernelManager

from tests.pipelines.notebooks import written

pytestmark = pytest.mark.slow


def test_the_table_and_the_plot_fill_as_results_come(folder: Path) -> None:
    steps = "import time; time.sleep(1.2)"
    written(folder / "in.ipynb", steps, "from nbmlops import run\nrun.log({'rmse': alpha ** 2});", parameters="alpha = 1.0\nname = '<img src=x>'")
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(cwd=str(folder), extra_arguments=["--HistoryManager.enabled=False"])
    client = manager.client()
    shown: list[dict[str, Any]] = []

    def run(code: str) -> Any:
        shown.clear()
        return client.execute_interactive(code, timeout=240, output_hook=lambda told: shown.append({"type": told["msg_type"], **told["content"]}))["content"]

    try:
        client.start_channels()
        client.wait_for_ready(timeout=60)
        assert run("%load_ext nbmlops")["status"] == "ok"
        line = "%mlops pipeline sweep in.ipynb --over alpha=[3, 1, 2, 5] --over name=['<img src=x>'] --metric rmse --name live --jobs 1"
        reply = run(line)
        assert reply["status"] == "ok", reply
        tables = [one["data"]["text/html"] for one in shown if "text/html" in one.get("data", {})]
        plots = [one["data"] for one in shown if "application/vnd.plotly.v1+json" in one.get("data", {})]
        made = {one["transient"]["display_id"] for one in shown if one["type"] == "display_data" and "display_id" in one.get("transient", {})}
        updates = [one for one in shown if one["type"] == "update_display_data" and one["transient"]["display_id"] in made]
        assert len(updates) >= 4 and len(tables) >= 3 and len(plots) >= 2, [one["type"] for one in shown]
        lines = [len(plot["application/vnd.plotly.v1+json"]["data"][0]["line"]["color"]) for plot in plots]
        assert lines == sorted(lines) and lines[-1] == 4 > lines[0]
        assert "image/svg+xml" in plots[-1] and "image/svg+xml" not in plots[0], "the picture for the saved file is drawn when all is over"
        rows = [table.count("complete</td>") - 1 for table in tables]  # without the line that counts them
        assert rows == sorted(rows) and rows[-1] == 4 > rows[0] and "<img" not in "".join(tables) and "&lt;img src=x&gt;" in tables[-1]
        assert "%mlops model register MODEL --run run-" in tables[-1]
        assert not [one for one in shown if one["type"] == "execute_result"], "what is there already is not shown twice"

        assert run("found = %mlops pipeline study live\nassert found.best == 1 and found.best_params['alpha'] == 1 and found.passed")["status"] == "ok"
        assert run("found")["status"] == "ok"
        assert [one for one in shown if "application/vnd.plotly.v1+json" in one.get("data", {})], "in a later cell it is shown whole"
        assert run("%mlops pipeline sweep in.ipynb --over alpha=[1] --metric rmse --over beta=[1]")["status"] == "error"
        assert run("%unload_ext nbmlops\nfrom nbmlops.pipelines.sweeps.views import views; assert not views")["status"] == "ok"
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
        manager.cleanup_resources()
