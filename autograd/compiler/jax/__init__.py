"""The JAX executor: the program's source with jax.numpy in the place of NumPy, compiled by XLA."""
