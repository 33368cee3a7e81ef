"""Data: frames, fingerprints, profiles, what was read."""
