"""Problem 12: two paths

The input reaches the error along two paths.
Their shares add up to its derivative.
"""

from autograd import Value, explain, page

i = Value(0.5, "i")
w1, w2 = Value(1.0, "w1"), Value(0.5, "w2")
w3, w4 = Value(2.0, "w3"), Value(1.0, "w4")

h1 = (w1 * i).tanh()
h2 = (w2 * i).tanh()
out = (w3 * h1 + w4 * h2).tanh()
E = (out - 0) ** 2 / 2

E.backward()
print(f"dE/di is {i.grad:.4f}.\n")
print(explain(E, i, names=locals()))

# Click on the box i: each path has its own colour.
page(E, names=locals())
