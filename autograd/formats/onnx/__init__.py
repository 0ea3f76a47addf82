"""Compiled functions as ONNX models."""
