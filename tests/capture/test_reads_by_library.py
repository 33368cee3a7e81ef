"""Whatever library reads a file, the record has it, with the digest of its whole content."""

from __future__ import annotations

import json
import sqlite3
import zipfile

import joblib
import numpy as np
import pandas as pd
import pytest
from PIL import Image

FRAME = pd.DataFrame({"a": [1, 2, 3], "b": [0.5, 1.5, 2.5]})


@pytest.fixture
def files(watched):
    folder = watched.folder
    FRAME.to_csv(folder / "x.csv", index=False)
    FRAME.to_csv(folder / "x.csv.gz", index=False)
    FRAME.to_csv(folder / "zipped.zip", index=False)
    FRAME.to_parquet(folder / "x.parquet")
    FRAME.to_feather(folder / "x.feather")
    FRAME.to_json(folder / "x.json")
    FRAME.to_json(folder / "x.jsonl", orient="records", lines=True)
    FRAME.to_pickle(folder / "x.pkl")
    FRAME.to_excel(folder / "x.xlsx")
    np.save(folder / "x.npy", FRAME.to_numpy())
    np.savez(folder / "x.npz", a=FRAME.to_numpy())
    np.savetxt(folder / "x.txt", FRAME.to_numpy())
    FRAME.a.to_numpy().tofile(folder / "x.bin")
    joblib.dump(FRAME, folder / "x.joblib")
    Image.new("RGB", (2, 2)).save(folder / "x.png")
    (folder / "o.json").write_text(json.dumps({"a": 1}))
    with zipfile.ZipFile(folder / "two.zip", "w") as archive:
        archive.writestr("in/a.csv", "a\n1\n")
        archive.writestr("b.csv", "b\n1\n")
    connection = sqlite3.connect(folder / "x.db")
    FRAME.to_sql("t", connection, index=False)
    connection.close()
    (folder / "train.svm").write_text("1 1:0.5 2:1\n0 1:0.1 2:3\n")
    return watched


READERS = {
    "pd.read_csv('x.csv')": "x.csv",
    "pd.read_csv(Path('x.csv'))": "x.csv",
    "pd.read_csv(f'file://{os.getcwd()}/x.csv')": "x.csv",
    "pd.read_csv('x.csv', engine='pyarrow')": "x.csv",
    "pd.read_csv('x.csv', engine='python')": "x.csv",
    "pd.read_csv(filepath_or_buffer='x.csv.gz')": "x.csv.gz",
    "pd.read_csv('zipped.zip')": "zipped.zip",
    "pd.read_parquet('x.parquet')": "x.parquet",
    "pd.read_excel('x.xlsx')": "x.xlsx",
    "pd.read_json('x.json')": "x.json",
    "pd.read_json('x.jsonl', lines=True)": "x.jsonl",
    "pd.read_feather('x.feather')": "x.feather",
    "pd.read_pickle('x.pkl')": "x.pkl",
    "pl.read_csv('x.csv')": "x.csv",
    "pl.read_csv(b'x.csv'.decode())": "x.csv",
    "pl.scan_csv('x.csv').collect()": "x.csv",
    "pl.read_parquet('x.parquet')": "x.parquet",
    "pl.scan_parquet(source='x.parquet').filter(pl.col('a') > 1).collect()": "x.parquet",
    "pl.read_ipc('x.feather')": "x.feather",
    "pl.read_ndjson('x.jsonl')": "x.jsonl",
    "pl.sql(\"select * from read_csv('x.csv')\").collect()": "x.csv",
    "np.load('x.npy')": "x.npy",
    "np.load('x.npy', mmap_mode='r')": "x.npy",
    "np.load('x.npz')['a']": "x.npz",
    "np.loadtxt('x.txt')": "x.txt",
    "np.genfromtxt('x.txt')": "x.txt",
    "np.fromfile('x.bin', dtype='int64')": "x.bin",
    "np.memmap('x.bin', mode='r')": "x.bin",
    "pq.read_table('x.parquet')": "x.parquet",
    "pq.ParquetFile('x.parquet').read()": "x.parquet",
    "pa.csv.read_csv('x.csv')": "x.csv",
    "pa.feather.read_table('x.feather')": "x.feather",
    "pa.dataset.dataset('x.parquet').to_table()": "x.parquet",
    "duckdb.sql(\"select * from 'x.parquet'\").df()": "x.parquet",
    "duckdb.sql(\"select sum(a) from read_csv('x.csv')\").fetchall()": "x.csv",
    "duckdb.read_csv('x.csv').df()": "x.csv",
    "duckdb.connect().execute('select * from \"x.parquet\"').fetchall()": "x.parquet",
    "joblib.load('x.joblib')": "x.joblib",
    "open('x.csv').read()": "x.csv",
    "open(b'x.csv', 'rb').read()": "x.csv",
    "Path('x.csv').read_text()": "x.csv",
    "os.read(os.open('x.csv', os.O_RDONLY), 10)": "x.csv",
    "json.load(open('o.json'))": "o.json",
    "gzip.open('x.csv.gz').read()": "x.csv.gz",
    "np.asarray(Image.open('x.png'))": "x.png",
    "sqlite3.connect('x.db').execute('select * from t').fetchall()": "x.db",
    "sqlite3.connect('file:x.db?mode=ro', uri=True).execute('select * from t').fetchall()": "x.db",
    "h5py.File('x.h5', 'r')['a'][:]": "x.h5",
    "xgb.DMatrix('train.svm?format=libsvm')": "train.svm",
    "lgb.Dataset('train.svm').construct()": "train.svm",
    "load_svmlight_file('train.svm')": "train.svm",
}
IMPORTS = """
import gzip, json, os, sqlite3, warnings
from pathlib import Path
import duckdb, h5py, joblib, lightgbm as lgb, numpy as np, pandas as pd, polars as pl, pyarrow as pa, xgboost as xgb
import pyarrow.csv, pyarrow.dataset, pyarrow.feather, pyarrow.parquet as pq
from PIL import Image
from sklearn.datasets import load_svmlight_file
warnings.simplefilter('ignore')
"""


