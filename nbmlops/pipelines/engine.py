"""The papermill engine's entry point: `papermill in.ipynb out.ipynb --engine nbmlops`.

papermill loads every registered engine when it is imported; this one brings nothing until it is asked to execute.
"""

from __future__ import annotations

from typing import Any


class NbmlopsEngine:
    """papermill's engine interface, answered by `recording.RecordingEngine` when first used."""

    @classmethod
    def execute_notebook(cls, *args: Any, **more: Any) -> Any:
        """Execute and record."""
        return _engine().execute_notebook(*args, **more)

    @classmethod
    def nb_kernel_name(cls, *args: Any, **more: Any) -> Any:
        """Which kernel a notebook wants."""
        return _engine().nb_kernel_name(*args, **more)

    @classmethod
    def nb_language(cls, *args: Any, **more: Any) -> Any:
        """Which language a notebook is in."""
        return _engine().nb_language(*args, **more)


def _engine() -> Any:
    from nbmlops.pipelines.recording import RecordingEngine

    return RecordingEngine
