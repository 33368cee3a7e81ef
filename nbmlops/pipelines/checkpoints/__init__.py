"""Where a long notebook can go on after it died: what its kernel held after a cell, kept only if it can be had back as it was."""
