"""Statements with the fingerprint of what they gave, and addresses with the digest of what was fetched, once."""

from __future__ import annotations

import functools
import http.server
import sqlite3
import threading

import pandas as pd
import pytest

from nbmlops.data.fingerprint import fingerprint
from nbmlops.ledger.blobs import digest_bytes

FRAME = pd.DataFrame({"a": [1, 2, 3], "b": [0.5, 1.5, 2.5]})
pytestmark = pytest.mark.filterwarnings("ignore:unclosed database:ResourceWarning")  # cells leave connections, as people's do
CSV = b"a,b\n1,0.5\n2,1.5\n3,2.5\n"


@pytest.fixture
def database(watched):
    connection = sqlite3.connect(watched.folder / "x.db")
    FRAME.to_sql("t", connection, index=False)
    connection.close()
    watched.did("import sqlite3, pandas as pd, polars as pl, duckdb, sqlalchemy")
    return watched


@pytest.fixture
def server():
    class Pages(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(200)
            self.send_header("Content-Length", str(len(CSV)))
            self.send_header("ETag", '"v1"')
            self.end_headers()
            self.wfile.write(CSV)

        def log_message(self, *_):
            pass

    asked: list[str] = []
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pages) as found:
        found.asked = asked
        threading.Thread(target=functools.partial(found.serve_forever, poll_interval=0.01), daemon=True).start()
        yield found
        found.shutdown()


def sql(uses):
    return [use for use in uses if use.kind == "sql"]


def url(uses):
    return [use for use in uses if use.kind == "url"]


STATEMENTS = {
    "pd.read_sql('select * from t', sqlite3.connect('x.db'))": "select * from t",
    "pd.read_sql_query(sql='select * from t', con=sqlite3.connect('x.db'))": "select * from t",
    "pd.read_sql('t', sqlalchemy.create_engine('sqlite:///x.db'))": "table t",
    "pd.read_sql_table('t', sqlalchemy.create_engine('sqlite:///x.db'))": "table t",
    "pd.read_sql(sqlalchemy.text('select * from t'), sqlalchemy.create_engine('sqlite:///x.db').connect())": "select * from t",
    "pl.read_database('select * from t', sqlite3.connect('x.db'))": "select * from t",
    "sqlite3.connect('x.db').execute('select * from t').fetchall()": "select * from t",
    "sqlite3.connect('x.db').cursor().execute('select * from t').fetchall()": "select * from t",
    "sqlalchemy.create_engine('sqlite:///x.db').connect().execute(sqlalchemy.text('select * from t')).fetchall()": "select * from t",
}


def test_a_statement_has_its_connection_and_the_fingerprint_of_its_result(database):
    missed = {}
    for source, statement in STATEMENTS.items():
        uses = database.did(f"got = {source}")
        found = {(use.path, use.detail, use.digest, use.mode) for use in sql(uses)}
        if found != {(f"sqlite:///{database.folder}/x.db", statement, fingerprint(FRAME).digest, "read")}:
            missed[source] = found
        files = {(use.path, use.digest) for use in uses if use.kind == "file"}
        if files != {(str(database.folder / "x.db"), database.digest("x.db"))}:
            missed[source, "file"] = files
    assert missed == {}


def test_duckdbs_statements_and_its_own_file(database):
    uses = database.did("con = duckdb.connect('d.duckdb')\ncon.execute('create table t as select 1 a')")
    assert {(use.kind, use.mode, use.path.rsplit("/")[-1]) for use in uses} == {
        ("sql", "write", "d.duckdb"),
        ("file", "write", "d.duckdb"),
        ("file", "write", "d.duckdb.wal"),
    }
    (use,) = sql(database.did("got = con.sql('select a from t').to_df()"))
    assert (use.path, use.digest, use.note) == (
        f"duckdb:///{database.folder}/d.duckdb",
        fingerprint(pd.DataFrame({"a": [1]}).astype("int32")).digest,
        "1 row",
    )
    (use,) = sql(database.did("rel = duckdb.sql('select 2 as b')"))
    assert (use.path, use.digest) == ("duckdb://", None)
    (use,) = sql(database.did("got = rel.to_arrow_table()"))  # rows of a statement of an earlier cell
    assert use.detail == "select 2 as b" and use.digest == fingerprint(pd.DataFrame({"b": [2]}).astype("int32")).digest
    assert database.did("con.execute('begin'); con.execute('commit'); con.close()") is not None


