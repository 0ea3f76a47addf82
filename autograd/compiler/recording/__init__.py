"""Recording: a function runs once on Values, and what it did is noted."""
