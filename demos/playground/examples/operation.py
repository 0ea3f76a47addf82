"""An operation of your own

Its value and its derivative, each written once.
Pictures and pages know it at once.
"""

from autograd import Op, Value, gradcheck, page, sigmoid

swish = Op(
    "swish",
    lambda x: x * sigmoid(x),  # the value
    lambda y, x: (y + sigmoid(x) * (1 - y),),  # the derivative
    registered=False,
)

# Is the derivative right?
# gradcheck compares it with finite differences.
print("gradcheck:", gradcheck(swish, [0.7]))

x, w = Value(0.7, "x"), Value(-1.5, "w")
y = swish(w * x)
y.label = "y"
y.backward()
print(f"y is {y:.4f}, and its derivative by w is {w.grad:.4f}.")

page(y)
