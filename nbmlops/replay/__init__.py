"""Re-executing what was recorded: whether a run holds, and what is the least that gives its result."""
