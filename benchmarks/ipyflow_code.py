"""What ipyflow's `code()` gives of a session: asked in ipyflow's own environment, told as a line of JSON."""

from __future__ import annotations

import json
import os
import sys
from typing import Any


def main() -> None:
    """`ipyflow_code.py FOLDER [again]`, with a session as JSON on standard input: executed cells, target, result.

    `again`: only what its `code` gives, in a process without ipyflow.
    """
    session = json.load(sys.stdin)
    os.chdir(sys.argv[1])
    os.environ["MPLBACKEND"] = "agg"
    sys.path.insert(0, "")
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell.instance()
    if len(sys.argv) > 2:
        shell.run_cell(session["code"])
        told = {"given": _told(session, shell)}
    else:
        shell.run_cell("%load_ext ipyflow")
        for _cell, source, _raises in session["executed"]:
            shell.run_cell(source, store_history=True)
        told = {"expected": _told(session, shell)}
        shell.run_cell(f"from ipyflow import code as _code\n_given = str(_code({session['target']}))")
        told["code"] = shell.user_ns.get("_given")
    sys.stdout.write("\nFLOW:" + json.dumps(told) + "\n")


def _told(session: dict[str, Any], shell: Any) -> str | None:
    try:
        return repr(eval(session["result"], shell.user_ns))  # noqa: S307 - the benchmark's own words
    except Exception as error:  # whatever the given code left undone
        sys.stderr.write(f"{error}\n")
        return None


if __name__ == "__main__":
    main()
