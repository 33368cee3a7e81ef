"""Deploying: named endpoints, the targets they run on, asking them."""
