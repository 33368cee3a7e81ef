"""The server: routes, one error shape, the model followed while it lives."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from nbmlops.errors import NbmlopsError
from nbmlops.serving import guard
from nbmlops.serving.protocols import oip, plain
from nbmlops.serving.served import Served

Handler = Callable[[Request], Awaitable[Any]]


class Json(Response):
    """JSON by orjson; a prediction of NaN becomes null, as JSON has no NaN."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """Bytes of a record."""
        return orjson.dumps(content, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS)


def create_app(served: Served, *, on_stop: Callable[[], None] = lambda: None) -> Starlette:
    """The ASGI application of one endpoint."""

    def guarded(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        async def run(request: Request) -> Response:
            try:
                guard.check(request, served.token_digest)
                found = await handler(request)
                return found if isinstance(found, Response) else Json(found)
            except NbmlopsError as error:
                return Json(error.as_record(), status_code=error.status)

        return run

    async def info(_: Request) -> Any:
        version = served.loaded.version
        return {
            "endpoint": served.endpoint, "model": served.model, "alias": served.alias, "version": version.version,
            "signature": [{"name": c.name, "type": c.type, "nullable": c.nullable} for c in version.signature.inputs],
            "dropped_rows": served.log.dropped_rows, "log_error": served.log.error,
        }  # fmt: skip

    async def live(_: Request) -> Any:
        return {"live": True}

    async def ready(_: Request) -> Any:
        return Json({"ready": served.ready}, status_code=200 if served.ready else 503)

    async def model_ready(request: Request) -> Any:
        oip.metadata(served, request.path_params["name"], request.path_params.get("version"))
        return {"name": served.model, "ready": served.ready}

    async def metadata(request: Request) -> Any:
        return oip.metadata(served, request.path_params["name"], request.path_params.get("version"))

    async def infer(request: Request) -> Any:
        return await oip.infer(served, request, request.path_params["name"], request.path_params.get("version"))

    async def metrics(_: Request) -> Any:
        return PlainTextResponse(served.metrics_text(), media_type="text/plain; version=0.0.4")

    async def predict(request: Request) -> Any:
        return await plain.answer(served, request)

    async def labels(request: Request) -> Any:
        return await plain.labels(served, request)

    async def server(_: Request) -> Any:
        return oip.server()

    routes = [
        Route("/predict", guarded(predict), methods=["POST"]),
        Route("/labels", guarded(labels), methods=["POST"]),
        Route("/info", guarded(info)),
        Route("/metrics", guarded(metrics)),
        Route("/v2", guarded(server)),
        Route("/v2/health/live", guarded(live)),
        Route("/v2/health/ready", guarded(ready)),
        *(
            route
            for base in ("/v2/models/{name}", "/v2/models/{name}/versions/{version}")
            for route in (
                Route(base, guarded(metadata)),
                Route(f"{base}/ready", guarded(model_ready)),
                Route(f"{base}/infer", guarded(infer), methods=["POST"]),
            )
        ),
    ]

    async def refused(request: Request, error: Exception) -> Response:
        # Who has no token learns nothing of which paths there are.
        try:
            guard.check(request, served.token_digest)
        except NbmlopsError as first:
            return Json(first.as_record(), status_code=first.status)
        status = error.status_code if isinstance(error, HTTPException) else 500
        code, message = {404: ("not_found", "Nothing answers here."), 405: ("invalid", f"{request.method} is not asked here.")}.get(
            status, ("internal", "Something went wrong in the server.")
        )
        hint = "POST /predict, POST /labels, GET /info, /metrics, /v2/models/{name}, POST /v2/models/{name}/infer"
        return Json({"code": code, "message": message, "hint": hint if status in (404, 405) else "Its log has the details."}, status_code=status)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        served.stop()
        on_stop()

    return Starlette(routes=routes, lifespan=lifespan, exception_handlers={HTTPException: refused, Exception: refused})
