"""Magics, shell, REST, widgets: they translate and decide nothing."""
