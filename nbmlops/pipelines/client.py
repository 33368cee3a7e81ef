"""The client that executes a notebook's cells in a kernel, and tells the kernel which cell it is."""

from __future__ import annotations

import ast
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from jupyter_core.utils import ensure_async, run_sync
from papermill.clientwrap import PapermillNotebookClient

from nbmlops.capture import headless
from nbmlops.ledger.secrets import mask, remember_values
from nbmlops.pipelines.checkpoints import keeper
from nbmlops.pipelines.checkpoints.keeper import Keeper
from nbmlops.pipelines.warm import Warm, manager

_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
MOST_PRINTED = 20_000_000  # letters of one cell that are kept
_TOLD_EVERY_S = 0.2


class CannotGoOn(Exception):
    """What was kept after a cell could not be brought back."""


class NeverReady(RuntimeError):
    """A kernel died, or said nothing, before it was asked anything: nothing was executed."""


class Client(PapermillNotebookClient):
    """papermill's client, over private sockets where it can, telling the kernel which cell it executes."""

    observed_note: str | None = None
    begin: str | None = None  # code for the kernel before the first cell, told to nobody
    scratch: str | None = None
    printed: Callable[[str], None] | None = None  # told what cells print, as it comes
    keeper: Keeper | None = None
    warm: Warm | None = None  # a kernel that was started before
    env: Mapping[str, str] = MappingProxyType({})  # what its kernel has around it
    masked: Callable[[Any], Any] = staticmethod(lambda value: value)
    executing: int | None = None  # the cell that is being executed, or that broke the execution
    _folder: str | None = None
    _cell_id: str | None = None
    _told_at = 0.0

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._printed: dict[int, int] = {}  # letters, by cell

    def create_kernel_manager(self) -> Any:
        """A kernel on sockets in a private folder; without one, concurrent kernels would share them."""
        if self.warm is not None:
            self._folder, self.km = self.warm.folder, self.warm.manager
            return self.km
        self._folder = tempfile.mkdtemp(prefix="nbmlops-", dir=self.scratch)
        if (made := manager(self._folder, self.kernel_name)) is not None:
            self.km = made
            return made
        return super().create_kernel_manager()

    async def async_start_new_kernel_client(self) -> Any:
        """Start talking, and have the kernel observed before its first cell."""
        try:
            client = await super().async_start_new_kernel_client()
        except RuntimeError as error:
            raise NeverReady(str(error)) from error
        plain_execute, me = client.execute, self

        def execute(code: str, silent: bool = False, store_history: bool = True, **more: Any) -> str:
            if me._cell_id is None:
                return plain_execute(code, silent=silent, store_history=store_history, **more)
            content = {
                "code": code, "silent": silent, "store_history": store_history, "allow_stdin": False,
                "user_expressions": more.get("user_expressions") or {}, "stop_on_error": more.get("stop_on_error", True),
            }  # fmt: skip
            message = client.session.msg("execute_request", content, metadata={"cellId": me._cell_id})
            client.shell_channel.send(message)
            return str(message["header"]["msg_id"])

        client.execute = execute
        if self.warm is not None and (reply := await self._ask(self.warm.words(self.env, os.getcwd()))).get("status") != "ok":
            raise RuntimeError(f"A kernel that was ready could not take over: {reply.get('ename')}: {reply.get('evalue')}")
        reply = await self._ask(headless.BEGIN)
        if reply.get("status") != "ok":
            self.observed_note = f"the kernel could not be observed: {reply.get('ename', 'no answer')}: {reply.get('evalue', '')}".strip(
                ": "
            )
        if self.keeper is not None:
            await self._ask(keeper.BEGIN)
            if self.keeper.found is not None and (why := await self.keeper.bring_back(self._ask)):
                raise CannotGoOn(why)
        if self.begin is not None and (reply := await self._ask(self.begin)).get("status") != "ok":
            raise RuntimeError(f"The kernel could not be made ready: {reply.get('ename')}: {reply.get('evalue')}")
        return client

    start_new_kernel_client = run_sync(async_start_new_kernel_client)

    async def async_execute_cell(self, cell: Any, cell_index: int, **more: Any) -> Any:
        """Execute one cell under its own id, if it was not executed before what this goes on from."""
        if self.keeper is not None and self.keeper.skips(cell_index):
            return cell
        self._cell_id, self.executing = cell.get("id"), cell_index
        try:
            done = await super().async_execute_cell(cell, cell_index, **more)
        finally:
            self._cell_id = None
        self.executing = None
        if self.keeper is not None and cell.cell_type == "code":
            said = await self.keeper.after(cell, cell_index, self._ask, self.masked)
            if said and self.printed is not None:
                self.printed(said)
        return done

    execute_cell = run_sync(async_execute_cell)

    def output(self, outs: list[Any], msg: Any, display_id: str, cell_index: int) -> Any:
        """Take what a cell shows; of one that prints without end the beginning is kept."""
        if msg["msg_type"] == "stream":
            text = str(msg["content"].get("text", ""))
            if self.printed is not None and time.monotonic() - self._told_at > _TOLD_EVERY_S and (line := last_line(text)):
                self._told_at = time.monotonic()
                self.printed(line)
            before = self._printed.get(cell_index, 0)
            self._printed[cell_index] = before + len(text)
            if before > MOST_PRINTED:
                return None
            if before + len(text) > MOST_PRINTED:
                kept = text[: MOST_PRINTED - before]
                msg["content"]["text"] = f"{kept}\n… of what was printed the first {MOST_PRINTED:,} letters are kept\n"
        return super().output(outs, msg, display_id, cell_index)

    def papermill_execute_cells(self) -> None:
        """Execute the cells; then, whatever happened in them, let a living kernel keep what it fitted."""
        super().papermill_execute_cells()
        if self.observed_note is None:
            self.finish()

    async def async_finish(self) -> None:
        """The kernel writes what it holds."""
        reply = await self._ask(headless.FINISH, timeout_s=600, tell=headless.REMEMBERED)
        told = reply.get("user_expressions", {}).get("told", {}).get("data", {}).get("text/plain")
        remember_values(ast.literal_eval(told) if told else ())

    finish = run_sync(async_finish)

    async def _ask(self, code: str, timeout_s: float = 60, tell: str | None = None) -> dict[str, Any]:
        """Run code silently and wait for its reply, not longer than the kernel lives."""
        import asyncio
        from queue import Empty

        assert self.kc is not None
        asked = self.kc.execute(code, silent=True, store_history=False, user_expressions={"told": tell} if tell else {})
        end = asyncio.get_running_loop().time() + timeout_s
        while asyncio.get_running_loop().time() < end:
            try:
                message = await ensure_async(self.kc.shell_channel.get_msg(timeout=0.5))
            except Empty:
                if self.km is not None and not await ensure_async(self.km.is_alive()):
                    return {"status": "dead"}
                continue
            if message["parent_header"].get("msg_id") == asked:
                return dict(message["content"])
        return {"status": "timeout"}

    def forget(self) -> None:
        """Remove the sockets' folder."""
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)


def last_line(text: str) -> str:
    """The last line of what was printed, without control characters and secrets."""
    lines = re.split(r"[\r\n]+", mask(_CONTROL.sub("", text[-2000:])).strip())
    return " ".join(lines[-1].split())[-200:]
