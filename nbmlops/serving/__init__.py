"""The ASGI model server. It knows no Jupyter."""
