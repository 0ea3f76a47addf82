"""What programs for micrograd and its relatives do, each on a few numbers, with any ``Value``.

Each function takes the class and returns numbers, which are compared with those of the other class.
"""

import copy
import pickle
import random

import numpy as np


def update_loop(Value):
    p, q = Value(1.0), Value(-2.0)
    for _ in range(20):
        loss = (p * q - 3) ** 2 + (p + q) ** 2
        p.grad = q.grad = 0
        loss.backward()
        for v in (p, q):
            v.data -= 0.01 * v.grad
    return [p.data, q.data, loss.data]


def update_of_a_parameter_without_a_gradient(Value):
    used, unused = Value(1.0), Value(5.0)
    (used * 2).backward()
    for p in (used, unused):
        p.data += -0.1 * p.grad
    return [used.data, unused.data]


def gradient_written_before_backward(Value):
    p = Value(1.5)
    before = f"{p.grad:.3f} {p.data:.4f}"
    (p * p).backward()
    return [*map(float, before.split()), p.grad]


def gradients_by_a_fresh_list(Value):
    parameters = [Value(float(i)) for i in range(5)]
    sum(p * p for p in parameters[1:]).backward()
    return [sum(abs(p.grad) for p in parameters), max(p.grad for p in parameters)]


def trace_with_sets(Value):
    nodes, edges = set(), set()

    def build(v):
        if v not in nodes:
            nodes.add(v)
            for child in v._prev:
                edges.add((child, v))
                build(child)

    a, b = Value(2.0), Value(2.0)
    build((a * b + a) * (a + 1.0) * 1.0)
    return [len(nodes), len(edges), sum(n.data for n in nodes), sum(bool(n._op) for n in nodes)]


def trace_with_lists(Value):
    nodes = []

    def build(v):
        if v not in nodes:
            nodes.append(v)
            for child in v._prev:
                build(child)

    a = Value(2.0)
    build((a * 1.0) * 1.0 + 0.0)
    return [len(nodes), sum(n.data for n in nodes)]


def backward_by_hand(Value):
    a, b = Value(0.5), Value(-1.5)
    y = (a * b + b**3).relu() + (a - b) * a
    order, visited = [], []

    def build(v):
        if v not in visited:
            visited.append(v)
            for child in v._prev:
                build(child)
            order.append(v)

    build(y)
    y.grad = 1.0
    for v in reversed(order):
        v._backward()
    return [a.grad, b.grad]


def lists_know_nodes_apart(Value):
    zeros = [Value(0.0) for _ in range(4)]
    third = zeros[2]
    place = zeros.index(third)
    zeros.remove(third)
    return [place, len(zeros), third in zeros, zeros.count(zeros[0]), Value(0.0) in zeros]


def adam_with_attributes(Value):
    random.seed(5)
    parameters = [Value(random.uniform(-1, 1)) for _ in range(4)]
    for p in parameters:
        p.m = 0.0
        p.v = 0.0
    for step in range(1, 8):
        loss = sum((p - i) ** 2 * (i + 1) for i, p in enumerate(parameters))
        for p in parameters:
            p.grad = 0.0
        loss.backward()
        for p in parameters:
            p.m = 0.9 * p.m + 0.1 * p.grad
            p.v = 0.999 * p.v + 0.001 * p.grad**2
            m, v = p.m / (1 - 0.9**step), p.v / (1 - 0.999**step)
            p.data -= 0.1 * m / (v**0.5 + 1e-8)
    return [p.data for p in parameters] + [loss.data]


def memories_in_a_dict(Value):
    parameters = [Value(1.0), Value(1.0)]
    velocity = dict.fromkeys(parameters, 0.0)
    for _ in range(5):
        a, b = parameters
        (a * a * 3 + b * b).backward()
        for p in parameters:
            velocity[p] = 0.9 * velocity[p] + p.grad
            p.data -= 0.05 * velocity[p]
            p.grad = 0.0
    return [p.data for p in parameters]


def further_attributes(Value):
    v = Value(3.0)
    v.color, v.label = "red", "v"
    return [len(v.color), len(v.label), hasattr(v, "nothing")]


def sums_of_all_kinds(Value):
    values = [Value(float(i)) for i in range(4)]
    total = 0
    for v in values:
        total += v * v
    first = values[1]
    first += values[2]
    start = sum(values, Value(10.0))
    mean = sum(values) * (1.0 / len(values))
    (total + first + start + mean).backward()
    data = [total.data, first.data, start.data, mean.data, values[1].data]
    return data + [v.grad for v in values]