def test_writing_to_a_database_is_a_write(database):
    uses = database.did("c = sqlite3.connect('x.db')\nc.execute('insert into t values (?, ?)', (9, 9.0))\nc.commit()")
    assert [(use.mode, use.detail) for use in sql(uses)] == [("write", "insert into t values (?, ?)")]
    files = {use.mode: use for use in uses if use.kind == "file"}
    assert files["write"].digest == database.digest("x.db") and files["read"].digest is None
    uses = database.did("pd.DataFrame({'k': [1]}).to_sql('u', c, index=False)")
    assert [(use.mode, use.detail, use.note) for use in sql(uses)] == [("write", "to_sql: u", "1 row")]
    assert not sql(database.did("c.execute('pragma table_info(t)').fetchall()"))


def test_hashing_a_database_leaves_its_locks_alone(database):
    database.did("c = sqlite3.connect('x.db', isolation_level=None)\nc.execute('begin immediate')\nc.execute('select * from t').fetchall()")
    database.did("c.execute('select count(*) from t').fetchall()")
    other = "import sqlite3; sqlite3.connect('x.db', timeout=0).execute('begin immediate')"
    database.did(f"import subprocess, sys\ndone = subprocess.run([sys.executable, '-c', {other!r}], capture_output=True, text=True)")
    assert "locked" in database.value("done").stderr
    database.did("c.execute('rollback')")


def test_what_stands_in_the_journal_only_is_told(database):
    uses = database.did("c = sqlite3.connect('x.db')\nc.execute('pragma journal_mode=wal')\nc.execute('delete from t')\nc.commit()")
    assert {use.path.rsplit("/")[-1] for use in uses if use.kind == "file"} == {"x.db", "x.db-wal"}


def test_no_secret_of_a_connection_or_statement_is_kept(watched):
    watched.did("import sqlalchemy, pandas as pd, sqlite3")
    watched.did(
        "class C:\n    pass\nC.__module__ = 'psycopg'\nc = C()\nc.host, c.db = 'db.example.org', 'sales'\n"
        "def execute(self, statement):\n    pass\nexecute.__module__, C.execute = C.__module__, execute"
    )
    uses = watched.did("c.execute(\"create user ada password 'hunter2hunter2'\")")
    assert [use.path for use in uses] == ["psycopg://db.example.org/sales"]
    assert "hunter2hunter2" not in repr(uses)
    from nbmlops.capture.reading.reads import Reads
    from nbmlops.capture.reading.sql import connection_name

    for given in ("postgresql://ada:hunter2hunter2@db:5432/x?password=abcdefgh1", "mysql+pymysql://ada:hunter2hunter2@db/x"):
        name = connection_name(Reads(), given)
        assert "hunter2" not in name and "ada" not in name and "abcdefgh1" not in name and "@" not in name


FETCHES = {
    "requests.get(URL)": "bytes",
    "httpx.get(URL)": "bytes",
    "urllib.request.urlopen(URL).read()": "bytes",
    "urllib.request.urlretrieve(URL, 'kept.csv')": "bytes",
    "pd.read_csv(URL)": "frame",
    "pd.read_csv(urllib.request.urlopen(URL))": "frame",
}


def test_an_answer_from_the_web_is_recorded_as_fetched_and_fetched_once(watched, server):
    watched.did("import httpx, requests, urllib.request, pandas as pd")
    watched.did(f"URL = 'http://127.0.0.1:{server.server_port}/x.csv?page=2&access_token=zsecretz1'")
    frame = fingerprint(FRAME).digest
    missed = {}
    for source, how in FETCHES.items():
        server.asked.clear()
        uses = watched.did(f"got = {source}")
        found = [(use.path, use.digest, use.mode) for use in url(uses)]
        expected = (
            f"http://127.0.0.1:{server.server_port}/x.csv?page=2&access_token=•••",
            digest_bytes(CSV) if how == "bytes" else frame,
            "read",
        )
        if found != [expected] or len(server.asked) != 1 or "zsecretz1" not in server.asked[0]:
            missed[source] = found, server.asked
        if how == "frame":
            assert "fingerprint of the frame" in url(uses)[0].note
    assert missed == {}


def test_what_is_asked_for_is_recorded_with_a_digest_where_it_was_read_whole(watched, server):
    watched.did("import urllib.request, requests, json")
    watched.did(f"URL = 'http://127.0.0.1:{server.server_port}/y'\ndef fetched():\n    return [r for r in urllib.request.urlopen(URL)]")
    (use,) = url(watched.did("got = fetched()"))
    assert use.digest is None and "not seen" in use.note
    (use,) = url(watched.did("r = requests.get(URL, stream=True)"))
    assert use.digest is None and watched.value("r")._content_consumed is False  # nobody has read it but the user
    watched.did("first = next(r.iter_content(10)); r.close()")
    assert watched.value("first") == CSV[:10]
    (use,) = url(watched.did("with requests.Session() as s:\n    got = [s.get(URL).status_code for _ in range(3)]"))
    assert use.path.endswith("/y") and use.digest is not None
