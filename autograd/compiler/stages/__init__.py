"""The stages of the compiler: from a recorded graph to an array program with gradients."""
