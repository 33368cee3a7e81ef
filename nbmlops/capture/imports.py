"""The user's own modules are seen as their cells are: what a notebook imports from its folder gets the same AST step.

Only modules under the given folders, loaded from source, that make a call that matters. Nothing is written beside them: the
compiled form stays in this process, and the module, its source and its tracebacks are what they were.
"""

from __future__ import annotations

import ast
import os
import sys
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

_INSTALLED = ("site-packages", "dist-packages")


class SeenLoader(SourceFileLoader):
    """Loads a module from its source, with the calls that matter handed through."""

    def __init__(self, name: str, path: str, rewritten: Callable[[ast.Module], Any], imported: Callable[[str, bytes], None]) -> None:
        super().__init__(name, path)
        self._rewritten = rewritten
        self._imported = imported

    def get_code(self, fullname: str) -> CodeType | None:
        """The module's code; Python's own cache of it is neither used nor written."""
        path = self.get_filename(fullname)
        data = self.get_data(path)
        self._imported(path, data)
        try:
            tree: Any = compile(data, path, "exec", ast.PyCF_ONLY_AST, dont_inherit=True)
            changed = self._rewritten(tree)
            if changed is not tree:
                code: CodeType = compile(changed, path, "exec", dont_inherit=True)
                return code
        except (SyntaxError, ValueError, RecursionError):
            pass  # the import itself says what is wrong, in its own words
        return super().get_code(fullname)


class Finder:
    """A meta path finder for modules of the user's folders."""

    def __init__(
        self, folders: Callable[[], Sequence[Path]], rewritten: Callable[[ast.Module], Any], imported: Callable[[str, bytes], None],
        failed: Callable[[Exception], None],
    ) -> None:  # fmt: skip
        self._folders = folders
        self._imported = imported
        self._rewritten = rewritten
        self._failed = failed
        self._nbmlops = str(Path(__file__).resolve().parents[1])

    def install(self) -> None:
        """Be asked first."""
        sys.meta_path.insert(0, self)  # type: ignore[arg-type]

    def remove(self) -> None:
        """Be asked no more; modules that were loaded stay as they are, unobserved."""
        if self in sys.meta_path:
            sys.meta_path.remove(self)  # type: ignore[arg-type]

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        """The spec that Python's own finder gives, with another loader; None for whatever is not the user's."""
        try:
            if name.partition(".")[0] in sys.stdlib_module_names:
                return None
            spec = PathFinder.find_spec(name, path, target)
            if spec is None or type(spec.loader) is not SourceFileLoader or not spec.origin or not self._is_users(spec.origin):
                return None
            spec.loader = SeenLoader(spec.loader.name, spec.loader.path, self._rewritten, self._imported)
            return spec
        except Exception as error:  # an import must never fail because it is watched
            self._failed(error)
            return None

    def _is_users(self, origin: str) -> bool:
        if any(f"{os.sep}{name}{os.sep}" in origin for name in _INSTALLED):
            return False  # nearly all that is ever imported: to resolve each would be felt
        where = Path(origin).resolve()
        if any(part in _INSTALLED for part in where.parts) or str(where).startswith(self._nbmlops):
            return False
        return any(where.is_relative_to(folder.resolve()) for folder in self._folders())
