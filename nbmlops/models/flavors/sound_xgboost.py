"""xgboost's binary JSON and JSON, looked at before xgboost reads them.

xgboost believes what the file says of itself: one changed bit in a length or a child ends the process. So a file is refused whose trees
leave their own nodes and columns, whose counts differ from what is there, or that has a part of no known name.
"""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np

from nbmlops.errors import Damaged
from nbmlops.models.flavors import ubjson
from nbmlops.models.flavors.zipped import shown

_AGAIN = "Register the model again from its run, or get its file again."
_EVERY = ("left_children", "right_children", "parents", "split_indices", "split_conditions", "default_left", "split_type")
_SEEN = ("base_weights", "loss_changes", "sum_hessian")
_CATEGORIES = ("categories", "categories_nodes", "categories_segments", "categories_sizes")
_NUMBER = re.compile(r"\[?[-+]?(\d[\d.]*(E[-+]?\d+)?|inf|nan)(,[-+]?(\d[\d.]*(E[-+]?\d+)?|inf|nan))*\]?", re.IGNORECASE)
_WORD = re.compile(r"[a-z_]+([:@-][\w:.@-]+)?")
MAX_COLUMNS, MAX_CLASSES, MAX_NODES = 1_000_000, 100_000, 1 << 26


def checked(data: bytes) -> bytes:
    """The bytes, when their trees stay inside their own nodes and columns; Damaged otherwise."""
    try:
        body = json.loads(data) if data[1:].lstrip()[:1] == b'"' else ubjson.read(data)
        _model(body)
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, OverflowError, RecursionError) as error:
        raise Damaged(f"The model file is none of xgboost's: {shown(f'{type(error).__name__}: {error}', 160)}.", hint=_AGAIN) from error
    return data


def _model(body: dict[str, Any]) -> None:
    learner = body["learner"]
    _only(body, {"learner", "version", "Config"})
    _only(learner, {"attributes", "feature_names", "feature_types", "gradient_booster", "learner_model_param", "objective"})
    if [type(part) for part in body["version"]] != [int] * 3 or not all(0 <= part < 1000 for part in body["version"]):
        raise ValueError("its version is none")
    params = learner["learner_model_param"]
    _only(params, {"base_score", "boost_from_average", "num_class", "num_feature", "num_target"})
    if not _NUMBER.fullmatch(params["base_score"]):
        raise ValueError("its base score is no number")
    columns, classes = _count(params["num_feature"], MAX_COLUMNS), _count(params["num_class"], MAX_CLASSES)
    targets = _count(params.get("num_target", "1"), MAX_CLASSES)
    for name in ("feature_names", "feature_types"):
        if len(learner[name]) not in (0, columns) or not all(isinstance(one, str) for one in learner[name]):
            raise ValueError(f"its {name} are not of its {columns} columns")
    if not all(isinstance(value, str) for value in learner["attributes"].values()):
        raise ValueError("an attribute is no text")
    _objective(learner["objective"], classes)
    _booster(learner["gradient_booster"], columns, max(classes, targets, 1))


def _objective(said: dict[str, Any], classes: int) -> None:
    if not _WORD.fullmatch(said["name"]):
        raise ValueError("its objective is none")
    for params in said.values():
        for name, value in params.items() if isinstance(params, dict) else ():
            if not isinstance(value, str) or not (_NUMBER.fullmatch(value) or _WORD.fullmatch(value)):
                raise ValueError(f"its objective's {name} is none")
            if name == "num_class" and value != str(classes):
                raise ValueError("its objective is of another number of classes")


def _booster(booster: dict[str, Any], columns: int, groups: int) -> None:
    kind = booster["name"]
    if kind == "dart":
        _only(booster, {"name", "gbtree", "weight_drop"})
        if len(booster["weight_drop"]) != len(booster["gbtree"]["model"]["trees"]):
            raise ValueError("not every tree has a weight")
        return _booster(booster["gbtree"], columns, groups)
    if kind == "gblinear":
        weights = booster["model"]["weights"]
        if len(weights) != (columns + 1) * groups or not all(isinstance(one, (int, float)) for one in np.asarray(weights).tolist()):
            raise ValueError("its weights are not of its columns")
        return None
    if kind != "gbtree":
        raise ValueError("its booster is none")
    _only(booster, {"name", "model", "config"})
    model = booster["model"]
    _only(model, {"cats", "gbtree_model_param", "iteration_indptr", "tree_info", "trees"})
    trees = model["trees"]
    said = model["gbtree_model_param"]
    if _count(said["num_trees"], MAX_NODES) != len(trees) or len(model["tree_info"]) != len(trees):
        raise ValueError(f"there are {len(trees)} trees, and others are said")
    each = _count(said["num_parallel_tree"], MAX_NODES)
    _within(model["tree_info"], 0, groups, "tree_info")
    rounds = _whole(model.get("iteration_indptr", []), "iteration_indptr")
    if len(rounds) and (rounds[0] != 0 or rounds[-1] != len(trees) or (np.diff(rounds) < 0).any()):
        raise ValueError("its rounds are not of its trees")
    if trees and (not each or len(trees) % each):
        raise ValueError("its rounds are not whole")
    for at, tree in enumerate(trees):
        _tree(tree, at, columns, groups)
    _categories_known(model.get("cats"), columns)
    return None


