"""Code that several demos share."""
