"""The NumPy executor: it writes the array program as source and runs that source."""
