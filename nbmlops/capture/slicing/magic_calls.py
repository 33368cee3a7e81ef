"""What a magic or a shell command does to names: they reach the cell's tree as calls of `get_ipython()`.

A magic that nobody here knows may use, change and bind the names that are written in its line or body, and nothing else:
`%%bigquery frame` binds `frame`. `%run` and their like may do anything.
"""

from __future__ import annotations

import ast
import keyword
import re
from typing import Any

from nbmlops.capture.slicing.parsing import parsed

_TIMED = {
    "time": "code",
    "timeit": "local code",
    "prun": "code",
    "capture": "code",
    "memit": "local code",
    "mprun": "code",
    "lprun": "code",
}
_HARMLESS = frozenset(
    {"alias", "alias_magic", "automagic", "autoreload", "bash", "cat", "colors", "conda", "config", "cp", "debug", "doctest_mode",
     "file", "hist", "history", "html", "javascript", "js", "latex", "less", "ll", "load_ext", "logoff", "logon", "logstart",
     "logstate", "logstop", "ls", "lsmagic", "lx", "magic", "mamba", "man", "markdown", "matplotlib", "mkdir", "mlops", "more", "mv",
     "notebook", "page", "pdb", "perl", "pip", "pprint", "precision", "pwd", "quickref", "recall", "reload_ext", "rm", "rmdir", "ruby",
     "save", "script", "sh", "subplots", "svg", "tb", "unalias", "unload_ext", "uv", "who", "who_ls", "whos", "writefile", "xmode"}
)  # fmt: skip
_PROCESS = frozenset({"cd", "env", "set_env", "pushd", "popd"})
_OPAQUE = frozenset(
    {"run", "pylab", "store", "reset", "reset_selective", "xdel", "macro", "load", "loadpy", "edit", "rerun", "python", "py"}
)
_LOOKS = frozenset({"pinfo", "pinfo2", "psource", "pfile", "pdoc", "pdef", "pycat", "psearch"})
_WORD = re.compile(r"(?<![\w.'\"])[A-Za-z_]\w*")
_FLAG = re.compile(r"^(-\w+(\s+[\d.]+)?\s+|--[\w-]+(=\S+)?\s+)+")


def magic(node: ast.Call) -> tuple[str, Any] | None:
    """What the call does, if it is one of a magic or of the shell; None for any other call.

    >>> call = ast.parse("get_ipython().run_line_magic('time', 'm.fit(X)')", mode="eval").body
    >>> kind, body = magic(call)
    >>> kind, ast.unparse(body[0])
    ('code', 'm.fit(X)')
    """
    func = node.func
    if not (
        isinstance(func, ast.Attribute)
        and isinstance(func.value, ast.Call)
        and isinstance(func.value.func, ast.Name)
        and func.value.func.id == "get_ipython"
    ):
        return None
    words = [arg.value if isinstance(arg, ast.Constant) and isinstance(arg.value, str) else "" for arg in node.args]
    if func.attr in ("system", "getoutput", "getoutput_split"):
        return "loads", _shell_names(words[0] if words else "")
    if func.attr not in ("run_line_magic", "run_cell_magic", "magic"):
        return ("opaque", None) if func.attr.startswith(("run", "ex")) else ("loads", [])
    name, line, body = (*words, "", "", "")[:3]
    if name in _TIMED:
        return _timed(name, line, body, func.attr == "run_cell_magic")
    if name in _PROCESS:
        return "process", None
    if name in _HARMLESS:
        # `%%bash --out lines` binds a name
        out = re.search(r"--(?:out|err|proc)[= ]+([A-Za-z_]\w*)", line)
        return ("binds", out[1]) if out else ("loads", _shell_names(line))
    if name in _OPAQUE:
        return "opaque", None
    if name in _LOOKS:
        return "loads", _WORD.findall(line)[:1]
    return "words", sorted({word for word in _WORD.findall(f"{line}\n{body}") if not keyword.iskeyword(word)})


def _timed(name: str, line: str, body: str, is_cell: bool) -> tuple[str, Any]:
    if name == "capture":
        kept = [word for word in line.split() if word.isidentifier()]
        code = body + "".join(f"\n{word} = []" for word in kept)
    else:
        stripped = _FLAG.sub("", line.strip() + " ").strip()
        code = f"{stripped}\n{body}" if is_cell else stripped
    tree, _ = parsed(code)
    return ("opaque", None) if tree is None else (_TIMED[name], tree.body)


def _shell_names(command: str) -> list[str]:
    """`!ls {folder} $name` uses names."""
    return re.findall(r"(?:\{|\$\{?)\s*([A-Za-z_]\w*)", command)
