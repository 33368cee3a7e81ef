"""The notebook's door in a real kernel: what the front end is told."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.manager import KernelManager

pytestmark = pytest.mark.slow


class Kernel:
    """A kernel, asked as a front end asks."""

    def __init__(self, client: BlockingKernelClient) -> None:
        self.client = client

    def run(self, code: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """The reply, and everything shown, in order."""
        shown: list[dict[str, Any]] = []
        reply = self.client.execute_interactive(textwrap.dedent(code), timeout=60, output_hook=shown.append)
        return reply["content"], [message["content"] | {"type": message["msg_type"]} for message in shown]

    def complete(self, code: str) -> tuple[list[str], str]:
        """What is offered at the end of `code`, and what it replaces."""
        reply = self.client.complete(code, len(code), reply=True, timeout=60)["content"]
        return reply["matches"], code[reply["cursor_start"] : reply["cursor_end"]]


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    folder = tmp_path_factory.mktemp("kernel")
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(cwd=str(folder), extra_arguments=["--HistoryManager.enabled=False"])
    client = manager.client()
    client.start_channels()
    client.wait_for_ready(timeout=60)
    made = Kernel(client)
    assert made.run("%load_ext nbmlops")[0]["status"] == "ok"
    yield made
    client.stop_channels()
    manager.shutdown_kernel(now=True)
    manager.cleanup_resources()


def bundles(shown: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [content["data"] for content in shown if content["type"] in ("display_data", "execute_result")]


def test_a_list_is_an_html_table_with_text_beside_it(kernel: Kernel) -> None:
    kernel.run("%%mlops run '<b>one</b>' -p depth=3\n%mlops run log mae=3.5 --step 1\n%mlops run log mae=3.0 --step 2")
    kernel.run("%%mlops run two\n%mlops run log mae=4.5")
    _, shown = kernel.run("%mlops run find")
    (table,) = bundles(shown)
    assert "&lt;b&gt;one&lt;/b&gt;" in table["text/html"] and "two" in table["text/plain"]


@pytest.mark.parametrize(
    ("told", "clickable"), [({"cellId": "a1"}, True), ({"cellId": "a1", "nbmlops": {"path": "x"}}, False), ({}, False)]
)
def test_the_explorer_is_there_only_where_somebody_can_click(told: dict[str, Any], clickable: bool, kernel: Kernel) -> None:
    kernel.client.session.metadata = told
    _, shown = kernel.run("%mlops run find")
    kernel.client.session.metadata = {}
    assert ["application/vnd.jupyter.widget-view+json" in bundle for bundle in bundles(shown)] == [False, *([True] if clickable else [])]


def test_a_comparison_has_a_chart_live_and_static(kernel: Kernel) -> None:
    kernel.run("runs = %mlops run find --limit 2")
    reply, shown = kernel.run("%mlops run compare {runs[0].id} {runs[1].id}")
    assert reply["status"] == "ok"
    _, chart = bundles(shown)
    assert chart["application/vnd.plotly.v1+json"]["data"] and chart["image/svg+xml"].startswith("<svg")


def test_a_run_with_steps_shows_its_curve(kernel: Kernel) -> None:
    kernel.run("one = [run for run in get_ipython().run_line_magic('mlops', 'run find') if 'one' in run.name][0]")
    _, shown = kernel.run("%mlops run show {one.id}")
    assert "mae" in bundles(shown)[-1]["image/svg+xml"]


def test_an_error_is_an_error_to_nbclient_and_two_lines_to_people(kernel: Kernel) -> None:
    reply, shown = kernel.run("%mlops run show nobody")
    assert (reply["status"], reply["ename"]) == ("error", "NotFound")
    (error,) = [content for content in shown if content["type"] == "error"]
    assert error["traceback"][0] == "NotFound: There is no run 'nobody'." and len(error["traceback"]) == 2


def test_a_raising_cell_shows_its_own_traceback_once(kernel: Kernel) -> None:
    body = "\na = 1\nb = 2\ndef f():\n    return a / 0\nf()"
    plain, recorded = [kernel.run(head + body) for head in ("pass", "%%mlops run broken")]
    errors = [[content for content in shown if content["type"] == "error"] for _, shown in (plain, recorded)]
    assert len(errors[1]) == 1
    # The number in "Cell In[7]" alone tells the two apart.
    texts = ["\n".join(found[0]["traceback"]) for found in errors]
    numbers = [reply["execution_count"] for reply, _ in (plain, recorded)]
    assert texts[1].replace(f"[{numbers[1]}]", "[]") == texts[0].replace(f"[{numbers[0]}]", "[]")
    _, shown = kernel.run("run = %mlops run find --limit 1\nprint(run[0].name, run[0].status)")
    assert "broken failed" in "".join(content.get("text", "") for content in shown)


def test_completion_offers_only_what_fits_and_replaces_the_right_word(kernel: Kernel) -> None:
    kernel.run("flights = [1, 2]\nflights_2 = 3")
    assert kernel.complete("%mlops run f") == (["find"], "f")
    assert kernel.complete("%mlops run find --status f") == (["finished", "failed"], "f")
    assert kernel.complete("%mlops data fingerprint fli") == (["flights", "flights_2"], "fli")
    assert kernel.complete("x = 1\nkept = %mlops run find --li") == (["--limit"], "--li")
    assert kernel.complete("%%mlops r") == (["run"], "r")
    assert kernel.complete("%mlops rnu") == (["run"], "rnu")
    matches, replaced = kernel.complete("%mlops run show run-")
    assert matches and all(match.startswith("run-") for match in matches) and replaced == "run-"


def test_completion_elsewhere_is_as_it_was(kernel: Kernel) -> None:
    assert "flights" in kernel.complete("fligh")[0]
    assert "%mlops" in kernel.complete("%mlo")[0]


def test_help_and_a_question_mark_explain(kernel: Kernel) -> None:
    _, shown = kernel.run("%mlops run find --help")
    assert "newest first" in "".join(content.get("text", "") for content in shown)
    reply, _ = kernel.run("%mlops?")
    assert "run find" in reply["payload"][0]["data"]["text/plain"]


def test_unloading_leaves_a_plain_kernel(kernel: Kernel, tmp_path: Path) -> None:
    assert kernel.run("%unload_ext nbmlops")[0]["status"] == "ok"
    assert kernel.complete("%mlops run f")[0] != ["find"]
    assert kernel.run("%mlops run find")[0]["status"] == "error"
    assert kernel.run("%load_ext nbmlops\n%mlops run find")[0]["status"] == "ok"
