"""Which executions an execution depends on, and what of it the notebook does not show."""
