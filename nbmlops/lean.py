"""What processes of our own do without: a library that another loads by the way, and that nothing they do asks for."""

from __future__ import annotations

import sys


def leave_out() -> None:
    """Be called before anything is loaded that brings jsonschema.

    It loads rfc3987_syntax where that is there, to check IRIs, which notebooks have none of: its grammars take a second to compile.
    A schema that asks for an IRI is then checked without.
    """
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
