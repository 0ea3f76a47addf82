"""Padding: sums that grow with the position get one length."""
