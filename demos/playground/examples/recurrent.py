"""A recurrent network

A loop with a memory. The gradient goes back
through every step, and fades.
"""

from autograd import Value, page

u = Value(1.5, "u")  # the weight of the input
v = Value(0.8, "v")  # the weight of the memory
inputs = [Value(x, f"x{k}") for k, x in enumerate([1.0, -0.5, 0.25, 0.5], start=1)]

memory = 0
for k, x in enumerate(inputs, start=1):
    memory = (u * x + v * memory).tanh()
    memory.label = f"m{k}"

memory.backward()
for x in inputs:
    bar = "#" * round(60 * abs(x.grad))
    print(f"{x.label}: derivative {x.grad:.4f}  {bar}")
print(f"u and v are used in every step: {u.grad:.4f}, {v.grad:.4f}")

page(memory)
