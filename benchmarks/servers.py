"""Servers: one row in, one number out, a model that does nothing; requests one after the other on one connection."""

from __future__ import annotations

import socket
import statistics
import subprocess
import sys
import time
from importlib.util import find_spec
from typing import Any

BODY = b'{"rows": [{"a": 1.5, "b": 2.5, "c": "x"}]}'
ASK = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY
UVICORN = "import sys, uvicorn; uvicorn.run(app, port=int(sys.argv[1]), log_level='error', http={http!r}, loop={loop!r})"
STARLETTE = """
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route
async def predict(request):
    return JSONResponse({"predictions": [len((await request.json())["rows"])]})
app = Starlette(routes=[Route("/predict", predict, methods=["POST"])])
"""
FASTAPI = """
from fastapi import FastAPI
from pydantic import BaseModel
class Row(BaseModel):
    a: float
    b: float
    c: str
class Rows(BaseModel):
    rows: list[Row]
class Answer(BaseModel):
    predictions: list[float]
app = FastAPI()
@app.post("/predict")
async def predict(body: Rows) -> Answer:
    return Answer(predictions=[len(body.rows)])
"""
LITESTAR = """
from dataclasses import dataclass
from litestar import Litestar, post
@dataclass
class Row:
    a: float
    b: float
    c: str
@dataclass
class Rows:
    rows: list[Row]
@post("/predict")
async def predict(data: Rows) -> dict[str, list[int]]:
    return {"predictions": [len(data.rows)]}
app = Litestar([predict])
"""
TORNADO = """
import asyncio, json, sys
from tornado.web import Application, RequestHandler
class Predict(RequestHandler):
    def post(self):
        self.finish({"predictions": [len(json.loads(self.request.body)["rows"])]})
async def main():
    Application([("/predict", Predict)]).listen(int(sys.argv[1]), "127.0.0.1")
    await asyncio.Event().wait()
asyncio.run(main())
"""
FAST = UVICORN.format(http="httptools", loop="uvloop")
PLAIN = UVICORN.format(http="h11", loop="asyncio")


def measure() -> list[dict[str, Any]]:
    """Median seconds of a request; all servers stand at once and are asked in turn."""
    candidates = {
        "starlette on uvicorn, httptools and uvloop": STARLETTE + FAST,
        "the same, h11 and asyncio": STARLETTE + PLAIN,
        "tornado": TORNADO,
    }
    for name, code in (("FastAPI", FASTAPI), ("litestar", LITESTAR)):
        if find_spec(name.lower()):
            candidates[f"{name} on uvicorn, httptools and uvloop"] = code + FAST
        else:
            print(f"{name} is not compared: pip install {name.lower()}")
    servers, taken = [], {name: [] for name in candidates}  # type: ignore[var-annotated]
    try:
        lines = {}
        for name, code in candidates.items():
            port = _free()
            servers.append(subprocess.Popen([sys.executable, "-c", code, str(port)], stderr=subprocess.DEVNULL))
            lines[name] = _connected(port)
        for _ in range(20):
            for name, line in lines.items():
                taken[name] += [_asked(line) for _ in range(100)]
        for line in lines.values():
            line.close()
    finally:
        for server in servers:
            server.terminate()
            server.wait()
    medians = {name: statistics.median(times[100:]) for name, times in taken.items()}
    return [
        {"what": name, "seconds": seconds, "base": name.startswith("starlette"), "note": f"{1 / seconds:,.0f} a second"}
        for name, seconds in medians.items()
    ]


def _free() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _connected(port: int) -> socket.socket:
    end = time.monotonic() + 30
    while True:
        try:
            line = socket.create_connection(("127.0.0.1", port), timeout=10)
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return line
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)


def _asked(line: socket.socket) -> float:
    began = time.perf_counter()
    line.sendall(ASK)
    said = b""
    while not said.endswith(b"]}"):
        said += line.recv(65536)
    return time.perf_counter() - began
