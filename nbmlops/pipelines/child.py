"""`python -m nbmlops.pipelines.child`: execute one notebook as asked on standard input, tell of each cell on standard output."""

from __future__ import annotations

import json
import logging
import os
import sys
import tempfile
from pathlib import Path
from typing import Any


def main() -> int:
    """0: executed (the run says how); 1: it could not be executed."""
    asked = json.load(sys.stdin)
    import nbformat
    import papermill
    from nbclient.exceptions import CellTimeoutError, DeadKernelError
    from papermill.engines import NotebookExecutionManager

    from nbmlops.ledger.secrets import mask

    logging.getLogger("papermill").setLevel(logging.ERROR)

    def told(manager: Any, cell: Any, cell_index: int | None = None, **_: Any) -> None:
        print(json.dumps({"cell": cell_index, "of": len(manager.nb.cells)}), flush=True)  # noqa: T201 - the parent reads it

    begin, end = NotebookExecutionManager.cell_start, NotebookExecutionManager.cell_complete

    def cell_start(self: Any, cell: Any, *args: Any, **more: Any) -> None:
        begin(self, cell, *args, **more)
        told(self, cell, **({"cell_index": args[0]} if args else more))

    NotebookExecutionManager.cell_start = cell_start
    NotebookExecutionManager.cell_complete = end
    done: Any = None
    try:
        done = papermill.execute_notebook(
            asked["notebook"], None, parameters=asked["params"], engine_name="nbmlops", progress_bar=False,
            request_save_on_cell_execute=False, execution_timeout=asked.get("timeout_s"), kernel_name=asked.get("kernel"),
        )  # fmt: skip
    except papermill.PapermillExecutionError as error:
        print(json.dumps({"failed": f"{error.ename}: {error.evalue}"[:2000]}), flush=True)  # noqa: T201
    except (DeadKernelError, CellTimeoutError) as error:
        print(json.dumps({"failed": f"{type(error).__name__}: {error}"[:2000]}), flush=True)  # noqa: T201
    if asked.get("output") and done is not None:
        _write(Path(asked["output"]), mask(nbformat.writes(done)))
    return 0


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, aside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    with os.fdopen(handle, "w", encoding="utf-8") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    os.replace(aside, path)  # noqa: PTH105


if __name__ == "__main__":
    sys.exit(main())
