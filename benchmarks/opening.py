"""Opening: what an open() costs with the audit hook, and what a look at a file of 256 MiB costs the first and the second time."""

from __future__ import annotations

import statistics
from typing import Any

from benchmarks.timing import printed

OPENS = """
import os, tempfile, time
SETUP
folder = tempfile.mkdtemp()
names = [os.path.join(folder, f"{n}.csv") for n in range(COUNT)]
for name in names:
    with open(name, "wb") as file:
        file.write(b"x")
for name in names:  # what the first opening warms
    open(name, "rb").close()
TURN
began = time.perf_counter()
for _ in range(20_000 // COUNT):
    for name in names:
        open(name, "rb").close()
print((time.perf_counter() - began) / (20_000 // COUNT * COUNT))
"""
LOOKS = """
import os, tempfile, time
from nbmlops.capture.reading.reads import reads
path = os.path.join(tempfile.mkdtemp(), "x.bin")
with open(path, "wb") as file:
    for _ in range(256):
        file.write(os.urandom(1 << 20))
time.sleep(0.1)
for turn in range(2):
    with reads.watching():
        open(path, "rb").close()
    began = time.perf_counter()
    uses = reads.take(0)
    taken = time.perf_counter() - began
    reads.wait(60)
    hashed = time.perf_counter() - began
    if turn == TURN:
        print(WHAT)
"""
HOOK = "from nbmlops.capture.reading.reads import reads\nreads.listen(True)\nreads.listen(False)"


def measure() -> list[dict[str, Any]]:
    """Medians of seven fresh processes each, in turn: a hook cannot be taken out again."""
    candidates = {
        "open() and close(), no hook": _opens("", "", 100),
        "the hook there, deaf": _opens(HOOK, "", 100),
        "listening, 100 files again and again": _opens(HOOK, "reads.listen(True)", 100),
        "listening, 10,000 files": _opens(HOOK, "reads.take(0); reads.listen(True)", 10_000),
        "256 MiB, first look: what the cell waits": LOOKS.replace("TURN", "0").replace("WHAT", "taken"),
        "256 MiB, first look: until it is hashed": LOOKS.replace("TURN", "0").replace("WHAT", "hashed"),
        "256 MiB, second look": LOOKS.replace("TURN", "1").replace("WHAT", "taken"),
    }
    taken: dict[str, list[float]] = {name: [] for name in candidates}
    for _ in range(7):
        for name, code in candidates.items():
            taken[name].append(printed(code))
    return [{"what": name, "seconds": statistics.median(times), "base": "no hook" in name} for name, times in taken.items()]


def _opens(setup: str, turn: str, count: int) -> str:
    return OPENS.replace("SETUP", setup).replace("TURN", turn).replace("COUNT", str(count))
