"""The kernels of the machine, written as LLVM code."""
