"""SQL that a cell executes: the statement, the connection without secrets, and a fingerprint of the result."""

from __future__ import annotations

import os
import re
import weakref
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from nbmlops.capture.reading.results import fingerprinting, rows_of
from nbmlops.ledger.secrets import mask
from nbmlops.runs.records import FileUse

if TYPE_CHECKING:
    from nbmlops.capture.reading.reads import Reads

LIBRARIES = frozenset(
    [
        "sqlite3",
        "duckdb",
        "_duckdb",
        "sqlalchemy",
        "sqlmodel",
        "psycopg",
        "psycopg2",
        "pymysql",
        "MySQLdb",
        "mysql",
        "mariadb",
        "oracledb",
        "pyodbc",
        "snowflake",
        "redshift_connector",
        "clickhouse_connect",
        "clickhouse_driver",
        "trino",
        "databricks",
        "google",
        "adbc_driver_manager",
        "apsw",
        "pg8000",
        "turbodbc",
    ]
)
DUCKDB = frozenset({"duckdb", "_duckdb"})
_EXECUTES = frozenset(
    ["execute", "executemany", "executescript", "sql", "query", "from_query", "query_df", "exec_driver_sql", "scalars", "exec"]
)
_GIVES_ROWS = frozenset(
    [
        "fetchall",
        "fetchdf",
        "fetch_df",
        "df",
        "pl",
        "arrow",
        "to_arrow_table",
        "fetch_arrow_table",
        "fetch_arrow_all",
        "fetchnumpy",
        "fetch_pandas_all",
        "to_dataframe",
        "to_df",
        "all",
        "mappings",
        "fetchmany",
        "fetchone",
    ]
)
_COMMENTS = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_READS = re.compile(r"\(*\s*(select|with|from|show|describe|desc|summarize|pivot|unpivot|table|values|explain|exec|execute|call)\b", re.I)
_WRITES = re.compile(r"\(*\s*(insert|update|delete|merge|create|drop|alter|replace|truncate|upsert|copy|import|export)\b", re.I)
_NAMED = re.compile(r"\b(from|join|attach|database|to)\s+(?:if\s+not\s+exists\s+)?(['\"])((?:(?!\2).|\2\2)+)\2", re.I | re.S)
_FUNCTION = re.compile(r"\b(read_\w+|\w+_scan\w*|parquet_\w+|glob|sniff_csv|st_read\w*)\s*\(((?:[^()']|'[^']*')*)", re.I)
_LITERAL = re.compile(r"'((?:[^']|'')+)'")
MOST_TEXT = 20_000


class Statements:
    """Which statement a cursor, relation or connection executed last, while it lives."""

    def __init__(self) -> None:
        self._of: dict[int, tuple[Any, FileUse]] = {}
        self.databases: dict[int, tuple[Any, str]] = {}  # DuckDB's connections, which do not tell where they are

    def remember(self, thing: Any, use: FileUse) -> None:
        """`thing` will give the rows of this statement."""
        number = id(thing)
        try:
            held: Any = weakref.ref(thing, lambda _: self._of.pop(number, None))
        except TypeError:
            held = type(thing)
        if len(self._of) > 1_000:
            self._of.clear()
        self._of[number] = (held, use)

    def of(self, thing: Any) -> FileUse | None:
        """The statement whose rows `thing` gives."""
        held, use = self._of.get(id(thing), (None, None))
        if held is None:
            return None
        return use if (held is type(thing) or (isinstance(held, weakref.ref) and held() is thing)) else None


statements = Statements()


def called(reads: Reads, name: str, library: str, owner: Any, args: dict[int | str, Any], result: Any) -> bool:
    """Whether a call was one of SQL; if so, it is said."""
    if name.startswith(("read_sql", "read_database")):
        statement = _first(args, 0, "sql", "query", "table_name")
        connection = _first(args, 1, "con", "connection", "connection_uri", "uri")
        if statement is not None and connection is not None:
            _executed(reads, statement, connection, result, table=name == "read_sql_table")
        return True
    if name in ("to_sql", "write_database"):
        table, connection = _first(args, 0, "name", "table_name"), _first(args, 1, "con", "connection")
        if connection is not None:
            reads.other(_use(connection_name(reads, connection), f"{name}: {table}", "write", _rows(rows_of(owner))))
            _its_file(reads, connection)
        return True
    if library in DUCKDB and name == "connect":
        path = _first(args, 0, "database")
        if isinstance(path, (str, os.PathLike)) and os.fspath(path) not in ("", ":memory:", ":default:") and "md:" not in str(path):
            path = os.path.abspath(os.fspath(path))
            if len(statements.databases) > 1_000:
                statements.databases.clear()
            statements.databases[id(result)] = (weakref.ref(result), path)
            reads.database(path, late=True)
        return True
    asked = library if library in DUCKDB else type(owner).__module__.partition(".")[0]
    if name in _EXECUTES and (asked in LIBRARIES or library in LIBRARIES):
        statement = _first(args, 0, "query", "sql", "statement", "operation")
        if statement is not None:
            _executed(reads, statement, owner if owner is not None else library, result)
        return True
    if name in _EXECUTES and library == "polars":
        statement = _first(args, 0, "query")
        if isinstance(statement, str):
            _files(reads, statement)
        return True
    if name in _GIVES_ROWS and owner is not None and (use := statements.of(owner)) is not None:
        columns = getattr(owner, "description", None)
        names = [column[0] for column in columns] if columns else list(owner.keys()) if hasattr(owner, "keys") else None
        _gave(reads, use, result, names if name in ("fetchall", "all") else None)
        return True
    return name in _GIVES_ROWS and asked in LIBRARIES


