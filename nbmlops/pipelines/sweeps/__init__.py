"""Sweeps: a notebook executed once for each of many values of its parameters, side by side, and which of them is best."""
