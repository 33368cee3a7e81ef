"""`python -m benchmarks [NAME …]`: run the benchmarks, print a table, write `benchmarks/out/NAME.json`."""

from __future__ import annotations

import argparse
import importlib
import json
import subprocess
import sys
from pathlib import Path

from tabulate import tabulate

ALL = (
    "loading",
    "libraries",
    "records",
    "hashing",
    "masking",
    "cells",
    "watching",
    "opening",
    "runs",
    "finding",
    "notebooks",
    "parsing",
    "servers",
    "endpoint",
    "truth",
    "crowd",
    "proof",
    "extract",
    "verifying",
    "killing",
    "stepping",
    "sweeping",
    "gates",
    "promoting",
    "models",
)


def main() -> int:
    """0 when all were run. Each has a process of its own: what one leaves behind, an audit hook say, slows another."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Side by side with what a user would pick instead.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"all of them if none is given: {', '.join(ALL)}")
    names = parser.parse_args().names or ALL
    if unknown := set(names) - set(ALL):
        parser.error(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(ALL)}")
    if len(names) > 1:
        return max([subprocess.run([sys.executable, "-m", "benchmarks", name]).returncode for name in names])
    out = Path(__file__).parent / "out"
    out.mkdir(exist_ok=True)
    found = importlib.import_module(f"benchmarks.{names[0]}")
    print(f"\n{(found.__doc__ or names[0]).splitlines()[0]}\n", flush=True)
    rows = found.measure()
    (out / f"{names[0]}.json").write_text(json.dumps(rows, indent=2) + "\n", "utf-8")
    if hasattr(found, "shown"):
        print(found.shown(rows))
        return 0
    base = next(row for row in rows if row.get("base"))["seconds"]
    shown = [[row["what"], _time(row["seconds"]), f"{row['seconds'] / base:.2f}", row.get("note", "")] for row in rows]
    print(tabulate(shown, ["", "median", "ratio", ""], disable_numparse=True, colalign=("left", "right", "right", "left")))
    return 0


def _time(seconds: float) -> str:
    return f"{seconds * 1e6:.0f} µs" if seconds < 1e-3 else f"{seconds * 1e3:.1f} ms" if seconds < 1 else f"{seconds:.2f} s"


if __name__ == "__main__":
    sys.exit(main())
