"""Everything remembered: tables and migrations, one write lock, content-addressed blobs, the audit chain."""
