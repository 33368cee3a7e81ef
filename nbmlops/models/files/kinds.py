"""What kind of model file some bytes are: by what they are, whatever they are called."""

from __future__ import annotations

import json
import pickletools
import re
from dataclasses import dataclass
from pathlib import PurePath

from nbmlops.errors import Damaged, Invalid
from nbmlops.models.flavors import zipped


@dataclass(frozen=True)
class Kind:
    """A kind of file: what it is called in words, the flavor that keeps it, and the suffixes of such files."""

    words: str
    flavor: str
    suffixes: tuple[str, ...]
    runs: bool = False  # opening one runs code that is in it


SKOPS = Kind("a skops file", "sklearn", (".skops",))
ONNX = Kind("an ONNX model", "onnx", (".onnx",))
UBJ = Kind("xgboost's binary JSON", "xgboost", (".ubj", ".xgb"))
JSON = Kind("xgboost's JSON", "xgboost", (".json", ".xgb"))
LIGHTGBM = Kind("lightgbm's text", "lightgbm", (".txt", ".lgb"))
PROGRAM = Kind("a program of torch", "torch", (".pt2",), runs=True)
PICKLE = Kind("a pickle", "pickle", (".pkl", ".pickle", ".p", ".joblib", ".sav"), runs=True)
PACKED = Kind("a packed pickle, as joblib writes", "pickle", (".joblib", ".gz", ".z", ".bz2", ".xz", ".lzma", ".pkl", ".pickle"), runs=True)
TORCH_PICKLE = Kind("a pickle of torch (torch.save)", "", (".pt", ".pth", ".bin", ".ckpt"), runs=True)
KINDS = (SKOPS, ONNX, UBJ, JSON, LIGHTGBM, PROGRAM, PICKLE, PACKED, TORCH_PICKLE)

_PACKED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"\x5d\x00\x00", b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda", b"\x04\x22\x4d\x18")
_OTHERS = {
    b"\x89HDF": "an HDF5 file (Keras keeps models so)", b"GGUF": "a GGUF file", b"binf": "an old binary of xgboost",
    b"\x93NUMPY": "an array of numpy", b"\x7fELF": "a program", b"MZ": "a program", b"%PDF": "a PDF", b"<?xml": "XML (PMML is not kept)",
    b"#!": "a script",
}  # fmt: skip
_TORCH_LEGACY = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
_KNOWN = "Kept are skops, ONNX, xgboost's JSON and UBJ, lightgbm's text, torch's programs, pickles that you trust, and nbmlops' folders."
_PROGRAM = {"archive_format", "serialized_exported_program.json"}
MAX_TEXT_PICKLE = 64 << 20


def kind_of(data: bytes, name: str) -> Kind:
    """What these bytes are. Invalid where they are called something else, or are of no kind that is kept; Damaged where they are broken.

    >>> kind_of(b"tree\\nversion=v4\\n", "m.txt").words
    "lightgbm's text"
    """
    kind = _by_content(data, name)
    suffix = PurePath(name).suffix.lower()
    called = [known for known in KINDS if suffix in known.suffixes]
    if called and kind not in called:
        raise Invalid(
            f"{zipped.shown(name)!r} is called as {called[0].words} is, and is {kind.words}.",
            hint="If that is what you have, give it its own name; if not, ask who made it.",
        )
    return kind


def _by_content(data: bytes, name: str) -> Kind:
    if not data:
        raise Damaged(f"{zipped.shown(name)!r} is empty.", hint="Get it again.")
    if data.startswith(b"PK\3\4"):
        return _zip(zipped.checked(data), name)
    if data.startswith(_TORCH_LEGACY):
        return TORCH_PICKLE
    if data[:1] == b"\x80" and data[1:2] in (b"\2", b"\3", b"\4", b"\5"):
        return PICKLE
    if data.startswith(_PACKED):
        return PACKED
    if data.startswith((b"tree\n", b"tree\r\n")):
        return LIGHTGBM
    if data.startswith(b"{") and b"learner" in data:
        return JSON if data[1:].lstrip()[:1] == b'"' else UBJ
    if data[:1] == b"\x08":
        return ONNX
    for magic, words in _OTHERS.items():
        if data.startswith(magic):
            raise Invalid(f"{zipped.shown(name)!r} is {words}, which is not kept as a model.", hint=_KNOWN)
    if _is_text_pickle(data):
        return PICKLE
    begin = json.dumps(data[:12].decode("latin-1"))
    raise Invalid(f"{zipped.shown(name)!r} is no model file of a kind that is known: it begins with {begin}.", hint=_KNOWN)


def _zip(names: list[str], name: str) -> Kind:
    tails = {one.rpartition("/")[2] for one in names}
    found = [SKOPS] if "schema.json" in names else []
    if tails & _PROGRAM:
        found.append(PROGRAM)
    elif "data.pkl" in tails:
        found.append(TORCH_PICKLE)
    if len(found) > 1:
        raise Invalid(f"{zipped.shown(name)!r} is {found[0].words} and {found[1].words} at once.", hint="Ask who made it.")
    if not found:
        some = ", ".join(repr(zipped.shown(one, 40)) for one in names[:3]) or "nothing"
        raise Invalid(f"{zipped.shown(name)!r} is a zip file that is no model: it holds {some}.", hint=_KNOWN)
    return found[0]


def _is_text_pickle(data: bytes) -> bool:
    """Whether bytes read as a pickle from their begin to their end, as those of the oldest protocols do; nothing of it is made."""
    if len(data) > MAX_TEXT_PICKLE or not re.match(rb"[(\]})cIFSVLNgl0-9pdtu]", data):
        return False
    try:
        codes = sum(1 for _ in pickletools.genops(data))
    except Exception:  # what it raises for bytes that are no pickle is of any type
        return False
    return codes > 1