def connection_name(reads: Reads, connection: Any) -> str:
    """What a statement was executed on, without user and password: `postgresql://db.example.org:5432/sales`."""
    if isinstance(connection, str):
        return _bare(connection) if "://" in connection else connection
    inner = getattr(connection, "connection", None)  # a cursor's
    library = type(connection).__module__.partition(".")[0]
    if library == "sqlite3":
        owner = inner if inner is not None else connection
        path = reads.hearing.connections.get(id(owner))
        return "sqlite://" if path is None or path == ":memory:" else f"sqlite:///{path}"
    if library in DUCKDB:
        path = _duckdb_file(connection)
        return f"duckdb:///{path}" if path else "duckdb://"
    engine = getattr(connection, "engine", None) or getattr(connection, "bind", None) or connection
    url = getattr(engine, "url", None)
    if url is not None and hasattr(url, "render_as_string"):
        file = getattr(url, "database", None)
        if str(getattr(url, "drivername", "")).startswith("sqlite") and file not in (None, "", ":memory:"):
            return f"sqlite:///{os.path.abspath(file)}"
        return _bare(url.render_as_string(hide_password=True))
    info = getattr(connection, "info", None) or getattr(inner, "info", None)
    host, name = getattr(info, "host", None), getattr(info, "dbname", None)
    if name is not None:
        return f"postgresql://{host or ''}:{getattr(info, 'port', '')}/{name}"
    host, name = getattr(connection, "host", None), getattr(connection, "db", None) or getattr(connection, "database", None)
    if isinstance(host, str):
        return f"{library}://{host}/{name if isinstance(name, str) else ''}"
    return library


def files_in(statement: str) -> list[tuple[str, str]]:
    """Names of files that a statement of DuckDB or Polars has in it, and whether it reads or writes them.

    >>> files_in("copy (select * from read_csv(['a.csv', 'b.csv']) join 'c.parquet' using (k)) to 'd.parquet'")
    [('c.parquet', 'read'), ('d.parquet', 'write'), ('a.csv', 'read'), ('b.csv', 'read')]
    >>> files_in("select 'from' from t where name = 'x.csv'")
    []
    """
    text = _COMMENTS.sub(" ", statement)
    copies = re.match(r"\s*(copy|export)\b", text, re.I) is not None
    found = [
        (name.replace(quote * 2, quote), "write" if copies and word.lower() in ("to", "database") else "read")
        for word, quote, name in _NAMED.findall(text)
        if word.lower() != "to" or copies
    ]
    return found + [(name.replace("''", "'"), "read") for _, inside in _FUNCTION.findall(text) for name in _LITERAL.findall(inside)]


def _executed(reads: Reads, statement: Any, connection: Any, result: Any, *, table: bool = False) -> None:
    text = _masked(str(statement))
    path = connection_name(reads, connection)
    bare = _COMMENTS.sub(" ", text).lstrip()
    writes = _WRITES.match(bare) is not None
    in_duckdb = connection in DUCKDB if isinstance(connection, str) else type(connection).__module__.partition(".")[0] in DUCKDB
    if in_duckdb or path.startswith("duckdb"):
        path = "duckdb://" if path in DUCKDB else path
        _files(reads, str(statement))
    _its_file(reads, connection)
    if not (table or writes or _READS.match(bare)):
        if _is_a_name(bare):
            table = True  # pd.read_sql("orders", con)
        else:
            return  # BEGIN, PRAGMA, SET …: nothing is read or written
    use = _use(path, f"table {text}" if table else text, "write" if writes else "read", None)
    if writes:
        reads.other(use)
        return
    statements.remember(result, use)
    _gave(reads, use, result, None)


def _gave(reads: Reads, use: FileUse, result: Any, names: list[str] | None) -> None:
    from dataclasses import replace

    rows = rows_of(result)
    job = fingerprinting(reads, result, names)
    reads.other(replace(use, note=_rows(rows) if job is not None or rows is not None else "the rows were not seen"), job)


def _files(reads: Reads, statement: str) -> None:
    from nbmlops.capture.reading.readers import named

    for name, mode in files_in(statement):
        named(reads, name, mode, None, folders=True)


def _its_file(reads: Reads, connection: Any) -> None:
    name = connection_name(reads, connection)
    for scheme in ("sqlite:///", "duckdb:///"):
        if name.startswith(scheme):
            path = os.path.abspath(name.removeprefix(scheme))
            if os.path.isfile(path):
                reads.database(path, late=True)


def _duckdb_file(connection: Any) -> str | None:
    held = statements.databases.get(id(connection))
    return held[1] if held is not None and held[0]() is connection else None


def _use(path: str, statement: str, mode: Any, note: str | None) -> FileUse:
    return FileUse(
        path=path, mode=mode, digest=None, size_bytes=None, modified_at=None, position=None, note=note, kind="sql", detail=statement
    )


@lru_cache(256)
def _masked(statement: str) -> str:
    text = mask(statement).strip()
    return text if len(text) <= MOST_TEXT else text[:MOST_TEXT] + f"… ({len(text):,} characters)"


def _bare(url: str) -> str:
    from nbmlops.capture.reading.remote import without_secrets

    return without_secrets(url).rstrip("?")


def _rows(count: int | None) -> str | None:
    return None if count is None else f"{count:,} rows" if count != 1 else "1 row"


def _is_a_name(text: str) -> bool:
    return re.fullmatch(r'["\w.$]+', text) is not None


def _first(args: dict[int | str, Any], *keys: int | str) -> Any:
    return next((args[key] for key in keys if key in args), None)
