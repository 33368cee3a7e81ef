"""Re-executing notebooks: parameters, the papermill engine, the runner."""
