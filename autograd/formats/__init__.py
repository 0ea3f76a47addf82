"""A recorded graph in the formats of other tools."""
