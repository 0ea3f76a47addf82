"""The native executor: the array program as loops that Numba compiles."""
