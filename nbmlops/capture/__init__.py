"""What a kernel did: cells, reads, fits, metrics, figures, git, environment, the notebook's identity."""
