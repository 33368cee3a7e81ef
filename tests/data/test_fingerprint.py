"""The fingerprint's own rules: what is null, what a digest is made of, and what it will not take."""

from __future__ import annotations

import subprocess
import sys
import threading

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from nbmlops.data.columns import BLOCK
from nbmlops.data.fingerprint import FORM, fingerprint
from nbmlops.errors import Invalid


def digest(data):
    return fingerprint(data).digest


def test_null_and_nan_are_two_things():
    assert digest(pa.table({"x": pa.array([1.0, None])})) != digest(pa.table({"x": pa.array([1.0, float("nan")])}))
    assert digest(pd.DataFrame({"x": pd.Series([1.0, None], dtype=object)})) != digest(
        pd.DataFrame({"x": pd.Series([1.0, np.nan], dtype=object)})
    )


def test_every_nan_is_the_same_nan():
    odd = np.array([0x7FF8000000000001, 0xFFF8000000000000, 0x7FF0000000000001], np.uint64).view(np.float64)
    assert digest(pd.DataFrame({"x": odd})) == digest(pd.DataFrame({"x": [np.nan] * 3}))


def test_what_lies_under_a_null_does_not_matter():
    def held(kind, *buffers):
        return digest(pa.table({"x": pa.Array.from_buffers(kind, 2, [pa.py_buffer(b"\x01"), *map(pa.py_buffer, buffers)])}))

    assert len({held(pa.int64(), np.array([1, under], np.int64).tobytes()) for under in (0, 7, -1)}) == 1
    ends = [np.array(ends, np.int32).tobytes() for ends in ([0, 1, 1], [0, 1, 3])]
    assert held(pa.string(), ends[0], b"a") == held(pa.string(), ends[1], b"abc")
    fields = [pa.StructArray.from_arrays([pa.array([1, under])], ["a"], mask=pa.array([False, True])) for under in (None, 2)]
    assert digest(pa.table({"x": fields[0]})) == digest(pa.table({"x": fields[1]}))
    lists = [pa.ListArray.from_arrays([0, 1, 2], pa.array([1, under]), mask=pa.array([False, True])) for under in (5, 6)]
    assert digest(pa.table({"x": lists[0]})) == digest(pa.table({"x": lists[1]}))


def test_matrices_have_columns_and_sparse_ones_their_stored_values():
    import scipy.sparse

    eye = scipy.sparse.eye(3).tocsr()
    assert digest(eye) == digest(eye.tocsc()) != digest(eye * 2)
    assert [column.name for column in fingerprint(eye).columns] == ["row", "column", "value"]
    assert digest(np.zeros((2, 2, 2))) != digest(np.ones((2, 2, 2))) != digest(np.ones((2, 4, 1)).astype(np.float32))
    assert [column.name for column in fingerprint(np.zeros((2, 2)), name="y").columns] == ["y0", "y1"]
    fields = np.array([(1, "a")], dtype=[("n", "i8"), ("s", "U3")])
    assert digest(fields) == digest(pd.DataFrame({"n": [1], "s": ["a"]}))


def test_a_masked_value_is_null():
    assert digest(np.ma.array([1, 2], mask=[False, True])) == digest(pd.DataFrame({"x": pd.array([1, None], dtype="Int64")}))
    texts = np.ma.array(np.array(["a", "b"]), mask=[False, True])
    assert digest(texts) == digest(pd.DataFrame({"x": ["a", None]}))


def test_what_has_no_rows_or_no_common_length_is_told():
    with pytest.raises(Invalid, match="has no rows"):
        fingerprint(3)
    with pytest.raises(Invalid, match="differ in length"):
        fingerprint({"a": [1, 2], "b": [1]})
    with pytest.raises(Invalid, match="too many"):
        fingerprint(np.zeros((1, 20_001)))


def test_no_thread_is_left_and_a_fork_can_go_on():
    before = threading.active_count()
    fingerprint(np.zeros((BLOCK, 12)))
    assert threading.active_count() == before
    code = (
        "import os, numpy as np\nfrom nbmlops.data.fingerprint import fingerprint\n"
        "data = np.arange(400_000.0).reshape(40_000, 10)\nfound = fingerprint(data).digest\n"
        "child = os.fork()\nif not child: os._exit(fingerprint(data).digest != found)\nraise SystemExit(os.waitpid(child, 0)[1])"
    )
    assert subprocess.run([sys.executable, "-W", "ignore", "-c", code]).returncode == 0


def test_a_digest_is_the_same_in_another_process():
    code = (
        "import pandas as pd\nfrom nbmlops.data.fingerprint import fingerprint\n"
        "print(fingerprint(pd.DataFrame({'s': pd.Series([{'b', 'a', 'c'}, print, 'x'], dtype=object)})).digest)"
    )
    found = {subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout for _ in range(2)}
    assert len(found) == 1


def test_reading_changes_nothing():
    frame = pd.DataFrame({"x": [2.0, np.nan], "s": ["b", None], "c": pd.Categorical(["b", "a"])})
    kept, state = frame.copy(deep=True), np.random.get_state()[1].copy()
    assert fingerprint(frame).form == FORM
    pd.testing.assert_frame_equal(frame, kept)
    assert (np.random.get_state()[1] == state).all()
