"""A model's file that somebody has: what it is, told by a process with limits before anything here believes it."""
