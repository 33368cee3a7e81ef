"""torch's exported programs: the graph and its weights, without the class that made them."""

from __future__ import annotations

import io
import sys
from typing import Any

from nbmlops.errors import Invalid
from nbmlops.models.flavors.executing import Executing
from nbmlops.plugins import needs


class TorchFlavor(Executing):
    """Save and load a program that torch.export made; of one tensor of rows, on the CPU."""

    name = "torch"
    libraries = ("torch", "pandas")
    suffix = "pt2"
    what = "a program of torch"

    def can(self, model: Any) -> bool:
        """Whether this flavor keeps such objects."""
        torch = sys.modules.get("torch")
        return torch is not None and (isinstance(model, torch.nn.Module) or type(model).__name__ == "ExportedProgram")

    def fixtures(self, model: Any, sample: Any) -> bytes | None:
        """As any model's. Invalid for a program of several tensors: rows are one."""
        taken = len(model.graph_signature.user_inputs)
        if taken != 1:
            raise Invalid(
                f"The program takes {taken} tensors; a model is asked with one, of rows.",
                hint="Export a module that takes the rows as one tensor, and parts its columns itself.",
            )
        return super().fixtures(model, sample)

    def save(self, model: Any) -> bytes:
        """The program as bytes. Invalid for a module that nobody exported: what it is asked with is not known."""
        torch = needs("torch", extra="torch", why="Keeping this model")
        if isinstance(model, torch.nn.Module):
            raise Invalid(
                "A module of torch is code; what is kept is the program that comes of it.",
                hint="program = torch.export.export(module.eval(), (rows,), dynamic_shapes=({0: torch.export.Dim('rows')},))",
            )
        out = io.BytesIO()
        torch.export.save(model, out)
        return out.getvalue()
