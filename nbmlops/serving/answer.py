"""How answers are written."""

from __future__ import annotations

from typing import Any

import orjson
from starlette.responses import Response

from nbmlops.ledger.encode import plain


class Json(Response):
    """JSON by orjson; a prediction of NaN becomes null, as JSON has no NaN."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """Bytes of a record."""
        return orjson.dumps(content, default=plain, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS)