def a_sum_that_starts_at_the_bias(Value):
    w, b = [Value(0.5), Value(-1.0)], Value(0.25)
    for x in ([1.0, 2.0], [3.0, -1.0]):
        act = b
        for wi, xi in zip(w, x):
            act += wi * xi
        out = act.relu()
    out.backward()
    return [out.data, b.data, b.grad, w[0].grad, w[1].grad]


def numbers_on_both_sides(Value):
    a = Value(3)
    y = 2 + a - 1 + 2 * a * 3 - (1 - a) / 4 + 8 / a + a / 2 + a**2 + a**-1 - (-a)
    y.backward()
    return [y.data, a.grad]


def wrapping_what_is_not_a_value(Value):
    def add(a, b):
        a = a if isinstance(a, Value) else Value(a)
        b = b if isinstance(b, Value) else Value(b)
        return a + b

    return [add(1, 2).data, add(Value(1.5), 2).data]


def two_graphs_on_one_leaf(Value):
    a = Value(2.0)
    (a * 3).backward()
    (a * a).backward()
    return [a.grad]


def rows_of_arrays(Value):
    X = np.array([[1.0, 2.0], [3.0, 4.0], [-1.0, 0.5]])
    y = np.array([1, -1, 1])
    w = [Value(0.1), Value(-0.2)]
    scores = [sum(wi * xi for wi, xi in zip(w, row)) for row in X]
    inputs = [list(map(Value, row)) for row in X]
    again = [sum(wi * xi for wi, xi in zip(w, row)) for row in inputs]
    losses = [(1 + -yi * si).relu() for yi, si in zip(y, scores)]
    loss = sum(losses) * (1.0 / len(losses)) + sum(again) * 0.1
    loss.backward()
    right = [(yi > 0) == (si.data > 0) for yi, si in zip(y, scores)]
    return [loss.data, *[p.grad for p in w], sum(right) / len(right)]


def arrays_of_values(Value):
    W = np.array([[Value(0.1 * i + j) for j in range(3)] for i in range(2)])
    x = np.array([1.0, -2.0, 0.5])
    outputs = W @ x
    loss = (outputs * outputs).sum() + np.dot(W[0], W[1]) + W.sum()
    loss.backward()
    return [loss.data] + [p.grad for p in W.flatten()]


def choosing_by_number(Value):
    values = [Value(x) for x in (0.3, -2.0, 1.7)]
    best = max(values, key=lambda v: v.data)
    order = sorted(range(3), key=lambda i: values[i].data)
    return [best.data, *order, values.index(best)]


def central_differences(Value):
    def f(a, b):
        return (a * b + b**3).relu() * (a - 2 * b)

    a, b = Value(0.7), Value(1.3)
    f(a, b).backward()
    h = 1e-6
    slope = (f(Value(0.7 + h), Value(1.3)).data - f(Value(0.7 - h), Value(1.3)).data) / (2 * h)
    return [a.grad, b.grad, abs(slope - a.grad) < 1e-6]


def a_subclass(Value):
    class Named(Value):
        def double(self):
            return self * 2

    a = Named(3.0)
    y = a.double() + 1
    y.backward()
    return [y.data, a.grad]


def copies_of_leaves(Value):
    weights = [Value(0.5), Value(1.5)]
    best = copy.deepcopy(weights)
    weights[0].data = 9.0
    return [w.data for w in best] + [best[0] is weights[0]]


def a_module_of_its_own(Value):
    random.seed(0)

    class Module:
        def zero_grad(self):
            for p in self.parameters():
                p.grad = 0

    class Cubic(Module):
        def __init__(self):
            self.c = [Value(random.uniform(-1, 1)) for _ in range(4)]

        def __call__(self, x):
            return sum(c * x**i for i, c in enumerate(self.c))

        def parameters(self):
            return self.c

    model = Cubic()
    for _ in range(10):
        loss = sum((model(x) - x * x) ** 2 for x in (-1.0, -0.5, 0.0, 0.5, 1.0))
        model.zero_grad()
        loss.backward()
        for p in model.parameters():
            p.data -= 0.05 * p.grad
    return [loss.data] + [p.data for p in model.parameters()]


def empty_children(Value):
    a = Value(2.0, (), "")
    y = a * a
    y.backward()
    return [y.data, a.grad]


