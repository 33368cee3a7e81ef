"""The server: routes, one error shape, the model followed while it lives."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from nbmlops.errors import Invalid, NbmlopsError
from nbmlops.serving.answer import Json
from nbmlops.serving.guard import Guard
from nbmlops.serving.protocols import oip, plain
from nbmlops.serving.served import Served

Handler = Callable[[Request], Awaitable[Any]]


def create_app(served: Served, *, on_stop: Callable[[], None] = lambda: None) -> Starlette:
    """The ASGI application of one endpoint."""

    def answering(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        async def run(request: Request) -> Response:
            found = await handler(request)
            return found if isinstance(found, Response) else Json(found)

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
        Route("/predict", answering(predict), methods=["POST"]),
        Route("/labels", answering(labels), methods=["POST"]),
        Route("/info", answering(info)),
        Route("/metrics", answering(metrics)),
        Route("/v2", answering(server)),
        Route("/v2/health/live", answering(live)),
        Route("/v2/health/ready", answering(ready)),
        *(
            route
            for base in ("/v2/models/{name}", "/v2/models/{name}/versions/{version}")
            for route in (
                Route(base, answering(metadata)),
                Route(f"{base}/ready", answering(model_ready)),
                Route(f"{base}/infer", answering(infer), methods=["POST"]),
            )
        ),
    ]

    async def said(_: Request, error: Exception) -> Response:
        assert isinstance(error, NbmlopsError)
        served.count(error=error.code)
        return Json(error.as_record(), status_code=error.status)

    async def too_deep(_: Request, error: Exception) -> Response:
        served.count(error=Invalid.code)
        return Json(
            Invalid("The body is nested too deeply.", hint="A value is a number, a text, true, false or null.").as_record(), status_code=422
        )

    async def refused(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        code, message = {
            404: ("not_found", "Nothing answers here."), 405: ("invalid", f"{request.method[:20]} is not asked here."),
        }.get(status, ("internal", "Something went wrong in the server."))  # fmt: skip
        hint = "POST /predict, POST /labels, GET /info, /metrics, /v2/models/{name}, POST /v2/models/{name}/infer"
        headers = getattr(error, "headers", None)
        record = {"code": code, "message": message, "hint": hint if status in (404, 405) else "Its log has the details."}
        return Json(record, status_code=status, headers=headers)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        served.stop()
        on_stop()

    app = Starlette(
        routes=routes, lifespan=lifespan, middleware=[Middleware(Guard, token_digest=served.token_digest)],
        exception_handlers={NbmlopsError: said, RecursionError: too_deep, HTTPException: refused, Exception: refused},
    )  # fmt: skip
    app.router.redirect_slashes = False  # a path that is not there is told as such
    return app
