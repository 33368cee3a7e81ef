"""No text is slow to mask, however it was made: much of anything ends."""

from __future__ import annotations

import subprocess
import sys

import pytest

BAD = {
    "letters": ("a", ""), "quotes": ('"', ""), "single quotes": ("'", ""), "backslashes": ("\\", ""), "colon slashes": ("://", ""),
    "urls": ("://a:b@", ""), "urls begun": ("://a:", ""), "at signs": ("@", ":/"), "words of keys": ("-----BEGIN", ""),
    "keys begun": ("-----BEGIN PRIVATE KEY-----", ""), "keys begun and one end": ("-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----"),
    "names": ("token", ""), "names assigned": ("password=", ""), "names and quotes": ("password='", ""), "names and three": ('password="""', ""),
    "names and brackets": ("password=(", ""), "names and values": ("password = 'a1b2c3d4' ", ""), "names and colons": ("token: ", ""),
    "sums": ("'ab' + ", ""), "dots": ("eyJaaaaaaaaaa.", ""), "hyphens": ("sk-", ""), "brackets": ("[{", ""), "basic": ("basicauth('", ""),
    "cookies": ("cookie=", ""), "mysql": ("mysql ", ""), "logins": ("login x password ", ""), "bearers": ("bearer ", ""), "users": ("-u a:", ""),
    "colours": ("password\x1b[0m", ""), "letters that grow": ("İpassword='x1y2z3'", ""), "forty letters": ("aB3/" * 10 + " ", "AK" + "IA" + "Q" * 16),
    "calls": ("set_password(a,", ""), "spaces": (" ", "password"), "new lines": ("password =\n", ""), "escapes": ("password\\", ""), "runs": ("a-", ""),
}  # fmt: skip

MASK_ALL = """
import sys
from nbmlops.ledger.secrets import mask, mask_bytes, forget
from tests.secrets.test_linear import BAD
for name, (part, end) in BAD.items():
    text = part * (int(sys.argv[1]) // len(part)) + end
    mask(text), mask("password = '" + text), mask_bytes(text.encode())
    forget()
print("done")
"""


def masked_all(size: int, seconds: float) -> str:
    # In a process of its own: an expression that explodes cannot be interrupted from within.
    done = subprocess.run([sys.executable, "-c", MASK_ALL, str(size)], capture_output=True, text=True, timeout=seconds)
    return done.stdout + done.stderr


def test_twenty_kilobytes_of_anything_are_masked():
    assert masked_all(20_000, 60) == "done\n"


@pytest.mark.slow
def test_much_of_anything_is_masked():
    assert masked_all(300_000, 120) == "done\n"
