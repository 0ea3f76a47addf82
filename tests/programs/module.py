"""A Module with forward, its own loop, momentum, clipping and a validation loss."""

import random

from scalars import parameter  # here: from autograd import Value as parameter
from torch import nn, no_grad, tanh  # here: import nn; from autograd import no_grad, tanh
from torch.nn.utils import clip_grad_norm_  # here: from nn import clip_grad_norm_
from torch.optim import SGD  # here: from nn import SGD

random.seed(3)


class Unit(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.names = [f"w{i}" for i in range(n)]
        for name in self.names:
            setattr(self, name, parameter(random.uniform(-1, 1)))
        self.offset = parameter(0.1)

    def forward(self, x):
        total = self.offset
        for name, xi in zip(self.names, x):
            total = total + getattr(self, name) * xi
        return tanh(total)


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = Unit(2)
        self.second = Unit(2)
        self.last = Unit(2)
        self.scale = parameter(1.5)

    def forward(self, x):
        hidden = [self.first(x), self.second(x)]
        if not self.training:
            hidden = [h * 1.0 for h in hidden]
        return self.scale * self.last(hidden)


rows = [([random.uniform(-1, 1), random.uniform(-1, 1)], None) for _ in range(12)]
rows = [(x, x[0] * x[1] + 0.3) for x, _ in rows]
training, validation = rows[:8], rows[8:]

model = Network()
optimizer = SGD(model.parameters(), lr=0.2, momentum=0.9)
results = []
for _ in range(6):
    model.train()
    for x, target in training:
        optimizer.zero_grad()
        loss = (model(x) - target).pow(2)
        loss.backward()
        clip_grad_norm_(model.parameters(), 0.5)
        optimizer.step()
    model.eval()
    with no_grad():
        held_out = [(model(x) - target).pow(2).item() for x, target in validation]
    results += [loss.item(), sum(held_out) / len(held_out)]

# In the order of names, because modules order their parameters in two ways.
named, state = dict(model.named_parameters()), model.state_dict()
results += [named[name].item() for name in sorted(named)]
results += [state[name] for name in sorted(state)]
