"""Lowering: an array program becomes a table of the machine."""
