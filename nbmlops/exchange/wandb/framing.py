"""The frames of a `.wandb` file: LevelDB's log, block by block, each piece with its checksum. What is whole is read, whatever is not."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from nbmlops.errors import Damaged

BLOCK, HEADER = 32768, 7
_HEAD = b":W&B"
_FULL, _FIRST, _MIDDLE, _LAST = 1, 2, 3, 4


@dataclass
class Frames:
    """The records of a file as bytes; `lost` counts the places where something could not be read."""

    path: Path
    lost: int = 0

    def __iter__(self) -> Iterator[bytes]:
        data = self.path.read_bytes()
        if data[:4] != _HEAD:
            raise Damaged(f"{self.path.name} is no file of W&B's.", hint="It begins with other bytes.")
        self.lost, at, begun = 0, HEADER, None
        while at < len(data):
            left = BLOCK - at % BLOCK
            if left < HEADER:
                at += left  # a block's end, in which no piece fits
                continue
            if len(data) - at < HEADER:
                self.lost += 1  # its writer was stopped here
                return
            checksum, length, kind = struct.unpack_from("<IHB", data, at)
            piece = data[at + HEADER : at + HEADER + length]
            sound = kind in (_FULL, _FIRST, _MIDDLE, _LAST) and HEADER + length <= left and len(piece) == length
            if not sound or zlib.crc32(piece, zlib.crc32(bytes([kind]))) != checksum:
                self.lost += 1
                at, begun = at + left, None  # the next block begins with a piece again
                continue
            at += HEADER + length
            if kind in (_FULL, _FIRST):
                self.lost += begun is not None
                begun = None if kind == _FULL else [piece]
                if kind == _FULL:
                    yield piece
            elif begun is not None:  # else its beginning was lost, and counted
                begun.append(piece)
                if kind == _LAST:
                    yield b"".join(begun)
                    begun = None
        self.lost += begun is not None