def _tree(tree: dict[str, Any], at: int, columns: int, groups: int) -> None:
    said = tree["tree_param"]
    _only(tree, {*_EVERY, *_SEEN, *_CATEGORIES, "id", "tree_param", "leaf_weights"})
    _only(said, {"num_deleted", "num_feature", "num_nodes", "size_leaf_vector"})
    nodes, width = _count(said["num_nodes"], MAX_NODES), _count(said["size_leaf_vector"], MAX_CLASSES)
    _count(said["num_deleted"], nodes)
    if tree["id"] != at or isinstance(tree["id"], bool) or _count(said["num_feature"], MAX_COLUMNS) != columns or not nodes:
        raise ValueError(f"tree {at} is of another model")
    if width > 1 and width != groups:
        raise ValueError(f"tree {at} has leaves of {width}")
    for name in (*_EVERY, *_SEEN):
        wide = width if width > 1 and name == "base_weights" else 1
        if name in tree and len(tree[name]) != nodes * wide and not (width > 1 and name in _SEEN):
            raise ValueError(f"tree {at} has {nodes} nodes, and {len(tree[name])} {name}")
    left, right = _whole(tree["left_children"], "left_children"), _whole(tree["right_children"], "right_children")
    here = np.arange(nodes)
    inner = left != -1
    if width > 1:  # a leaf has its place among the leaves' weights where others have their right child
        _within(right[~inner], 0, len(tree["leaf_weights"]) // width, "leaf_weights")
        right = np.where(inner, right, -1)
    if ((right != -1) != inner).any():
        raise ValueError(f"tree {at} has half a split")
    children = np.concatenate([left[inner], right[inner]])
    parents = np.concatenate([here[inner], here[inner]])
    if len(children) and ((children <= 0).any() or (children >= nodes).any() or len(np.unique(children)) != len(children)):
        raise ValueError(f"tree {at} points outside of itself")
    if (_whole(tree["parents"], "parents")[children] != parents).any() or not _falls(left, right, nodes):
        raise ValueError(f"tree {at} goes round")
    _within(np.asarray(tree["split_indices"])[inner], 0, columns, "split_indices")
    _within(tree["split_type"], 0, 2, "split_type")
    _within(tree["default_left"], 0, 2, "default_left")
    _sets(tree, nodes)


def _falls(left: Any, right: Any, nodes: int) -> bool:
    """Whether every way from the root ends: no node is come to twice, since each has one parent."""
    level, seen = np.array([0]), 0
    while len(level):
        seen += len(level)
        if seen > nodes:
            return False
        below = np.concatenate([left[level], right[level]])
        level = below[below != -1]
    return True


def _sets(tree: dict[str, Any], nodes: int) -> None:
    """Categories of splits: which nodes have them, where they begin, how many there are."""
    values, at, begins, sizes = (_whole(tree.get(name, []), name) for name in _CATEGORIES)
    if not len(at) == len(begins) == len(sizes):
        raise ValueError("its categories are not of its nodes")
    _within(at, 0, nodes, "categories_nodes")
    _within(values, 0, 1 << 24, "categories")
    if (begins < 0).any() or (sizes < 0).any() or (begins > len(values)).any() or (sizes > len(values) - begins).any():
        raise ValueError("its categories point outside of themselves")
    split = np.flatnonzero(np.asarray(tree["split_type"]) == 1)
    if sorted(at.tolist()) != split.tolist():
        raise ValueError("its splits on categories have none")


def _categories_known(cats: Any, columns: int) -> None:
    """The categories of the training data, where the file keeps them: texts by their offsets, or numbers."""
    if cats is None:
        return
    _only(cats, {"enc", "feature_segments", "sorted_idx"})
    segments, order = _whole(cats["feature_segments"], "feature_segments"), _whole(cats["sorted_idx"], "sorted_idx")
    if len(cats["enc"]) != len(segments) - 1 if len(segments) else len(cats["enc"]):
        raise ValueError("its categories are not of its columns")
    if len(segments) and (len(segments) != columns + 1 or segments[0] != 0 or segments[-1] != len(order) or (np.diff(segments) < 0).any()):
        raise ValueError("its categories are not of its columns")
    for number, one in enumerate(cats["enc"]):
        count = int(segments[number + 1] - segments[number])
        _within(order[segments[number] : segments[number + 1]], 0, max(count, 1), "sorted_idx")
        values = one["values"]
        if "offsets" not in one:
            if len(values) != count:
                raise ValueError("its categories are not of its columns")
            continue
        offsets = _whole(one["offsets"], "offsets")
        if len(offsets) != (count + 1 if count else len(offsets)) or (np.diff(offsets) < 0).any():
            raise ValueError("its categories' texts overlap")
        if len(offsets) and (offsets[0] != 0 or offsets[-1] != len(values)):
            raise ValueError("its categories' texts end elsewhere")


def _only(said: dict[str, Any], known: set[str]) -> None:
    if odd := set(said) - known:
        raise ValueError(f"it has a part called {min(odd)[:40]!r}")


def _count(text: Any, most: int) -> int:
    if not isinstance(text, str) or not re.fullmatch(r"\d{1,10}", text) or int(text) > most:
        raise ValueError(f"{str(text)[:40]!r} is no count up to {most:,}")
    return int(text)


def _whole(values: Any, name: str) -> Any:
    found = np.asarray(values)
    if found.ndim != 1 or (len(found) and found.dtype.kind not in "iu"):
        raise ValueError(f"{name} are no whole numbers")
    return found.astype("int64")


def _within(values: Any, least: int, end: int, name: str) -> None:
    found = np.asarray(values)
    if found.dtype.kind == "b":
        found = found.astype("int64")
    found = _whole(found, name)
    if len(found) and (found.min() < least or found.max() >= end):
        raise ValueError(f"{name} point outside of {least} … {end - 1}")
