"""Lineage: from the bytes that were read to the models and endpoints that were made of them, and back."""
