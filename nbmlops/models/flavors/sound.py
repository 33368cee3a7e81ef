"""Trees whose numbers keep to themselves.

scikit-learn follows the child and feature numbers of a tree in compiled code without looking whether they lie inside it:
a changed file could read or crash the process that asks it. So they are looked at once, when a model is loaded.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse

from nbmlops.errors import Damaged

_AGAIN = "Register the model again from its run."
_OUTSIDE = "A tree of the model points outside of itself."


def check(model: Any) -> Any:
    """The model, when every tree in it stays inside its own nodes and columns; Damaged otherwise."""
    from sklearn.ensemble._gb import BaseGradientBoosting
    from sklearn.ensemble._hist_gradient_boosting.predictor import TreePredictor
    from sklearn.neighbors import BallTree, KDTree
    from sklearn.tree._tree import Tree

    BinaryTree = (BallTree, KDTree)  # noqa: N806
    seen: set[tuple[int, int | None]] = set()
    waiting: list[tuple[Any, int | None]] = [(model, None)]  # an object, and how many columns its owner takes
    while waiting:
        found, columns = waiting.pop()
        if isinstance(found, (str, bytes, int, float, type, type(None))) or (id(found), columns) in seen:
            continue
        seen.add((id(found), columns))
        if isinstance(found, Tree):
            _tree(found, columns)
        elif isinstance(found, TreePredictor):
            _predictor(found, columns)
        elif scipy.sparse.issparse(found):
            _sparse(found)
        elif isinstance(found, BinaryTree):
            _neighbours(found)
        elif isinstance(found, (dict, list, tuple, set, frozenset)):
            waiting += [(part, columns) for part in (found.values() if isinstance(found, dict) else found)]
        elif isinstance(found, np.ndarray):
            waiting += [(part, columns) for part in found.flat] if found.dtype == object else []
        else:
            state = getattr(found, "__dict__", None) or {}
            columns = _count(state.get("n_features_in_", columns))
            waiting += [(part, columns) for part in state.values()]
            if isinstance(found, BaseGradientBoosting):  # asks the nodes itself: they have its columns, whatever their owners say
                waiting += [(getattr(part, "tree_", None), columns) for part in np.asarray(state.get("estimators_", ()), dtype=object).flat]
    return model


def _sparse(found: Any) -> None:
    try:
        found.tocsr().check_format(full_check=True) if found.format not in ("csr", "csc") else found.check_format(full_check=True)
    except ValueError as error:
        raise Damaged(f"A sparse matrix of the model points outside of itself: {error}.", hint=_AGAIN) from error


def _neighbours(found: Any) -> None:
    """A tree of points: each once, and nodes that hold a span of them."""
    points, order, nodes, _ = (np.asarray(part) for part in found.get_arrays())
    inside = len(order) == len(points) and np.array_equal(np.sort(order), np.arange(len(points)))
    begin, end = nodes["idx_start"], nodes["idx_end"]
    if not inside or (begin < 0).any() or (end < begin).any() or (end > len(points)).any():
        raise Damaged(_OUTSIDE, hint=_AGAIN)


def _count(columns: Any) -> int | None:
    if columns is None or (isinstance(columns, (int, np.integer)) and not isinstance(columns, bool)):
        return columns if columns is None else int(columns)
    raise Damaged("A part of the model takes no number of columns.", hint=_AGAIN)


def _tree(tree: Any, columns: int | None) -> None:
    inner = tree.children_left != -1
    _inside(
        np.arange(tree.node_count)[inner],
        tree.children_left[inner],
        tree.children_right[inner],
        tree.feature[inner],
        tree.node_count,
        columns,
    )


def _predictor(found: Any, columns: int | None) -> None:
    nodes, sets = found.nodes, found.raw_left_cat_bitsets
    inner = nodes["is_leaf"] == 0
    split = nodes[inner]
    _inside(
        np.arange(len(nodes))[inner], split["left"].astype("i8"), split["right"].astype("i8"), split["feature_idx"], len(nodes), columns
    )
    named = split["bitset_idx"][split["is_categorical"] != 0]
    if named.size and (sets.ndim != 2 or sets.shape[1] != 8 or int(named.max()) >= len(sets)):
        raise Damaged(_OUTSIDE, hint=_AGAIN)


def _inside(at: Any, left: Any, right: Any, feature: Any, count: int, columns: int | None) -> None:
    """Children come after their parent, so nothing goes round; splits are on columns there are."""
    children, parents = np.concatenate([left, right]), np.concatenate([at, at])
    if columns is None or not count:
        raise Damaged(_OUTSIDE, hint=_AGAIN)
    if len(at) and ((children <= parents).any() or children.max() >= count or feature.min() < 0 or feature.max() >= columns):
        raise Damaged(_OUTSIDE, hint=_AGAIN)
