"""The machine: kernels compiled once, which know no program; a table of instructions drives them."""
