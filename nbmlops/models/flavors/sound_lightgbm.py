"""lightgbm's text, looked at before lightgbm reads it.

lightgbm believes what the text says of itself: one changed bit in a count, a child or an offset ends the process (a bad allocation that
nobody catches, memory that is not its own) or has it ask a tree for ever. So a text is refused that does not say the same everywhere.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

from nbmlops.errors import Damaged
from nbmlops.models.flavors.zipped import shown

_AGAIN = "Register the model again from its run, or get its file again."
_HEAD = {
    "version", "num_class", "num_tree_per_iteration", "label_index", "max_feature_idx", "objective", "feature_names",
    "monotone_constraints", "feature_infos", "tree_sizes", "average_output",
}  # fmt: skip
_TREE = {
    "num_leaves", "num_cat", "split_feature", "split_gain", "threshold", "decision_type", "left_child", "right_child", "leaf_value",
    "leaf_weight", "leaf_count", "internal_value", "internal_weight", "internal_count", "cat_boundaries", "cat_threshold", "is_linear",
    "leaf_const", "num_features", "leaf_features", "leaf_coeff", "shrinkage",
}  # fmt: skip
_SPLITS = ("split_feature", "split_gain", "threshold", "decision_type", "left_child", "right_child", "internal_value", "internal_weight",
           "internal_count")  # fmt: skip
_OBJECTIVE = re.compile(r"[a-z_0-9]+( [a-z_]+(:[-+.\w]+)?)*")
_PARAMETER = re.compile(r"\[\w+: .*\]")  # lightgbm looks for the colon and follows it where there is none
MAX_LEAVES, MAX_COLUMNS, MAX_CLASSES = 131_072, 1_000_000, 10_000


def checked(data: bytes) -> str:
    """The text, when its trees stay inside their own nodes and its columns; Damaged otherwise."""
    try:
        text = data.decode("utf-8")
        end = text.index("\nend of trees\n")
        begin = text.index("\nTree=0\n") if "\nTree=0\n" in text[: end + 1] else end
        head = _lines(text[: begin + 1].splitlines(), _HEAD, "the head")
        _trees(head, data[len(text[: begin + 1].encode()) : len(text[: end + 1].encode())])
        _tail(text[end:])
        return text
    except (ValueError, IndexError, KeyError, OverflowError) as error:
        raise _damaged(str(error)) from error


def _damaged(said: str) -> Damaged:
    return Damaged(f"The model file's text is none of lightgbm's: {shown(said, 160)}.", hint=_AGAIN)


def _lines(lines: list[str], known: set[str], where: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in lines:
        name, mark, value = line.partition("=")
        if not line or name in ("tree", "average_output"):
            continue
        if not mark or name not in known or name in found:
            raise _damaged(f"{where} has the line {line[:60]!r}")
        found[name] = value
    return found


def _trees(head: dict[str, str], trees: bytes) -> None:
    columns = _count(head["max_feature_idx"], MAX_COLUMNS) + 1
    classes = _count(head["num_class"], MAX_CLASSES)
    each = _count(head["num_tree_per_iteration"], MAX_CLASSES)
    _count(head["label_index"], MAX_COLUMNS)
    if head["version"] not in ("v2", "v3", "v4") or not _OBJECTIVE.fullmatch(head.get("objective", "none")):
        raise _damaged("its version or objective is none")
    _objective(head.get("objective", ""), classes)
    if not classes or each not in (1, classes):
        raise _damaged(f"it has {classes} classes, and {each} trees for them")
    if len(head["feature_names"].split(" ")) != columns or len(head["feature_infos"].split(" ")) != columns:
        raise _damaged(f"it names other columns than the {columns} it has")
    if head.get("monotone_constraints") and len(head["monotone_constraints"].split()) != columns:
        raise _damaged("its constraints are not of its columns")
    sizes = [_count(size, len(trees)) for size in head.get("tree_sizes", "").split()]
    if sum(sizes) != len(trees):
        raise _damaged(f"its trees are said to take {sum(sizes):,} bytes, and take {len(trees):,}")
    if len(sizes) % each:
        raise _damaged(f"{len(sizes)} trees are not {each} for each round")
    at = 0
    for number, size in enumerate(sizes):
        lines = trees[at : at + size].decode("utf-8").splitlines()
        at += size
        if not lines or lines[0] != f"Tree={number}":
            raise _damaged(f"tree {number} is not where it is said to be")
        _tree(_lines(lines[1:], _TREE, f"tree {number}"), columns, number)


def _objective(said: str, classes: int) -> None:
    found = re.search(r"num_class:(\S+)", said)
    if found is not None and found.group(1) != str(classes):
        raise _damaged("its objective is of another number of classes")


def _tree(said: dict[str, str], columns: int, number: int) -> None:
    leaves, sets = _count(said["num_leaves"], MAX_LEAVES), _count(said["num_cat"], MAX_LEAVES)
    if not leaves:
        raise _damaged(f"tree {number} has no leaves")
    _numbers(said["leaf_value"], leaves, "leaf_value")
    for name in ("leaf_weight", "leaf_count", "leaf_const"):
        if said.get(name):
            _numbers(said[name], leaves, name)
    _numbers(said["shrinkage"], 1, "shrinkage")
    if said.get("is_linear", "0") not in ("0", "1"):
        raise _damaged("is_linear is neither 0 nor 1")
    if said.get("is_linear") == "1":
        _linear(said, leaves, columns)
    if leaves == 1:
        return
    given = {name: _numbers(said[name], leaves - 1, name) for name in _SPLITS if said.get(name) or name not in ("split_gain",)}
    for feature in given["split_feature"]:
        _at(feature, 0, columns, "split_feature")
    seen: set[int] = set()
    for node in range(leaves - 1):
        for child in (given["left_child"][node], given["right_child"][node]):
            _at(child, -leaves, leaves - 1, "a child")
            if int(child) in seen or 0 <= child <= node:
                raise _damaged(f"tree {number} goes round")
            seen.add(int(child))
    _categories(said, given, sets)


def _categories(said: dict[str, str], given: dict[str, list[float]], sets: int) -> None:
    kinds = given["decision_type"]
    for kind in kinds:
        _at(kind, 0, 16, "decision_type")
    bounds = [int(one) for one in _numbers(said["cat_boundaries"], sets + 1, "cat_boundaries")] if sets else [0]
    if bounds != sorted(bounds) or bounds[0] != 0:
        raise _damaged("cat_boundaries do not ascend")
    if sets:
        _numbers(said["cat_threshold"], bounds[-1], "cat_threshold", least=0, most=2**32 - 1)
    for kind, threshold in zip(kinds, given["threshold"], strict=True):
        if int(kind) & 1:
            _at(threshold, 0, sets, "a set of categories")


def _linear(said: dict[str, str], leaves: int, columns: int) -> None:
    counts = [int(one) for one in _numbers(said["num_features"], leaves, "num_features", least=0, most=columns)]
    for name, most in (("leaf_features", columns - 1), ("leaf_coeff", math.inf)):
        _numbers(" ".join(said.get(name, "").split()), sum(counts), name, least=0 if name == "leaf_features" else -math.inf, most=most)


def _tail(text: str) -> None:
    """What follows the trees is words, and a line of JSON at the end."""
    if not text.isprintable() and any(not (letter.isprintable() or letter == "\n") for letter in text):
        raise _damaged("its end has letters that are none")
    for line in text.splitlines():
        if line.startswith(("pandas_categorical:", "nbmlops:")):
            json.loads(line.partition(":")[2])
    begin, end = text.find("\nparameters:"), text.find("\nend of parameters")
    if (begin < 0) != (end < 0) or end < begin:
        raise _damaged("its parameters have no begin, or no end")
    for line in text[begin:end].splitlines()[2:] if begin >= 0 else ():
        if line and not _PARAMETER.fullmatch(line):
            raise _damaged(f"it has the parameter {line[:60]!r}")


def _count(text: str, most: int) -> int:
    if not re.fullmatch(r"\d{1,10}", text) or int(text) > most:
        raise _damaged(f"{text[:40]!r} is no count up to {most:,}")
    return int(text)


def _numbers(text: str, count: int, name: str, *, least: float = -math.inf, most: float = math.inf) -> list[float]:
    parts = text.split(" ") if text else []
    if len(parts) != count:
        raise _damaged(f"{name} has {len(parts):,} numbers, and {count:,} are said")
    if any(not re.fullmatch(r"-?(\d[\d.]*(e[-+]?\d+)?|inf|nan)", part) for part in parts):
        raise _damaged(f"{name} has a number that is none")
    found = [float(part) for part in parts]
    if any(not least <= one <= most for one in found if one == one):
        raise _damaged(f"{name} has a number outside of {least:g} … {most:g}")
    return found


def _at(number: Any, least: int, end: int, name: str) -> None:
    if number != int(number) or not least <= number < end:
        raise _damaged(f"{name} points to {number:g}, and there are {end}")
