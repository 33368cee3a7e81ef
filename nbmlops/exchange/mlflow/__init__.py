"""An MLflow server, both ways."""
