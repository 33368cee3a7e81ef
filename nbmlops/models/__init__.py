"""Models: registry, signature, flavors, gates, promotion and rollback."""
