"""YAML as people mean it: texts, numbers, lists and mappings; no tags, no anchors, no surprises.

`no` and `on` are texts, as is 2026-11-21; a name that stands twice is an error, and so is what could grow (aliases).
"""

from __future__ import annotations

import math
import re
from typing import Any

from nbmlops.errors import Invalid, TooLarge

_MOST_BYTES = 1 << 20
_DEEPEST = 40


def parsed(text: str, name: str) -> Any:
    """The value of a YAML text. Raises Invalid with the line, TooLarge.

    >>> parsed("a: [1, 2.5, 1e3, true, null, no, 2026-11-21]", "x.yaml")
    {'a': [1, 2.5, 1000.0, True, None, 'no', '2026-11-21']}
    >>> parsed("a: &x 1\\nb: *x", "x.yaml")
    Traceback (most recent call last):
    nbmlops.errors.Invalid: x.yaml, line 1: anchors and aliases are not understood. Write the value where it is needed.
    """
    import yaml

    if len(text.encode("utf-8", "replace")) > _MOST_BYTES:
        raise TooLarge(f"{name} has more than {_MOST_BYTES:,} bytes.", hint="A pipeline's file is a page long.")
    try:
        node = _composer(text, name)
        return None if node is None else _value(node, name, 0)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark is not None else ""
        raise Invalid(f"{name}{where}: {getattr(error, 'problem', None) or error}.", hint="It is no YAML.") from error
    except RecursionError:
        raise Invalid(f"{name} is nested too deeply.", hint=f"At most {_DEEPEST} levels.") from None


def _composer(text: str, name: str) -> Any:
    import yaml

    class Loader(yaml.SafeLoader):
        def compose_node(self, parent: Any, index: Any) -> Any:
            event = self.peek_event()
            if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
                at = event.start_mark.line + 1
                raise Invalid(f"{name}, line {at}: anchors and aliases are not understood.", hint="Write the value where it is needed.")
            tag = getattr(event, "tag", None)
            if tag not in (None, "!"):
                raise Invalid(f"{name}, line {event.start_mark.line + 1}: the tag {tag} is not understood.", hint="Leave it out.")
            return super().compose_node(parent, index)

    loader = Loader(text)
    try:
        return loader.get_single_node()
    finally:
        loader.dispose()


_INTEGER = re.compile(r"[-+]?(?:0|[1-9]\d{0,400})")
_FLOAT = re.compile(r"[-+]?(?:\d+\.\d*|\.\d+|\d+)(?:[eE][-+]?\d+)?")
_WORDS = {"true": True, "True": True, "false": False, "False": False, "null": None, "Null": None, "~": None, "": None}


def _value(node: Any, name: str, depth: int) -> Any:
    import yaml

    at = f"{name}, line {node.start_mark.line + 1}"
    if depth > _DEEPEST:
        raise Invalid(f"{at}: nested too deeply.", hint=f"At most {_DEEPEST} levels.")
    if isinstance(node, yaml.SequenceNode):
        return [_value(part, name, depth + 1) for part in node.value]
    if isinstance(node, yaml.MappingNode):
        found: dict[str, Any] = {}
        for key_node, part in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise Invalid(f"{at}: a name is a text, not a list or a mapping.", hint="Write name: value.")
            key = str(key_node.value)
            if key in found:
                raise Invalid(f"{name}, line {key_node.start_mark.line + 1}: {key!r} stands twice.", hint="Keep one of the two.")
            found[key] = _value(part, name, depth + 1)
        return found
    return _scalar(node.value) if node.style is None else node.value


def _scalar(text: str) -> Any:
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text) and math.isfinite(float(text)):
        return float(text)
    return text
