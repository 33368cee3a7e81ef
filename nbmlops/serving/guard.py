"""Who may ask: a token on every route, a Host that is this server, an Origin that is none or this server."""

from __future__ import annotations

import hmac
from urllib.parse import urlsplit

from starlette.requests import Request

from nbmlops.errors import Forbidden, Unauthenticated
from nbmlops.ledger.blobs import digest_bytes

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def check(request: Request, token_digest: str) -> None:
    """Raises Forbidden for a foreign Host or Origin, Unauthenticated without the endpoint's token."""
    host = request.headers.get("host", "")
    if not _here(f"//{host}", request):
        raise Forbidden(f"The host {host[:80]!r} is not served here.", hint="Ask by the address the endpoint shows.")
    origin = request.headers.get("origin")
    if origin is not None and not _here(origin, request):
        raise Forbidden(f"Pages of {origin[:80]!r} may not ask here.", hint="Ask from a program, not from another site's page.")
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not hmac.compare_digest(digest_bytes(token.strip().encode()), token_digest):
        raise Unauthenticated("This endpoint asks for its token.", hint="Send it: Authorization: Bearer …; %mlops endpoint call NAME says where it is.")


def _here(address: str, request: Request) -> bool:
    try:
        split = urlsplit(address)
        port = split.port
    except ValueError:
        return False
    server = request.scope.get("server") or ("", None)
    return split.hostname in LOOPBACK | {server[0]} and (port is None or port == server[1])
