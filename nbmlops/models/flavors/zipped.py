"""A zip file's directory, looked at before anything in it is unpacked."""

from __future__ import annotations

import io
import re
import stat
import zipfile
import zlib

from nbmlops.errors import Damaged

MAX_MEMBERS = 100_000
MAX_UNPACKED = 16 << 30
MAX_RATIO, SMALL = 100, 64 << 20  # what unpacks to little may be packed as tightly as it likes
# What zipfile raises for a file that is no zip, or one of a later version than it reads.
UNREADABLE = (zipfile.BadZipFile, zlib.error, ValueError, OSError, EOFError, NotImplementedError, KeyError, IndexError)
_AGAIN = "Get it again from whoever made it."
_DRIVE = re.compile(r"[A-Za-z]:")
_HEADER = 30  # bytes before a member's name


def checked(data: bytes) -> list[str]:
    """The members' names. Damaged where a name leaves the file, is there twice, is no plain file, or unpacks to a bomb.

    >>> out = io.BytesIO()
    >>> with zipfile.ZipFile(out, "w") as file:
    ...     file.writestr("../a", b"")
    >>> checked(out.getvalue())
    Traceback (most recent call last):
    nbmlops.errors.Damaged: The zip file has a member whose name leaves it: '../a'. Get it again from whoever made it.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as file:
            members = file.infolist()
    except UNREADABLE as error:
        raise Damaged(f"The file is no whole zip file: {shown(str(error))}.", hint=_AGAIN) from error
    if len(members) > MAX_MEMBERS:
        raise Damaged(f"The zip file has {len(members):,} members, more than {MAX_MEMBERS:,}.", hint=_AGAIN)
    seen: set[str] = set()
    for member in members:
        _plain(member)
        if member.orig_filename in seen:
            raise Damaged(f"The zip file has the member {shown(member.filename)!r} twice.", hint=_AGAIN)
        seen.add(member.orig_filename)
    _apart(members, len(data))
    _no_bomb(members)
    return [member.filename for member in members]


def shown(text: str, limit: int = 120) -> str:
    """What a file says, fit for a message."""
    return "".join(letter if letter.isprintable() else "�" for letter in text[:limit])


def _plain(member: zipfile.ZipInfo) -> None:
    """A name inside the file, of a plain file that is read without a password."""
    name = member.orig_filename
    pieces = name.split("/")
    if name.startswith("/") or "\\" in name or _DRIVE.match(name) or any(piece in ("", ".", "..") for piece in pieces):
        raise Damaged(f"The zip file has a member whose name leaves it: {shown(name)!r}.", hint=_AGAIN)
    if not name.isprintable() or len(name) > 500:
        raise Damaged(f"The zip file has a member whose name is none: {shown(name)!r}.", hint=_AGAIN)
    if stat.S_IFMT(member.external_attr >> 16) not in (0, stat.S_IFREG):
        raise Damaged(f"The member {shown(name)!r} of the zip file is no plain file but a link, a device or a folder.", hint=_AGAIN)
    if member.flag_bits & 0x41:
        raise Damaged(f"The member {shown(name)!r} of the zip file is encrypted.", hint="Give it without a password.")
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise Damaged(f"The member {shown(name)!r} of the zip file is packed by method {member.compress_type}.", hint=_AGAIN)


def _apart(members: list[zipfile.ZipInfo], size: int) -> None:
    """Members lie one after the other: the same bytes are not unpacked many times."""
    end = 0
    for member in sorted(members, key=lambda one: one.header_offset):
        if member.header_offset < end:
            raise Damaged(f"The member {shown(member.filename)!r} of the zip file overlaps another.", hint=_AGAIN)
        end = member.header_offset + _HEADER + member.compress_size
    if end > size:
        raise Damaged("The zip file is cut off: a member goes on behind its end.", hint=_AGAIN)


def _no_bomb(members: list[zipfile.ZipInfo]) -> None:
    total = sum(member.file_size for member in members)
    if total > MAX_UNPACKED:
        raise Damaged(f"The zip file unpacks to {total:,} bytes, more than {MAX_UNPACKED:,}.", hint=_AGAIN)
    for member in members:
        stored = member.compress_type == zipfile.ZIP_STORED
        if stored and member.file_size != member.compress_size:
            raise Damaged(f"The member {shown(member.filename)!r} of the zip file has two sizes.", hint=_AGAIN)
        if member.file_size > SMALL and member.file_size > MAX_RATIO * member.compress_size:
            raise Damaged(
                f"The member {shown(member.filename)!r} unpacks to {member.file_size:,} bytes, more than {MAX_RATIO} times what it takes.",
                hint="That is a bomb; or keep the model uncompressed.",
            )
