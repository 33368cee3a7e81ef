"""What a cell showed has one digest, whether it is heard while it streams or read again from the saved notebook."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from IPython.core.interactiveshell import InteractiveShell
from nbclient import NotebookClient

from nbmlops.capture.showing.outputs import Outputs, digest_of_saved
from nbmlops.capture.showing.shown import Shown
from nbmlops.runs.book import RunBook
from nbmlops.workspace import Workspace

LISTEN = """
from nbmlops.capture.showing.outputs import Outputs
_heard, _depth, _shell = {}, [], get_ipython()
_outputs = Outputs()
_outputs.attach(_shell)
def _begins(info):
    if not _depth: _outputs.begin()
    _depth.append(info)
def _ended(result):
    if _depth: _depth.pop()
    if _depth: return
    _source = result.info.raw_cell
    _outputs.leave(lambda digest, figures: _heard.update({_source: [digest, [f[:2] for f in figures]]}))
_shell.events.register("pre_run_cell", _begins)
_shell.events.register("post_run_cell", _ended)
"""
TELL = """import json
_outputs.settle()
open('heard.json', 'w').write(json.dumps(_heard))
_outputs.detach()
assert '_really_send' not in vars(_shell.kernel.iopub_thread)"""

CELLS = {
    "nothing": "x = 1",
    "text": "print('a'); print('b', end=''); print('c')",
    "both streams": "import sys\nfor i in range(50):\n    print(i)\n    print(i, file=sys.stderr)",
    "a result": "{'a': [1, 2.0, None]}",
    "an address": "object()",
    "displays": "from IPython.display import HTML, JSON, Markdown, display\ndisplay(HTML('<b>x</b>'), JSON({'b': 1.0, 'a': [1e300, 3]}))\n"
    "print('between')\ndisplay(Markdown('# é'))",
    "a display updated": "h = display('one', display_id=True)\ndisplay('two')\nh.update('three')",
    "cleared": "from IPython.display import clear_output\nprint('gone')\ndisplay('gone')\nclear_output()\nprint('stays')",
    "cleared later": "for i in range(5):\n    clear_output(wait=True)\n    print(i)\n    display(i)",
    "cleared never": "print('stays')\nclear_output(wait=True)",
    "a raise": "print('before')\nraise ValueError('<A at 0x7f0000000000>')",
    "a syntax error": "x = = 1",
    "a usage error": "%nosuchmagic",
    "an exit": "raise SystemExit(3)",
    "threads": "import threading\nts = [threading.Thread(target=lambda i=i: print('t')) for i in range(8)]\n"
    "[t.start() for t in ts]; [t.join() for t in ts]; None",
    "a thread displays": "t = threading.Thread(target=lambda: display('from a thread'))\nt.start(); t.join()",
    "a shell command": "!printf 'one\\ntwo'; printf 'err' >&2",
    "a pipe": "%%bash\nprintf 'one\\ntwo'; printf 'err' >&2",
    "a child prints": "import os, sys\npid = os.fork()\nif pid == 0:\n    print('child'); sys.stdout.flush(); import time; time.sleep(.2); os._exit(0)\n"
    "os.waitpid(pid, 0)[1]",
    "a bar": "import time\nfrom tqdm import tqdm\nfor i in tqdm(range(30), mininterval=0.01):\n    time.sleep(0.01)",
    "overwritten": "print('a long line\\rshort')\nprint('abc\\b\\bX')\nprint('dos\\r\\nlines')",
    "much": "for i in range(20000):\n    print(i, 'x' * 40)",
    "one long line": "print('x' * 5_000_000, end='')\nprint(' at 0x7f0000000000')",
    "captured": "%%capture kept\nprint('not shown')\ndisplay('not shown')",
    "a widget takes it": "import ipywidgets\nout = ipywidgets.Output()\nwith out:\n    print('inside')\n    display('inside')\nprint('outside')",
    "a widget is shown": "out",
    "a figure": "%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.plot([1, 2]);",
    "a surrogate": "print('a\\u2028b \\x00 \\x1b[31mred\\x1b[0m')",
    "asked silently": "get_ipython().run_cell('print(7)', silent=True)",
}


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    """(notebook as nbclient saves it, what was heard live, by source)."""
    folder = tmp_path_factory.mktemp("outputs")
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source) for source in (LISTEN, *CELLS.values(), TELL)],
        metadata={"kernelspec": {"name": "python3", "display_name": "", "language": "python"}},
    )
    NotebookClient(notebook, allow_errors=True, timeout=180, resources={"metadata": {"path": str(folder)}}).execute()
    nbformat.write(notebook, folder / "saved.ipynb")
    return nbformat.read(folder / "saved.ipynb", as_version=4), json.loads((folder / "heard.json").read_text())


@pytest.mark.slow
@pytest.mark.parametrize("name", CELLS)
def test_the_digest_heard_live_is_the_saved_notebooks(executed, name):
    notebook, heard = executed
    (cell,) = [cell for cell in notebook.cells if cell.source == CELLS[name]]
    assert heard[CELLS[name]][0] == digest_of_saved(cell.outputs), cell.outputs


@pytest.mark.slow
def test_detaching_leaves_the_kernel_as_it_was(executed):
    notebook, _ = executed
    assert not notebook.cells[-1].outputs


@pytest.mark.slow
def test_figures_are_heard_with_the_rest_and_the_attaching_cell_is_known_in_part(executed):
    _, heard = executed
    assert heard[CELLS["a figure"]][1] == [["png", "image/png"]]
    assert heard[LISTEN][0] is None


def test_a_shell_without_a_kernel_shows_nothing_here():
    outputs, shell = Outputs(), InteractiveShell()
    outputs.attach(shell)
    outputs.begin()
    shell.run_cell("1 + 1")
    told = []
    outputs.leave(lambda *found: told.append(found))
    outputs.detach()
    assert not told


def _text(*parts):
    shown = Shown()
    for part in parts:
        shown.stream("stdout", part)
    return shown.digest()


def test_an_address_and_an_execution_count_do_not_matter_and_everything_else_does():
    def saved(**change):
        result = {"output_type": "execute_result", "execution_count": 1, "metadata": {}, "data": {"text/plain": "<A at 0x7f12345678>"}}
        return digest_of_saved([{**result, **change}])

    assert saved() == saved(execution_count=2, metadata={"x": 1}, data={"text/plain": ["<A at ", "0x7f87654321>"]})
    others = [saved(output_type="display_data"), saved(data={"text/plain": "<B at 0x7f12345678>"}), saved(data={"text/html": "<A>"})]
    assert len({saved(), *others, digest_of_saved([])}) == 5
    assert digest_of_saved([{"output_type": "error", "ename": "E", "evalue": "a", "traceback": ["x"]}]) != digest_of_saved([])


def test_what_was_overwritten_is_as_jupyterlab_saves_it():
    assert _text("10%\r100%\n") == _text("100%\n")
    assert _text("a long line\rshort") == _text("shortg line")
    assert _text("abc\b\bX") == _text("aX")
    assert _text("a\r\nb") == _text("a\nb")


@settings(max_examples=150)
@given(st.text(alphabet="ab \n\r\b0x7fdeadat", max_size=200), st.randoms(use_true_random=False))
def test_pieces_do_not_matter(text, chance: random.Random):
    cuts = sorted(chance.randrange(len(text) + 1) for _ in range(5))
    parts = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert _text(*parts) == _text(text)


@pytest.mark.parametrize("size", [2 << 20, (2 << 20) + 5, (5 << 20) + 1])
def test_a_line_too_long_to_hold_has_the_same_digest_in_any_pieces(size):
    text = "y\n" + ("x at 0x7f0000000000 " * (size // 20 + 1))[:size] + "\rz\nend"
    assert _text(text) == _text(*(text[at : at + 70_001] for at in range(0, len(text), 70_001)))
    assert _text(text) != _text(text.replace("end", "bend"))


@pytest.mark.slow
def test_a_run_recorded_under_nbconvert_names_its_notebook_and_agrees_with_the_outputs_it_saved(tmp_path):
    sources = [
        "%load_ext nbmlops",
        "print('a')",
        "{'b': 1}",
        "%mlops run find",
        "%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.plot([1]);",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "", "language": "python"}
    nbformat.write(notebook, tmp_path / "train.ipynb")
    command = [sys.executable, "-m", "jupyter", "nbconvert", "--execute", "--to", "notebook", "--output", "out.ipynb", "train.ipynb"]
    env = {name: value for name, value in os.environ.items() if not name.startswith(("NBMLOPS", "JPY_"))}
    subprocess.run(command, cwd=tmp_path, env=env, check=True, timeout=120, capture_output=True)
    book = RunBook(Workspace.at(tmp_path))
    (run,) = book.find()
    record = book.record(run.id)
    assert (run.kind, run.status, run.notebook, run.notebook_known_from) == (
        "headless",
        "finished",
        str(tmp_path / "train.ipynb"),
        "nbconvert",
    )
    saved = {cell.source: digest_of_saved(cell.outputs) for cell in nbformat.read(tmp_path / "out.ipynb", as_version=4).cells}
    told = {cell.source: cell.outputs for cell in record.cells if cell.outputs}
    assert len(told) >= 3 and told == {source: saved[source] for source in told}
    assert [artifact.media_type for artifact in record.artifacts if artifact.position is not None] == ["image/png"]
    assert record.environment["distributions"]["numpy"]
