"""compile: from a recorded graph of scalars to a program of matrices. See api.py."""
