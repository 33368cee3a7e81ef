"""Files that a cell hands to worker processes: joblib's, executors', pools'. What these read nobody here hears.

What the cell's own code and the values that it names call a file, and is one, counts as read, with a note.
"""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator, Mapping
from typing import Any

from nbmlops.capture.reading.reads import Reads
from nbmlops.capture.slicing.names import CellNames
from nbmlops.capture.slicing.parsing import parsed

_WORKERS = re.compile(r"\b(?:Parallel|ProcessPoolExecutor|Pool|LocalCluster|Client|process_map|get_reusable_executor)\s*\(")
_MOST, _DEEPEST = 2_000, 3


def heard(reads: Reads, source: str, names: CellNames, held: Mapping[str, Any]) -> None:
    """Note the files that a cell with worker processes names."""
    if _WORKERS.search(source) is None:
        return
    tree, _ = parsed(source)
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)} if tree else set()
    for name in sorted(names.loads | names.binds):
        texts.update(_texts(held.get(name), _DEEPEST))
        if len(texts) > _MOST:
            break
    for text in sorted(texts)[:_MOST]:
        if 0 < len(text) < 1_000 and "\0" not in text and os.path.isfile(text):
            reads.named_to_a_program(os.path.abspath(text), late=True)


def _texts(value: Any, deep: int) -> Iterator[str]:
    """The texts and paths that plain containers hold.

    >>> sorted(_texts([("a.csv", 1), {"x": "b.csv"}], 3))
    ['a.csv', 'b.csv']
    """
    if isinstance(value, str):
        yield value
    elif isinstance(value, os.PathLike):
        yield os.fsdecode(os.fspath(value))
    elif deep and isinstance(value, (list, tuple, set, frozenset)):
        for one in list(value)[:_MOST]:
            yield from _texts(one, deep - 1)
    elif deep and type(value) is dict:
        for one in list(value.values())[:_MOST]:
            yield from _texts(one, deep - 1)
