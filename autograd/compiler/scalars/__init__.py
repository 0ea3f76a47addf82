"""Graphs without structure, as instructions of the machine."""
