"""Runs: one attempt each, with a truthful status; search and compare."""
