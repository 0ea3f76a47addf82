"""A network in other libraries."""
