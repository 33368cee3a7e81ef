"""skops files as no skops would write them."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import skops
import skops.io
from skops.io._protocol import PROTOCOL


def edited(data: bytes, change: Callable[[dict[str, Any]], Any], files: dict[str, bytes] | None = None) -> bytes:
    """A file with its schema changed: `change` edits it in place or gives another."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as before, zipfile.ZipFile(out, "w") as after:
        schema = json.loads(before.read("schema.json"))
        changed = change(schema)
        schema = schema if changed is None else changed
        for name in before.namelist():
            if name != "schema.json" and name not in (files or {}):
                after.writestr(name, before.read(name))
        for name, content in (files or {}).items():
            after.writestr(name, content)
        after.writestr("schema.json", json.dumps(schema))
    return out.getvalue()


def crafted(root: dict[str, Any]) -> bytes:
    """A file that holds only this node."""
    return edited(skops.io.dumps([1]), lambda _: {**root, "protocol": PROTOCOL, "_skops_version": skops.__version__})


def node(name: str, loader: str, **more: Any) -> dict[str, Any]:
    """A node of the tree: a name, and how it is made."""
    module, _, attribute = name.rpartition(".")
    return {"__module__": module, "__class__": attribute, "__loader__": loader, **more}


def json_node(value: Any) -> dict[str, Any]:
    """A plain value."""
    return node("builtins.str", "JsonNode", content=json.dumps(value), is_json=True)


def tuple_node(*values: dict[str, Any]) -> dict[str, Any]:
    """A tuple of nodes."""
    return node("builtins.tuple", "TupleNode", content=list(values))


def dict_node(values: dict[str, dict[str, Any]], keys: dict[str, Any] | None = None) -> dict[str, Any]:
    """A dict; `keys` is what each key is called with when it is read."""
    kinds = [keys or node("builtins.str", "TypeNode")] * len(values)
    return node("builtins.dict", "DictNode", content=values, key_types=node("builtins.list", "ListNode", content=kinds))


def called(name: str, *arguments: Any) -> list[dict[str, Any]]:
    """The ways in which a file could have a name called with arguments of its own."""
    plain = [json_node(value) for value in arguments]
    function = node(name, "FunctionNode")
    partial = node(
        "functools.partial", "PartialNode",
        content={"func": function, "args": tuple_node(*plain), "kwds": dict_node({}), "namespace": json_node(None)},
    )  # fmt: skip
    return [
        node(name, "ConstructorFromReduceNode", content=tuple_node(*plain)),
        dict_node({str(arguments[0]) if arguments else "x": json_node(1)}, keys=node(name, "TypeNode")),
        node(name, "ListNode", content=plain),
        node(name, "ObjectNode", content=dict_node({"a": json_node(1)})),
        node(name, "TypeNode"),
        function,
        partial,
        {**node("os.x", "FunctionNode"), "content": {"module_path": name.rpartition(".")[0], "function": name.rpartition(".")[2]}},
        node("sklearn.preprocessing._function_transformer.FunctionTransformer", "ObjectNode", content=dict_node({"func": partial})),
    ]
