"""The folders that W&B writes where it is offline."""
