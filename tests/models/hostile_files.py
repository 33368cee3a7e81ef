"""Model files as an enemy, or a bad disk, would make them: name → what it is called, its content, the words of its refusal."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import pickle
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable
from typing import Any

import lightgbm
import numpy as np
import pandas as pd
import skops.io
import xgboost
from onnx import TensorProto, helper, numpy_helper
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import Ridge

from nbmlops.models.carried import package_of
from nbmlops.models.flavors.lightgbm import LightgbmFlavor
from nbmlops.models.flavors.sklearn import SklearnFlavor
from nbmlops.models.flavors.xgboost import XgboostFlavor
from tests.models.skops_files import called, crafted, dict_node, edited, json_node, node, tuple_node

RANDOM = np.random.default_rng(0)
X = pd.DataFrame({"a": RANDOM.normal(size=120), "b": RANDOM.normal(size=120)})
Y = X["a"] * 2 - X["b"]
RIDGE = skops.io.dumps(Ridge().fit(X, Y))
FOREST = SklearnFlavor().save(RandomForestRegressor(2, max_depth=3, random_state=0).fit(X, Y))
LIGHTGBM = LightgbmFlavor().save(lightgbm.LGBMRegressor(n_estimators=3, num_leaves=5, verbose=-1, n_jobs=1).fit(X, Y))
XGBOOST = XgboostFlavor().save(xgboost.XGBRegressor(n_estimators=3, max_depth=3, n_jobs=1).fit(X, Y))
XGBOOST_JSON = bytes(xgboost.XGBRegressor(n_estimators=2, max_depth=2, n_jobs=1).fit(X, Y).get_booster().save_raw("json"))


def graph(nodes: list[Any] | None = None, weights: list[Any] | None = None, **more: Any) -> Any:
    """An ONNX model: a line, or what is given."""
    weights = weights if weights is not None else [numpy_helper.from_array(np.array([[2.0], [-1.0]], "f4"), "w")]
    made = helper.make_graph(
        nodes or [helper.make_node("MatMul", ["x", "w"], ["y"])], "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, 2])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)], weights,
    )  # fmt: skip
    domains = [helper.make_opsetid("", 17), *(helper.make_opsetid(one, 1) for one in more.get("domains", ()))]
    return helper.make_model(made, opset_imports=domains, ir_version=8)


ONNX = graph().SerializeToString()


class Runs:
    """Unpickled, it runs a command."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> Any:
        return os.system, (self.command,)


class Built(Runs):
    """Unpickled, it runs a command with its state, as a function that sets it."""

    def __reduce__(self) -> Any:
        return list, (), self.command, None, None, _state_set


def _state_set(held: Any, command: str) -> None:
    os.system(command)


