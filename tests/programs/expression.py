"""An expression with all operators of a scalar engine, in place and reversed, then its slopes."""

from micrograd.engine import Value  # here: from autograd import Value

p = Value(1.75)
q = Value(-0.6)
r = p - q * 3.0
s = p * q + q**2
r += p + 2
r += 0.5 + r - (-q)
s += s / 2.5 + (q - p).relu()
s += 4 * s + (p + q).relu()
t = r * s
u = t**3 / 10.0
u = u + 8.0 / (t**2 + 1.0)
print(f"{u.data:.4f}")
u.backward()
print(f"{p.grad:.4f} {q.grad:.4f}")

results = [u.data, p.grad, q.grad, r.grad, s.grad, t.grad]
