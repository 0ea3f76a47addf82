"""What programs for PyTorch do with scalars. ``t`` stands for torch, or for autograd and nn.

``t.parameter(x)`` makes a leaf; all other names are PyTorch's own.
"""

import asyncio
import copy
import pickle


def update_under_no_grad(t):
    p, q = t.parameter(1.0), t.parameter(2.0)
    for _ in range(5):
        loss = (p - 5) ** 2 + (q * p - 1) ** 2
        loss.backward()
        with t.no_grad():
            for v in (p, q):
                v -= 0.05 * v.grad
        p.grad = q.grad = None
    return [p, q, loss]


def update_by_a_function(t):
    @t.no_grad()
    def update(parameters, rate):
        for p in parameters:
            p -= rate * p.grad

    p = t.parameter(3.0)
    (p * p).backward()
    update([p], 0.25)
    return [p]


def update_of_data(t):
    p = t.parameter(3.0)
    (p * p).backward()
    p.data -= 0.1 * p.grad
    p.data = p.data * 2
    return [p]


def decay_and_average_under_no_grad(t):
    p = t.parameter(2.0)
    average = 0.0
    for _ in range(4):
        (p**3).backward()
        with t.no_grad():
            p *= 0.99
            p += -0.01 * p.grad
            average = 0.9 * average + 0.1 * p.item()
        p.grad = None
    return [p, average]


def detached_targets(t):
    p = t.parameter(2.0)
    target = (p * 3).detach()
    ((p - target) ** 2).backward()
    return [target, p.grad]


def powers_and_bounds(t):
    x = t.parameter(0.5)
    y = x.pow(2) + x.pow(3).clamp(min=0.0) + (x * 4).clamp(-1, 1) + (x - 0.5).clamp(0, 1)
    y.backward()
    return [y, x.grad]


def functions(t):
    x, z = t.parameter(0.6), t.parameter(0.2)
    y = (
        t.tanh(x)
        + t.exp(-x)
        + t.log(x)
        + t.sqrt(x)
        + t.relu(x)
        + t.sigmoid(x)
        + t.sin(x) * t.cos(x)
    )
    y = y + t.maximum(x, z) * t.minimum(x, z) + t.abs(z - x)
    y.backward()
    return [y, x.grad, z.grad]


def methods(t):
    x = t.parameter(0.6)
    y = (
        x.tanh()
        + x.exp() * x.log()
        - x.sqrt() / x.sigmoid()
        + x.relu()
        + x.sin() * x.cos()
        + x.abs()
    )
    y.backward()
    return [y, x.grad]


def two_passes_over_one_graph(t):
    x = t.parameter(2.0)
    y = x**3
    y.backward(retain_graph=True)
    first = x.grad * 1
    y.backward()
    return [first, x.grad]


def gradients_of_gradients(t):
    x = t.parameter(0.7)
    (first,) = t.grad(t.sin(x) * x, [x], create_graph=True)
    (second,) = t.grad(first, [x])
    return [first, second]


def a_penalty_on_the_gradient(t):
    w, x = t.parameter(0.5), t.parameter(1.5)
    y = t.tanh(w * x)
    (slope,) = t.grad(y, [x], create_graph=True)
    (y + (slope - 1) ** 2).backward()
    return [slope, w.grad, x.grad]


def accumulated_over_batches(t):
    p = t.parameter(1.0)
    optimizer = t.SGD([p], lr=0.1)
    optimizer.zero_grad()
    for x in (1.0, 2.0, 3.0):
        ((p * x - 1) ** 2 / 3).backward()
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return [p]


def adam_with_clipping(t):
    p, q, unused = t.parameter(1.0), t.parameter(-2.0), t.parameter(7.0)
    optimizer = t.Adam([p, q, unused], lr=0.05, weight_decay=0.01)
    for _ in range(6):
        optimizer.zero_grad()
        ((p * q + 3) ** 4).backward()
        norm = t.clip_grad_norm_([p, q, unused], 1.0)
        optimizer.step()
    return [p, q, unused, norm]


def only_those_with_a_gradient(t):
    p, unused = t.parameter(1.0), t.parameter(4.0)
    (p * p).backward()
    with t.no_grad():
        for v in (p, unused):
            if v.grad is not None:
                v -= 0.1 * v.grad
    return [p, unused]


def a_module_with_forward(t):
    class Line(t.Module):
        def __init__(self):
            super().__init__()
            self.slope = t.parameter(0.5)
            self.offset = t.parameter(0.0)

        def forward(self, x):
            return self.slope * x + self.offset

    class Twice(t.Module):
        def __init__(self):
            super().__init__()
            self.line = Line()

        def forward(self, x):
            return self.line(self.line(x))

    model, other = Twice(), Twice()
    optimizer = t.SGD(model.parameters(), lr=0.01, momentum=0.5)
    for _ in range(10):
        for x in (-1.0, 0.5, 2.0):
            optimizer.zero_grad()
            loss = (model(x) - (2 * x + 1)) ** 2
            loss.backward()
            optimizer.step()
    other.load_state_dict(model.state_dict())
    names = [name for name, _ in model.named_parameters()]
    count = sum(1 for _ in model.parameters())
    return [loss, other(3.0), *other.parameters(), count, names == ["line.slope", "line.offset"]]


