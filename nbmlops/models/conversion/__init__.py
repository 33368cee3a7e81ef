"""A version as a graph of known operators: converted, held against the original on rows, and only then registered."""
