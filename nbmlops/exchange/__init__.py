"""Runs, versions and aliases to and from what others keep theirs in: MLflow's servers, the folders of W&B."""
