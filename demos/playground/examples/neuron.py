"""A neuron

A weighted sum and tanh: what it answers,
and which weight matters most.
"""

from autograd import Value, dot, page

inputs = [Value(0.5, "x1"), Value(-1.0, "x2"), Value(2.0, "x3")]
weights = [Value(1.0, "w1"), Value(0.5, "w2"), Value(-0.3, "w3")]
bias = Value(0.4, "b")

out = (dot(weights, inputs) + bias).tanh()
out.label = "out"
out.backward()

print(f"out is {out:.4f}.")
for weight in weights:
    bar = "#" * round(10 * abs(weight.grad))
    print(f"{weight.label}: derivative {weight.grad:+.3f}  {bar}")

# Choose Nudge, and move a weight
# until the neuron saturates.
page(out)