def a_drawing_as_text(Value):
    a, b = Value(2.0), Value(-3.0)
    c = a * b
    c.label = "c"
    y = (c + 10.0).relu()
    lines = []

    def draw(v, seen):
        if id(v) in seen:
            return
        seen.add(id(v))
        label = getattr(v, "label", "")
        lines.append("{ %s | data %.4f | grad %.4f }" % (label, v.data, v.grad))  # noqa: UP031
        if v._op:
            lines.append(v._op)
        for child in v._prev:
            draw(child, seen)

    draw(y, set())
    y.backward()
    draw(y, set())
    numbers = sorted(line for line in lines if "grad 0.0000" not in line and "data" in line)
    return [len(lines), len(numbers), sum("c |" in line for line in lines)]


def clipped_and_scaled_by_hand(Value):
    parameters = [Value(3.0), Value(-0.1)]
    a, b = parameters
    (a**3 + b * 0.5).backward()
    for p in parameters:
        p.grad = max(-1.0, min(1.0, p.grad))
        p.grad *= 0.5
    norm = sum(p.grad**2 for p in parameters) ** 0.5
    for p in parameters:
        p.data -= p.grad / norm
    return [p.data for p in parameters] + [norm]


def numbers_of_numpy(Value):
    rate, x = np.float64(0.1), np.float32(0.5)
    w, b = Value(np.float64(2.0)), Value(np.int64(1))
    for target in np.array([1, -1, 2]):
        loss = (w * x + b - target) ** 2 + np.float64(0.5) * w
        w.grad = b.grad = 0
        loss.backward()
        w.data -= rate * w.grad
        b.data = b.data - rate * b.grad
    return [w.data, b.data, loss.data, np.mean([w.data, b.data])]


def the_best_so_far(Value):
    p = Value(4.0)
    best, kept = float("inf"), None
    step = 0
    while step < 30:
        loss = (p * p - 2) ** 2
        if loss.data < best:
            best, kept = loss.data, p.data
        if loss.data < 1e-9:
            break
        p.grad = 0
        loss.backward()
        p.data += -0.01 * p.grad
        step += 1
    return [best, kept, step]


def memories_by_id(Value):
    parameters = [Value(1.0), Value(2.0)]
    memory = {}
    for _ in range(4):
        loss = sum((p - 3) ** 2 for p in parameters)
        for p in parameters:
            p.grad = 0
        loss.backward()
        for p in parameters:
            memory[id(p)] = memory.get(id(p), 0.0) * 0.9 + p.grad
            p.data -= 0.05 * memory[id(p)]
    return [p.data for p in parameters]


def numbers_saved_and_loaded(Value):
    parameters = [Value(1.5), Value(-0.5)]
    saved = pickle.dumps([p.data for p in parameters])
    for p in parameters:
        p.data = 0.0
    for p, x in zip(parameters, pickle.loads(saved)):
        p.data = x
    y = parameters[0] * parameters[1]
    y.backward()
    return [y.data] + [p.grad for p in parameters]


def a_graph_used_again_after_a_change(Value):
    a, b = Value(2.0), Value(3.0)
    y = a * b
    a.data = 10.0
    z = a * b
    return [y.data, z.data, (y + z).data]


def nested_networks_of_lists(Value):
    random.seed(2)
    layers = [
        [([Value(random.uniform(-1, 1)) for _ in range(n)], Value(0.0)) for _ in range(m)]
        for n, m in ((2, 3), (3, 1))
    ]

    def run(x):
        for depth, layer in enumerate(layers):
            sums = [sum((wi * xi for wi, xi in zip(w, x)), b) for w, b in layer]
            x = [s.relu() for s in sums] if depth == 0 else sums
        return x[0] if len(x) == 1 else x

    parameters = [p for layer in layers for w, b in layer for p in [*w, b]]
    xs, ys = [[2.0, 3.0], [3.0, -1.0], [0.5, 1.0]], [1.0, -1.0, -1.0]
    for _ in range(8):
        outputs = [run(x) for x in xs]
        loss = sum((out - y) ** 2 for y, out in zip(ys, outputs))
        for p in parameters:
            p.grad = 0.0
        loss.backward()
        for p in parameters:
            p.data += -0.02 * p.grad
    return [loss.data] + [p.data for p in parameters]


def an_array_times_a_value(Value):
    a = Value(2.0)
    y = (np.array([1.0, 2.0]) * a + np.array([3.0, 4.0])).sum()
    y.backward()
    return [y.data, a.grad]


IDIOMS = [
    thing for thing in list(globals().values()) if getattr(thing, "__module__", "") == __name__
]
