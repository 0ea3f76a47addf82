"""A network in other libraries."""

from nn.formats.state import load_torch, save_torch
from nn.formats.to_torch import to_torch

__all__ = ["load_torch", "save_torch", "to_torch"]
