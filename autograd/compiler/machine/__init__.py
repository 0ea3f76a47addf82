"""The machine: kernels compiled once, which know no program, and their table of instructions."""
