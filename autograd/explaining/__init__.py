"""Explanations: the chain rule in words, in LaTeX, and as a sum over paths."""

from autograd.explaining.explain import Explanation, explain

__all__ = ["Explanation", "explain"]
