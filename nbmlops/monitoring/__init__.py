"""Watching: windows, drift tests, quality over time, policies."""
