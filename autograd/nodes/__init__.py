"""What belongs to a Value besides its record: kinds of leaves, order, copies, NumPy's arrays."""