def pickles(command: str) -> dict[str, tuple[str, bytes, str]]:
    """Pickles that run a command, in many guises."""
    runs, words = Runs(command), "which runs code when it is loaded"
    found = {f"a pickle of protocol {n}": (f"p{n}.pkl", pickle.dumps(runs, n), words) for n in range(6)}
    plain = pickle.dumps(runs, 4)
    found |= {
        "a pickle of eval": ("eval.pkl", f"c__builtin__\neval\n(S'__import__(\"os\").system({command!r})'\ntR.".encode(), words),
        "a pickle in a dict in a list": ("nested.pickle", pickle.dumps([{"model": [Ridge(), (runs,)]}], 5), words),
        "a pickle with bytes after its end": ("after.pkl", plain + b"\0" * 99, words),
        "a pickle that builds": ("build.pkl", pickle.dumps(Built(command), 4), words),
        "a joblib file": ("m.joblib", plain, words),
        "joblib with zlib": ("z.joblib", zlib.compress(plain), words),
        "joblib with gzip": ("g.joblib", gzip.compress(plain), words),
        "joblib with bz2": ("b.joblib", bz2.compress(plain), words),
        "joblib with xz": ("x.joblib", lzma.compress(plain), words),
        "joblib with lzma": ("l.joblib", lzma.compress(plain, lzma.FORMAT_ALONE), words),
        "a pickle without a suffix": ("model", plain, words),
        "torch.save as it was": ("legacy.pt", b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19." + plain, "a pickle of torch"),
        "torch.save": ("zip.pt", zipped({"archive/data.pkl": plain, "archive/version": b"3\n"}), "a pickle of torch"),
        "a program of torch": ("m.pt2", zipped({"m/archive_format": b"pt2", "m/data/weights.pkl": plain}), words),
        "a program and a pickle and a model": (
            "all",
            zipped({"schema.json": b"{}", "a/archive_format": b"", "data.pkl": plain}),
            "at once",
        ),
        "a pickle as an array inside skops": ("npy.skops", member(RIDGE, ".npy", plain), "be made a model|allow_pickle|pickled"),
        "objects as an array inside skops": ("object.skops", member(RIDGE, ".npy", _npy(np.array([runs], object))), "holds objects"),
    }
    for suffix, what in {"skops": "a skops file", "onnx": "an ONNX model", "ubj": "xgboost's binary JSON", "json": "xgboost's JSON",
                         "txt": "lightgbm's text", "pt2": "a program of torch"}.items():  # fmt: skip
        found[f"a pickle called .{suffix}"] = (f"renamed.{suffix}", plain, f"is called as {what} is, and is a pickle")
    return found


def _npy(array: Any) -> bytes:
    out = io.BytesIO()
    np.save(out, array, allow_pickle=True)
    return out.getvalue()


def zipped(members: dict[str, bytes], **how: Any) -> bytes:
    """A zip file of members."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", **how) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return out.getvalue()


def members(data: bytes) -> dict[str, bytes]:
    """What a zip file holds."""
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        return {name: file.read(name) for name in file.namelist()}


def member(data: bytes, suffix: str, content: bytes) -> bytes:
    """A zip file with its first member of a suffix changed."""
    held = members(data)
    held[next(name for name in held if name.endswith(suffix))] = content
    return zipped(held)


def added(name: str, content: bytes = b"x", change: Callable[[zipfile.ZipInfo], None] = lambda info: None) -> bytes:
    """A skops file with another member, as `change` has it."""
    out = io.BytesIO(RIDGE)
    info = zipfile.ZipInfo(name)
    change(info)
    with zipfile.ZipFile(out, "a") as file:
        file.writestr(info, content)
    return out.getvalue()


def marked(mode: int) -> Callable[[zipfile.ZipInfo], None]:
    """A member of another kind than a plain file."""

    def change(info: zipfile.ZipInfo) -> None:
        info.external_attr = mode << 16

    return change


def patched(data: bytes, flag: int) -> bytes:
    """A zip file whose last member has a flag in both of its heads."""
    out = bytearray(data)
    out[data.rindex(b"PK\1\2") + 8] |= flag
    out[data.rindex(b"PK\3\4") + 6] |= flag
    return bytes(out)


def zips() -> dict[str, tuple[str, bytes, str]]:
    """Zip files that are more, or other, than they look."""
    big = io.BytesIO()
    with zipfile.ZipFile(big, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("schema.json", b" " * (200 << 20))
    many = zipped({f"{n}": b"" for n in range(100_001)})
    twice = bytearray(zipped({"schema.json": b"{}", "schema.jsoN": b"{}"}))
    twice = twice.replace(b"schema.jsoN", b"schema.json")
    later = bytearray(added("later"))
    later[later.rindex(b"PK\1\2") + 6] = 99
    header = _npy(np.zeros(2))
    huge = header.replace(b"(2,), }" + b" " * 8, b"(999999999,), }")
    return {
        "a way up": ("up.skops", added("../../evil"), "leaves it: '../../evil'"),
        "a way up behind a folder": ("up2.skops", added("a/../../evil"), "leaves it"),
        "an absolute path": ("abs.skops", added("/etc/cron.d/evil"), "leaves it"),
        "a path of Windows": ("win.skops", added("a\\..\\evil"), "leaves it"),
        "a drive of Windows": ("drive.skops", added("C:evil"), "leaves it"),
        "a name with a bell": ("bell.skops", added("a\x07b"), "whose name is none"),
        "a link": ("link.skops", added("ln", b"/etc/passwd", marked(stat.S_IFLNK | 0o777)), "no plain file but a link"),
        "a device": ("dev.skops", added("dev", b"", marked(stat.S_IFCHR | 0o666)), "no plain file"),
        "a folder": ("dir.skops", added("code/"), "leaves it"),
        "a member twice": ("twice.skops", bytes(twice), "twice"),
        "an encrypted member": ("key.skops", patched(added("secret"), 1), "is encrypted"),
        "a packing of its own": ("lzma.skops", zipped({"schema.json": b"{}" * 9}, compression=zipfile.ZIP_LZMA), "by method 14"),
        "a bomb": ("bomb.skops", big.getvalue(), "times what it takes"),
        "many members": ("many.skops", many, "100,001 members"),
        "a zip that is cut": ("cut.skops", RIDGE[: len(RIDGE) // 2], "no whole zip"),
        "a zip of a later version": ("v99.skops", bytes(later), "zip file version 9.9"),
        "a zip of nothing": ("none.skops", zipped({"a.txt": b"a"}), "a zip file that is no model"),
        "a zip with a wrong sum": ("crc.skops", RIDGE.replace(b"_ridge", b"_rigde", 1), "cannot be read"),
        "a shape that is huge": ("shape.skops", member(FOREST, ".npy", huge), "is said to take"),
        "an array without a head": ("head.skops", member(RIDGE, ".npy", b"\x93NUMPY\1\0\xff\xff{" + b"(" * 400), "has no head"),
        "an array in an array's place in a zip": ("npz.skops", member(RIDGE, ".npy", zipped({"../a.npy": header})), "leaves it"),
    }


def nested(depth: int) -> bytes:
    """A list in a list in a list."""
    inner = '{"__loader__":"ListNode","__class__":"list","__module__":"builtins","content":['
    return inner.encode() * depth + b"]}" * depth


def schemas(command: str) -> dict[str, tuple[str, bytes, str]]:
    """skops files whose tree is none."""
    found: dict[str, tuple[str, bytes, str]] = {}
    ways = ["reduce", "keys", "list", "object", "type", "function", "partial", "an old function", "a transformer's function"]
    for way, root in zip(ways, called("os.system", command), strict=True):
        found[f"os.system by {way}"] = (f"{way.replace(' ', '_')}.skops", crafted(root), r"os\.system|posix\.system|os\.x|its keys")
    ridge = node("sklearn.linear_model._ridge.Ridge", "ObjectNode", content=dict_node({"alpha": json_node(1)}))
    generator = node(
        "numpy.random._generator.Generator", "RandomGeneratorNode",
        content={"bit_generator": dict_node({"bit_generator": json_node("seed")}), "seed_seq": dict_node({})},
    )  # fmt: skip
    partial = node("functools.partial", "PartialNode", content={
        "func": node("numpy.mean", "FunctionNode"), "args": tuple_node(json_node(1)), "kwds": dict_node({}), "namespace": json_node(None)},
    )  # fmt: skip
    one_id = [node("builtins.str", "TypeNode", __id__=7), {**partial, "__id__": 7}]
    methods = node("operator.methodcaller", "OperatorFuncNode", attrs=tuple_node(json_node("system"), json_node(command)))
    others = {
        "a method": (node("sklearn.linear_model._ridge.Ridge", "MethodNode", content={"func": "fit", "obj": ridge}), "Ridge.fit"),
        "an operator": (methods, "methodcaller"),
        "a generator of a seed": (generator, "seed"),
        "a node of no kind": (node("a.b", "EvilNode"), "unknown kind: 'EvilNode'"),
        "a cached node": (node("a.b", "CachedNode", __id__=1), "unknown kind: 'CachedNode'"),
        "two things with one id": (node("builtins.list", "ListNode", content=one_id), "two things under the id 7"),
        "keys made by a partial": (dict_node({"a": json_node(1)}, keys=partial), "its keys made by 'functools.partial'"),
        "an id that is a list": (node("builtins.list", "ListNode", content=[], __id__=[1]), "no number"),
        "an id that is huge": (node("builtins.list", "ListNode", content=[], __id__=10**4000), "holds a list"),
        "a class that is a number": (node("builtins.list", "ListNode", content=[]) | {"__class__": 5}, "no __class__"),
        "a list": (node("builtins.list", "ListNode", content=[]), "holds a list, which is no model"),
        "text of deep JSON": (node("builtins.str", "JsonNode", content="[" * 100_000), "be made a model"),
        "a member that is not there": (node("numpy.ndarray", "NdArrayNode", type="numpy", file="../../etc/passwd"), "cannot be read"),
    }
    found |= {name: (f"{name.replace(' ', '_')}.skops", crafted(root), words) for name, (root, words) in others.items()}
    found |= {
        "a tree nested 300 deep": ("deep.skops", member(RIDGE, ".json", nested(300)), "nested too deeply"),
        "JSON nested 100,000 deep": ("deeper.skops", member(RIDGE, ".json", nested(100_000)), "recursion|nested"),
        "a schema that is a list": ("list.skops", member(RIDGE, ".json", b"[1]"), "no tree of nodes"),
        "a schema that is no JSON": ("text.skops", member(RIDGE, ".json", b"\xff\xfe"), "cannot be read"),
        "a protocol of its own": ("protocol.skops", edited(RIDGE, lambda s: {**s, "protocol": 99}), "protocol"),
    }
    return found


CODE = "from subprocess import check_output\nimport os\nclass Kept:\n    def predict(self, rows): return [0] * len(rows)\n"


def coded(files: dict[str, str] | None = None, root: dict[str, Any] | None = None, package: str | None = None, **more: bytes) -> bytes:
    """A skops file that brings code."""
    files = files or {"notebook.py": CODE}
    made = package or package_of(files, {})
    root = root or node("P.notebook.Kept", "ObjectNode")
    whole = json.loads(json.dumps(root).replace('"P.', f'"{made}.'))
    out = io.BytesIO(crafted(whole))
    with zipfile.ZipFile(out, "a") as file:
        file.writestr("code/about.json", json.dumps({"package": made, "python": None}))
        for place, source in files.items():
            file.writestr(f"code/{place}", source)
        for name, content in more.items():
            file.writestr(f"values/{name.replace('__', '.')}", content)
    return out.getvalue()


def codes(command: str) -> dict[str, tuple[str, bytes, str]]:
    """Files that bring code. Those at the end are asked with their code trusted."""
    evil = {"notebook.py": f"import os\nos.system({command!r})\n" + CODE}
    imported = node("P.notebook.check_output", "ConstructorFromReduceNode", content=tuple_node(json_node(["sh", "-c", command])))
    keys = dict_node({command: json_node(1)}, keys=node("P.notebook.check_output", "TypeNode"))
    return {
        "code that nobody trusted": ("evil.skops", coded(evil), "code of its own that nobody has trusted"),
        "code called json": ("json.skops", coded(package="json"), "names no package"),
        "code called os.path": ("os.skops", coded(package="os.path"), "names no package"),
        "code of another's name": ("other.skops", coded(package="nbmlops_code_" + "a" * 16), "not its digest"),
        "code in a place above": ("above.skops", coded({"../evil.py": "", "notebook.py": CODE}), "leaves it"),
        "code in no place of code": ("odd.skops", coded({"a-b.py": "", "notebook.py": CODE}), "no place of code"),
        "a value of no kind": ("value.skops", coded(evil__pickle=b"\x80\4."), "no place of code or of a value"),
        "trusted: a name that code imports": ("imported.skops", coded(root=imported), "does not define as a class"),
        "trusted: keys by what code imports": ("keyed.skops", coded(root=keys), "its keys made by"),
    }


def natives() -> dict[str, tuple[str, bytes, str]]:
    """Files of libraries that believe what they read."""
    text = LIGHTGBM.decode()

    def said(old: str, new: str) -> bytes:
        assert old in text, old
        return text.replace(old, new, 1).encode()

    child = text.split("left_child=")[1].split("\n")[0]
    external = graph()
    external.graph.initializer[0].data_location = TensorProto.EXTERNAL
    external.graph.initializer[0].external_data.add(key="location", value="../../etc/passwd")
    giant = graph()
    giant.graph.initializer[0].dims[:] = [2**40, 2**20]
    fill = [helper.make_node("ConstantOfShape", ["s"], ["f"]), helper.make_node("ReduceSum", ["f"], ["r"], keepdims=1),
            helper.make_node("MatMul", ["x", "w"], ["m"]), helper.make_node("Add", ["m", "r"], ["y"])]  # fmt: skip
    shape = [numpy_helper.from_array(np.array([2**17, 2**17], "i8"), "s"), numpy_helper.from_array(np.ones((2, 1), "f4"), "w")]
    foreign = graph([helper.make_node("Evil", ["x"], ["y"], domain="evil.ops")], domains=["evil.ops"])
    loop = json.loads(XGBOOST_JSON)
    loop["learner"]["gradient_booster"]["model"]["trees"][0]["left_children"][1] = 0
    counted = json.loads(XGBOOST_JSON)
    counted["learner"]["gradient_booster"]["model"]["trees"][0]["tree_param"]["num_nodes"] = "2000000000"
    column = json.loads(XGBOOST_JSON)
    column["learner"]["gradient_booster"]["model"]["trees"][0]["split_indices"][0] = 2**31 - 1
    return {
        "lightgbm with many leaves": ("leaves.txt", said("num_leaves=5", "num_leaves=2000000000"), "no count|are said"),
        "lightgbm with more leaves than it has": ("more.txt", said("num_leaves=5", "num_leaves=6"), "numbers, and"),
        "lightgbm with a child outside": (
            "child.txt",
            said(f"left_child={child}", f"left_child={child.replace('1', '9', 1)}"),
            "points to",
        ),
        "lightgbm that goes round": ("round.txt", said(f"left_child={child}", f"left_child=0 {child.split(' ', 1)[1]}"), "goes round"),
        "lightgbm with many columns": ("columns.txt", said("max_feature_idx=1", "max_feature_idx=999999999"), "no count up to"),
        "lightgbm with a column outside": ("split.txt", said("split_feature=0", "split_feature=7"), "split_feature points to 7"),
        "lightgbm with wrong sizes": ("sizes.txt", said("tree_sizes=", "tree_sizes=9"), "is said|are said|no count"),
        "lightgbm with a line of its own": ("line.txt", said("version=v4", "version=v4\nevil=1"), "has the line 'evil=1'"),
        "lightgbm with a parameter without a colon": ("colon.txt", said("[objective: ", "[objective; "), "has the parameter"),
        "lightgbm that is cut": ("cut.txt", LIGHTGBM[: len(LIGHTGBM) // 3], "none of lightgbm's"),
        "xgboost that goes round": ("round.json", json.dumps(loop).encode(), "points outside of itself|goes round"),
        "xgboost with many nodes": ("nodes.json", json.dumps(counted).encode(), "no count up to"),
        "xgboost with a column outside": ("column.json", json.dumps(column).encode(), "split_indices point outside"),
        "xgboost that is cut": ("cut.ubj", XGBOOST[: len(XGBOOST) // 2], "cut off"),
        "xgboost that counts to 2**60": (
            "count.ubj",
            XGBOOST.replace(b"#L" + struct.pack(">q", 3), b"#L" + struct.pack(">q", 2**60), 1),
            "counts",
        ),
        "xgboost nested without end": ("deep.ubj", b"{L" + struct.pack(">q", 7) + b"learner" + b"[" * 5000, "nested too deeply"),
        "xgboost's JSON nested without end": ("deep.json", b'{"learner":' + b"[" * 200_000, "none of xgboost's"),
        "ONNX with weights elsewhere": ("external.onnx", external.SerializeToString(), "weights in another file"),
        "ONNX with a giant tensor": ("giant.onnx", giant.SerializeToString(), "made a model|more than"),
        "ONNX that fills the memory": ("fill.onnx", graph(fill, shape).SerializeToString(), "more than|made a model"),
        "ONNX with an operator of somebody's": ("foreign.onnx", foreign.SerializeToString(), "the domain 'evil.ops'"),
        "ONNX that is cut": ("cut.onnx", ONNX[: len(ONNX) // 2], "no ONNX model|made a model"),
    }


def elsewhere() -> dict[str, tuple[str, bytes, str]]:
    """ONNX models that have a tensor in another file, in every place where a tensor can be."""
    outside = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[2, 1], data_location=TensorProto.EXTERNAL)
    outside.external_data.add(key="location", value="secret.bin")
    at = numpy_helper.from_array(np.array([0, 1], "i8"), "at")
    inside = numpy_helper.from_array(np.array([2.0, -1.0], "f4"), "w")
    places = TensorProto(name="at", data_type=TensorProto.INT64, dims=[2], data_location=TensorProto.EXTERNAL)
    places.external_data.add(key="location", value="secret.bin")
    values = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[2], data_location=TensorProto.EXTERNAL)
    values.external_data.add(key="location", value="secret.bin")
    sparse, located = helper.make_sparse_tensor(values, at, [2, 1]), helper.make_sparse_tensor(inside, places, [2, 1])
    multiply = helper.make_node("MatMul", ["x", "w"], ["y"])

    def attribute(**named: Any) -> Any:
        return graph([helper.make_node("Constant", [], ["w"], **named), multiply], [])

    made = {"sparse values": graph([multiply], []), "sparse indices": graph([multiply], [])}
    made["sparse values"].graph.sparse_initializer.append(sparse)
    made["sparse indices"].graph.sparse_initializer.append(located)
    made["an attribute"] = attribute(value=outside)
    made["a sparse attribute"] = attribute(sparse_value=sparse)
    made["an attribute of many"] = attribute(values=[outside])
    made["a sparse attribute of many"] = attribute(sparse_values=[located])
    inner = helper.make_graph([helper.make_node("Identity", ["w"], ["z"])], "inner", [], [helper.make_tensor_value_info("z", 1, None)])
    inner.sparse_initializer.append(sparse)
    made["a graph in a graph"] = graph([helper.make_node("If", ["x"], ["y"], then_branch=inner, else_branch=inner)], [])
    made["a function"] = graph([helper.make_node("F", ["x"], ["y"], domain="own")], [], domains=["own"])
    body = [helper.make_node("Constant", [], ["w"], sparse_value=sparse), multiply]
    made["a function"].functions.append(helper.make_function("own", "F", ["x"], ["y"], body, [helper.make_opsetid("", 17)]))
    made["a function's defaults"] = graph([helper.make_node("F", ["x"], ["y"], domain="own")], [], domains=["own"])
    default = helper.make_attribute("value", outside)
    kept = helper.make_function("own", "F", ["x"], ["y"], [multiply], [helper.make_opsetid("", 17)], attribute_protos=[default])
    made["a function's defaults"].functions.append(kept)
    made["training"] = graph()
    made["training"].training_info.add().algorithm.CopyFrom(inner)
    return {
        f"ONNX with {name} elsewhere": (f"{name.replace(' ', '_')}.onnx", model.SerializeToString(), "weights in another file")
        for name, model in made.items()
    }


def others() -> dict[str, tuple[str, bytes, str]]:
    """Files that are no model, or are called another."""
    return {
        "an empty file": ("empty.skops", b"", "is empty"),
        "text": ("text.onnx", b"hello, I am a model\n" * 9, "no model file of a kind that is known"),
        "a program": ("elf.bin", b"\x7fELF" + b"\0" * 99, "is a program"),
        "Keras": ("keras.h5", b"\x89HDF\r\n\x1a\n" + b"\0" * 99, "an HDF5 file"),
        "an array": ("a.npy", _npy(np.zeros(3)), "an array of numpy"),
        "zeros": ("zeros.ubj", b"\0" * 4096, "no model file"),
        "skops called ONNX": ("skops.onnx", RIDGE, "is called as an ONNX model is, and is a skops file"),
        "ONNX called skops": ("onnx.skops", ONNX, "is called as a skops file is, and is an ONNX model"),
        "lightgbm called xgboost": ("lgb.ubj", LIGHTGBM, "and is lightgbm's text"),
        "xgboost called lightgbm": ("xgb.txt", XGBOOST, "and is xgboost's binary JSON"),
        "skops called a pickle": ("skops.pkl", RIDGE, "and is a skops file"),
    }


def every(command: str) -> dict[str, tuple[str, bytes, str]]:
    """All of them."""
    return {**pickles(command), **zips(), **schemas(command), **codes(command), **natives(), **elsewhere(), **others()}
