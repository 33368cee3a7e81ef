"""A skops file's tree of nodes, looked at before skops makes anything of it.

skops asks of each node whether its type is trusted. What it does not ask is looked at here: how large and deep the tree is,
whether two things go by one id (then one is looked at and the other is made), and what a dict has its keys called by.
"""

from __future__ import annotations

from typing import Any

from nbmlops.errors import Damaged
from nbmlops.models.flavors.zipped import shown

MAX_NODES = 2_000_000
MAX_DEPTH = 400  # skops goes down by calls
_AGAIN = "Register the model again from its run, or get its file again."
_LOADERS = frozenset({
    "BytearrayNode", "BytesNode", "ConstructorFromReduceNode", "DTypeNode", "DefaultDictNode", "DictNode", "FunctionNode", "JsonNode",
    "ListNode", "LossNode", "MaskedArrayNode", "MethodNode", "NdArrayNode", "ObjectNode", "OperatorFuncNode", "PartialNode",
    "QuantileForestNode", "RandomGeneratorNode", "RandomStateNode", "SetNode", "SliceNode", "SparseMatrixNode", "TreeNode", "TupleNode",
    "TypeNode", "_DictWithDeprecatedKeysNode",
})  # fmt: skip


def checked(schema: Any) -> None:
    """Damaged where a tree is too large or too deep, has a node of no known kind, or says one thing and means another."""
    if not isinstance(schema, dict) or "__loader__" not in schema:
        raise Damaged("The model file's schema.json is no tree of nodes.", hint=_AGAIN)
    named: dict[Any, tuple[str, str, str]] = {}
    waiting: list[tuple[Any, int]] = [(schema, 0)]
    count = 0
    while waiting:
        found, depth = waiting.pop()
        count += 1
        if count > MAX_NODES or depth > MAX_DEPTH:
            raise Damaged("The model file's schema.json is nested too deeply, or too long.", hint=_AGAIN)
        if isinstance(found, dict):
            if "__loader__" in found:
                _node(found, named)
            waiting += [(part, depth + 1) for part in found.values() if isinstance(part, (dict, list))]
        else:
            waiting += [(part, depth + 1) for part in found if isinstance(part, (dict, list))]


def nodes(schema: Any) -> list[dict[str, Any]]:
    """All nodes of a tree."""
    found, waiting = [], [schema]
    while waiting:
        part = waiting.pop()
        waiting += part if isinstance(part, list) else part.values() if isinstance(part, dict) else []
        if isinstance(part, dict) and "__loader__" in part:
            found.append(part)
    return found


def _node(node: dict[str, Any], named: dict[Any, tuple[str, str, str]]) -> None:
    loader = node["__loader__"]
    if not isinstance(loader, str) or loader not in _LOADERS:
        raise Damaged(f"The model file has a node of an unknown kind: {shown(str(loader))!r}.", hint=_AGAIN)
    said = (loader, _text(node, "__module__"), _text(node, "__class__"))
    number = node.get("__id__")
    if number is not None:
        if isinstance(number, bool) or not isinstance(number, int):
            raise Damaged(f"A node of the model file has an id that is no number: {shown(str(number))!r}.", hint=_AGAIN)
        if named.setdefault(number, said) != said:
            raise Damaged(f"The model file has two things under the id {shown(str(number))}.", hint=_AGAIN)
    if loader in ("DictNode", "_DictWithDeprecatedKeysNode") and "key_types" in node:
        _keys(node["key_types"])


def _text(node: dict[str, Any], name: str) -> str:
    value = node.get(name)
    if not isinstance(value, str):
        raise Damaged(f"A node of the model file has no {name}.", hint=_AGAIN)
    return value


def _keys(kinds: Any) -> None:
    """Keys are made by types of Python's and numpy's: skops calls whatever stands there with the key's text."""
    parts = kinds.get("content") if isinstance(kinds, dict) and kinds.get("__loader__") == "ListNode" else None
    if not isinstance(parts, list):
        raise Damaged("A dict of the model file does not say what its keys are.", hint=_AGAIN)
    for part in parts:
        known = isinstance(part, dict) and part.get("__loader__") == "TypeNode" and part.get("__module__") in ("builtins", "numpy")
        if not known:
            named = f"{part.get('__module__')}.{part.get('__class__')}" if isinstance(part, dict) else str(part)
            raise Damaged(f"A dict of the model file would have its keys made by {shown(named)!r}.", hint=_AGAIN)
