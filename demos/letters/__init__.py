"""A demo: a network that learns English letter by letter. ``demo.py`` runs it."""
