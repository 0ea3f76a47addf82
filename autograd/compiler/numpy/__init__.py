"""The NumPy executor: the array program as source, which is also what runs."""
