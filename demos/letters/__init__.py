"""The letters demo: a network that learns English letter by letter."""
