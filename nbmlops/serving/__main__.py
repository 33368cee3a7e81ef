"""`python -m nbmlops.serving --workspace FOLDER --endpoint NAME`: one endpoint's server, until SIGTERM."""

from __future__ import annotations

import argparse
import signal
import socket
import sys

import uvicorn

from nbmlops.errors import Conflict, NbmlopsError, NotFound
from nbmlops.ledger.encode import now_text
from nbmlops.serving import answering
from nbmlops.serving.app import create_app
from nbmlops.serving.served import Served
from nbmlops.workspace import Workspace


def main(argv: list[str] | None = None) -> int:
    """0 after a clean stop; 1 when it could not start, with the reason on standard error."""
    parser = argparse.ArgumentParser(prog="python -m nbmlops.serving")
    parser.add_argument("--workspace", required=True)
    parser.add_argument("--endpoint", required=True)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    asked = parser.parse_args(argv)
    try:
        return serve(Workspace.at(asked.workspace, actor="endpoint"), asked.endpoint, asked.host, asked.port)
    except (NbmlopsError, OSError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1


def serve(workspace: Workspace, endpoint: str, host: str, port: int) -> int:
    """Serve until told to stop, or until the endpoint's row is another server's."""
    row = workspace.ledger.read_one("SELECT * FROM endpoint WHERE name = ?", endpoint)
    if row is None:
        raise NotFound(f"There is no endpoint {endpoint!r}.", hint="Start one: nbmlops endpoint start NAME")
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    url = f"http://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}"
    server: uvicorn.Server | None = None

    def end(*_: object) -> None:
        # Before there is a server, nobody waits for an answer.
        if server is None:
            sys.exit(0)
        server.should_exit = True

    # The server has handlers of its own while it runs, and gives the signal back to these when it has ended.
    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    served = Served(workspace, endpoint, row["model"], row["alias"], row["token_digest"], on_lost=end)

    def tell(status: str, before: str) -> bool:
        ended = now_text(workspace.clock()) if status == "stopped" else None
        with workspace.ledger.write() as tx:
            told = tx.run(
                "UPDATE endpoint SET status = ?, url = ?, owner = ?, serving_version = ?, stopped_at = ? "
                "WHERE name = ? AND token_digest = ? AND status = ? AND (owner = ? OR ? = 'starting')",
                status, url, served.owner, served.loaded.version.version, ended,
                endpoint, row["token_digest"], before, served.owner, before,
            ).rowcount  # fmt: skip
            if told and status == "serving":
                answering.begin(workspace, tx, endpoint, row["model"], served.loaded.version.version)
            elif told:
                answering.tell(tx, endpoint, row["model"], None, workspace.clock())
            tx.changed("endpoint", endpoint)
        return bool(told)

    def stopped() -> None:
        try:
            tell("stopped", "serving")
        except NbmlopsError as error:  # the process ends all the same; its row will show that it died
            sys.stderr.write(f"error: {error}\n")

    served.load()
    config = uvicorn.Config(
        create_app(served, on_stop=stopped), log_level="warning", access_log=False, server_header=False, proxy_headers=False, ws="none",
        timeout_graceful_shutdown=10, limit_concurrency=1000,
    )  # fmt: skip
    server = uvicorn.Server(config)
    listener.listen(1024)  # clients may connect from here on; they are answered when the loop runs
    if not tell("serving", "starting"):  # of two servers of one row, the first to tell is the one
        raise Conflict(f"Endpoint {endpoint!r} was stopped or started anew meanwhile.", hint="Start it again: nbmlops endpoint start NAME")
    served.follow()
    server.run(sockets=[listener])
    workspace.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
