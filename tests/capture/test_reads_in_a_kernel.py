"""In a real kernel with its own threads, files and history: only what the user's cells read is read."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from .kernel import kernel

SHOW = (
    "import json as _json\nfrom nbmlops.capture.attached import current_session as _s\nfrom nbmlops.capture.reading.reads import reads as _r\n"
    "_r.wait(30)\n"
    "print('!!' + _json.dumps([[u.path.rsplit('/')[-1], u.mode, u.kind, u.note] for u in _s().memory.of(_s().position - 1).files]))"
)


@pytest.mark.slow
def test_only_the_users_files_are_read(tmp_path):
    pd.DataFrame({"a": [1, 2], "b": [1.0, 2.0]}).to_csv(tmp_path / "x.csv", index=False)
    (tmp_path / "features.py").write_text("import pandas as pd\ndef load(name):\n    return pd.read_csv(name)\n")
    (tmp_path / "script.py").write_text("import pandas as pd\nd = pd.read_csv('x.csv')\n")
    (tmp_path / "y.txt").write_text("y\n")
    cells = {
        "import pandas as pd, numpy as np, matplotlib.pyplot as plt": set(),
        "d = pd.read_csv('x.csv'); d": {("x.csv", "read")},
        "plt.plot(d.a); plt.show()": set(),
        "import features\ne = features.load('x.csv')": {("features.py", "import"), ("x.csv", "read")},
        "%run script.py": {("script.py", "import"), ("x.csv", "read")},
        "import subprocess\nsubprocess.run('wc -l y.txt', shell=True)": {("y.txt", "read")},
        "%%writefile z.txt\nhello": {("z.txt", "write")},
        "%history\nd.describe?\nd.a.hist()": set(),
        "1 / 0": set(),
        "%%time\nopen('y.txt').read()": {("y.txt", "read")},
        "def f(name):\n    return open(name).read()\nfrom concurrent.futures import ThreadPoolExecutor\n"
        "with ThreadPoolExecutor(2) as pool:\n    got = list(pool.map(f, ['x.csv', 'y.txt']))": {("x.csv", "read"), ("y.txt", "read")},
        "import multiprocessing as mp\nwith mp.get_context('fork').Pool(2) as pool:\n    got = pool.map(f, ['x.csv', 'y.txt'])": {
            ("x.csv", "read"),
            ("y.txt", "read"),
        },
        "from sklearn.linear_model import Ridge\nRidge().fit(d[['a']], d.b)": set(),
        "d.to_parquet('w.parquet')\nimport sqlite3\nc = sqlite3.connect(':memory:')": {("w.parquet", "write")},
    }
    with kernel(tmp_path) as found:
        assert found.run("%load_ext nbmlops")[0] == "ok"
        missed = {}
        for source, expected in cells.items():
            found.run(source)
            status, printed = found.run(SHOW)
            assert status == "ok", printed
            uses = json.loads(printed.rsplit("!!", 1)[1])
            if {(name, mode) for name, mode, _, _ in uses} != expected:
                missed[source] = uses
        assert missed == {}