def test_every_reader_is_seen_with_the_digest_of_the_whole_file(files):
    import h5py

    with h5py.File(files.folder / "x.h5", "w") as made:
        made["a"] = [1, 2, 3]
    files.did(IMPORTS)
    missed = {}
    for source, name in READERS.items():
        uses = [use for use in files.did(f"got = {source}") if use.kind == "file"]
        found = {use.path: (use.mode, use.digest, use.size_bytes, use.note) for use in uses}
        path = files.folder / name
        expected = {str(path): ("read", files.digest(name), path.stat().st_size, None)}
        if found != expected:
            missed[source] = found
    assert missed == {}


def test_a_members_name_is_told_with_its_archive(files):
    (use,) = files.did("import zipfile\nwith zipfile.ZipFile('two.zip') as z:\n    got = z.open('in/a.csv').read()")
    assert (use.detail, use.digest) == ("in/a.csv", files.digest("two.zip"))
    (first, second) = files.did("z = zipfile.ZipFile('two.zip')\ngot = [z.read(n) for n in ('in/a.csv', 'b.csv')]")
    assert {first.detail, second.detail} == {"in/a.csv", "b.csv"} and first.digest == second.digest
    (use,) = files.did("got = z.read('b.csv')")
    assert use.detail == "b.csv"  # of an archive that an earlier cell opened


def test_parts_and_patterns_are_all_their_files(files):
    for number in range(3):
        (files.folder / "parts" / f"year={number}").mkdir(parents=True)
        FRAME.to_parquet(files.folder / "parts" / f"year={number}" / "p.parquet")
    FRAME.to_csv(files.folder / "a1.csv")
    FRAME.to_csv(files.folder / "a2.csv")
    files.did(IMPORTS)
    for source, count in {
        "pd.read_parquet('parts')": 3,
        "pl.scan_parquet('parts/**/*.parquet').collect()": 3,
        "pa.dataset.dataset('parts', partitioning='hive').to_table()": 3,
        "duckdb.sql(\"select * from 'parts/*/*.parquet'\").fetchall()": 3,
        "pl.read_csv('a*.csv')": 2,
        "pl.read_csv(['a1.csv', 'a2.csv'])": 2,
        "[pd.read_csv(p) for p in ('a1.csv', 'a2.csv')]": 2,
        "duckdb.sql(\"select * from read_csv(['a1.csv', 'a2.csv'])\").fetchall()": 2,
    }.items():
        uses = [use for use in files.did(f"got = {source}") if use.kind == "file"]
        assert len(uses) == count and all(use.digest for use in uses), source


WRITERS = {
    "f.to_csv('w')": "w",
    "f.to_parquet('w')": "w",
    "f.to_excel('w.xlsx')": "w.xlsx",
    "f.to_pickle('w')": "w",
    "f.to_json('w')": "w",
    "pl.from_pandas(f).write_parquet('w')": "w",
    "pl.from_pandas(f).write_csv(file='w')": "w",
    "pl.from_pandas(f).lazy().sink_parquet('w')": "w",
    "np.save('w.npy', f.a)": "w.npy",
    "np.savez('w.npz', a=f.a)": "w.npz",
    "joblib.dump(f, 'w')": "w",
    "pq.write_table(pa.table({'a': [1]}), 'w')": "w",
    "duckdb.sql('select 1 a').write_parquet('w')": "w",
    "duckdb.sql(\"copy (select 1 a) to 'w' (format parquet)\")": "w",
    "plt.savefig('w.png')": "w.png",
    "Image.new('RGB', (2, 2)).save('w.png')": "w.png",
    "Path('w').write_text('x')": "w",
    "h5py.File('w.h5', 'w').close()": "w.h5",
}


def test_every_writer_is_seen(watched):
    watched.did(IMPORTS + "import matplotlib\nmatplotlib.use('agg')\nimport matplotlib.pyplot as plt\nplt.plot([1, 2])")
    watched.did("f = pd.DataFrame({'a': [1, 2]})")
    missed = {}
    for source, name in WRITERS.items():
        uses = [use for use in watched.did(f"got = {source}") if use.kind == "file"]
        found = {(use.path, use.mode, use.digest) for use in uses}
        if found != {(str(watched.folder / name), "write", watched.digest(name))}:
            missed[source] = found
        (watched.folder / name).unlink()
    assert missed == {}
