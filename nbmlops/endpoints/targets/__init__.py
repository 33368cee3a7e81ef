"""Where an endpoint runs: one file per target."""
