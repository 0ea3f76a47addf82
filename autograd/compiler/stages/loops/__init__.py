"""Loops: instructions that repeat become one instruction."""
