"""Purity: whether a function keeps no state and has no effect but its result."""
