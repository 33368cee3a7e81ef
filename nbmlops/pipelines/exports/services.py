"""What the exports to a code host's CI have in common: which Python, and what is installed."""

from __future__ import annotations

import sys
from importlib.metadata import version

from nbmlops.pipelines.exports.asked import Asked

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"


def installing(asked: Asked) -> str:
    """The line that installs nbmlops, and what the project says that it needs."""
    required = " -r requirements.txt" if (asked.project / "requirements.txt").is_file() else ""
    return f"python -m pip install nbmlops=={version('nbmlops')}{required}"
