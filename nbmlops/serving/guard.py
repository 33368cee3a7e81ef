"""Who may ask: a token on every route, a Host that is this server, an Origin that is none or this server.

It stands before the routes, so that who has no token learns nothing of which paths there are.
"""

from __future__ import annotations

import hmac

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from nbmlops.errors import Forbidden, NbmlopsError, Unauthenticated
from nbmlops.ledger.blobs import digest_bytes
from nbmlops.serving.answer import Json

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


class Guard:
    """ASGI middleware: nothing passes it but who may ask."""

    def __init__(self, app: ASGIApp, *, token_digest: str) -> None:
        self.app = app
        self.token_digest = token_digest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or the server's own lifespan."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        try:
            check(Request(scope), self.token_digest)
        except NbmlopsError as error:
            await Json(error.as_record(), status_code=error.status)(scope, receive, send)
            return
        await self.app(scope, receive, send)


def check(request: Request, token_digest: str) -> None:
    """Raises Forbidden for a foreign Host or Origin, Unauthenticated without the endpoint's token."""
    here = _addresses(request)
    hosts = request.headers.getlist("host")
    if len(hosts) != 1 or hosts[0].lower() not in here:
        raise Forbidden(f"The host {', '.join(hosts)[:80]!r} is not served here.", hint="Ask by the address the endpoint shows.")
    for origin in request.headers.getlist("origin"):
        if origin.lower() not in {f"http://{host}" for host in here}:
            raise Forbidden(f"Pages of {origin[:80]!r} may not ask here.", hint="Ask from a program, not from another site's page.")
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not hmac.compare_digest(digest_bytes(token.strip().encode()), token_digest):
        raise Unauthenticated(
            "This endpoint asks for its token.", hint="Send it: Authorization: Bearer …; %mlops endpoint call NAME says where it is."
        )


def _addresses(request: Request) -> set[str]:
    """Host headers that mean this server; without a port they mean port 80."""
    address, port = request.scope.get("server") or ("", None)
    names = {*LOOPBACK, f"[{address}]" if ":" in address else address}
    return {f"{name}:{port}" for name in names} | (names if port == 80 else set())