def training_and_evaluation(t):
    class Model(t.Module):
        def __init__(self):
            super().__init__()
            self.w = t.parameter(2.0)
            self.inner = t.Dropout(1.0)

        def forward(self, x):
            return self.w * x * (1.0 if self.training else 10.0)

    model = Model()
    before = model(1.0).item(), model.training, model.inner.training
    model.eval()
    after = model(1.0).item(), model.training, model.inner.training
    model.train()
    return [*before, *after, model(1.0)]


def forms_of_no_grad(t):
    p = t.parameter(2.0)
    off = t.no_grad()
    with off:
        a = p * 2
    with off:
        b = p * 3
    with t.no_grad(), t.no_grad():
        c = p * 4

    @t.no_grad()
    def measured(x):
        return x * p

    y = p * p + a + b + c + measured(1.0)
    y.backward()
    return [y, p.grad]


def generators_under_no_grad(t):
    p = t.parameter(2.0)

    @t.no_grad()
    def measured():
        for i in range(3):
            yield p * i

    total = 0.0
    for value in measured():
        y = p * 5 + value  # gradients are on outside of the generator, and off inside
        total += value.item()
    y.backward()
    return [total, p.grad]


def no_grad_without_parentheses(t):
    p = t.parameter(2.0)

    @t.no_grad
    def measured(x):
        return p * x

    (p * 3 + measured(5.0)).backward()
    return [measured(5.0), p.grad]


def coroutines_under_no_grad(t):
    p = t.parameter(2.0)

    async def measured():
        with t.no_grad():
            await asyncio.sleep(0)
            inside = p * 7
            await asyncio.sleep(0)
        return inside

    async def trained():
        await asyncio.sleep(0)
        return p * 3

    async def both():
        return await asyncio.gather(trained(), measured(), trained())

    one, two, three = asyncio.run(both())
    return [one, two, three]


def exceptions_leave_no_grad(t):
    p = t.parameter(2.0)
    try:
        with t.no_grad():
            raise ValueError
    except ValueError:
        pass
    (p * p).backward()
    return [p.grad]


def weight_decay_over_a_model(t):
    class Model(t.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = t.parameter(1.0), t.parameter(-2.0)

        def forward(self, x):
            return t.tanh(self.a * x) * self.b

    model = Model()
    names = []
    for _ in range(3):
        model.zero_grad()
        loss = (model(0.5) - 1) ** 2 + 0.01 * sum(p.pow(2) for p in model.parameters())
        loss.backward()
        with t.no_grad():
            for name, p in model.named_parameters():
                p -= 0.1 * p.grad
                names.append(len(name))
    return [loss, *model.parameters(), sum(names)]


def the_best_state(t):
    class Model(t.Module):
        def __init__(self):
            super().__init__()
            self.w = t.parameter(3.0)

        def forward(self, x):
            return self.w * x

    model = Model()
    optimizer = t.SGD(model.parameters(), lr=0.9)
    best, state = float("inf"), None
    for _ in range(6):
        optimizer.zero_grad()
        loss = (model(1.0) - 1).pow(2)
        if loss.item() < best:
            best, state = loss.item(), copy.deepcopy(model.state_dict())
        loss.backward()
        optimizer.step()
    model.load_state_dict(state)
    return [best, model(1.0)]


def parameters_pickled(t):
    p, q = pickle.loads(pickle.dumps([t.parameter(2.0), t.parameter(3.0)]))
    y = p * q
    y.backward()
    return [y, p.grad, q.grad]


def tied_parameters(t):
    class Model(t.Module):
        def __init__(self):
            super().__init__()
            self.a = t.parameter(2.0)
            self.b = self.a

        def forward(self, x):
            return self.a * x + self.b

    model = Model()
    optimizer = t.SGD(model.parameters(), lr=0.1)
    model(3.0).backward()
    optimizer.step()
    return [model.a, model.a.grad, len(list(model.parameters()))]


def a_step_between_two_passes(t):
    w = t.parameter(1.0)
    optimizer = t.SGD([w], lr=0.1)
    losses = []
    for _ in range(3):
        loss = (w * 2 - 1) ** 2
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return [*losses, w]


def gradients_only_of_what_is_asked(t):
    x, w = t.parameter(0.5), t.parameter(2.0)
    y = t.tanh(w * x)
    (slope,) = t.grad(y, [x])
    return [slope, w.detach(), w.item()]


def functions_of_functions(t):
    x = t.parameter(0.3)
    derivatives = [t.sin(x) * t.exp(x)]
    for _ in range(4):
        (following,) = t.grad(derivatives[-1], [x], create_graph=True)
        derivatives.append(following)
    return derivatives


IDIOMS = [
    thing for thing in list(globals().values()) if getattr(thing, "__module__", "") == __name__
]
