"""A course in running code: ``python -m demos`` is a tour of it."""
