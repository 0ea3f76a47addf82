"""Functions of Values that are made of the operations of the table, and of their derivatives."""
