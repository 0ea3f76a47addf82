"""The first example

A graph, its derivatives, and the chain rule in words.
"""

from autograd import Value, explain, page

x = Value(0.5, "x")
w = Value(2.0, "w")
y = (w * x).tanh()
error = (y - 1) ** 2 / 2

error.backward()
print(f"y is {y:.6f}, and the error is {error:.6f}.")
print(f"w.grad is {w.grad:.6f}\n")
print(explain(error, w, names=locals()))

# Play steps through the graph.
# Change a number above, and run again.
page(error, names=locals())
