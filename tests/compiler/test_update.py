"""An optimiser's update on arrays is its rule, number by number."""

import numpy as np
import pytest

import autograd
from autograd import Value
from autograd.compiler.update import AT_ONCE, Stepper, Update
from nn import SGD, Adam


def swapped(p, gradient, a, b):
    return p - 0.1 * gradient, b, a


def remembered(p, gradient, before, change):
    return p - 0.1 * gradient, p, p - before


def cubes(p, gradient, a, b):
    size = autograd.maximum(abs(gradient) ** 3, 0.5 * a * a)
    return gradient / (1 + size), a + autograd.tanh(size) - p, autograd.softplus(b)


def unchanged(p, gradient, a, b):
    return p, 2.0, gradient


def in_either_place(p, gradient, a, b):
    both = a + p
    return both, both, both * 2


RULES = {
    "descent": (SGD([Value(0.0)], 0.1).update, 1),
    "momentum": (SGD([Value(0.0)], 0.1, momentum=0.9, weight_decay=0.01).update, 1),
    "adam": (Adam([Value(0.0)], 0.1).update, 3),
    "adam with decay": (Adam([Value(0.0)], 0.1, weight_decay=0.01).update, 3),
    **{rule.__name__: (rule, 2) for rule in (swapped, remembered, cubes, unchanged)},
    in_either_place.__name__: (in_either_place, 2),
}


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("start", ["zeros", "one number", "numbers"])
def test_it_is_the_rule_number_by_number(name, start):
    rule, kinds = RULES[name]
    rng, n = np.random.default_rng(0), 7
    p, memories = rng.normal(size=n), np.zeros((kinds, n))
    if start != "zeros":
        memories[:] = 3.0 if start == "one number" else rng.uniform(1, 2, (kinds, n))
    numbers = [p.tolist(), *memories.tolist()]
    stepper = Stepper(Update(rule))
    for _ in range(4):
        gradient = rng.normal(size=n)
        before = gradient.copy()
        stepper.step(p, gradient, memories)
        assert gradient.tolist() == before.tolist()
        columns = zip(numbers[0], gradient.tolist(), *numbers[1:])
        numbers = list(map(list, zip(*[rule(*column) for column in columns])))
        assert np.vstack([p, memories]) == pytest.approx(np.array(numbers), rel=1e-13, abs=1e-15)


def test_parameters_beyond_a_part_are_moved_too():
    n = 2 * AT_ONCE + 5
    p, memories = np.ones(n), np.zeros((3, n))
    memories[0, -1] = 7.0  # so the last part has no common count of steps
    gradient = np.linspace(-1, 1, n)
    Stepper(Update(Adam([Value(0.0)], 0.1).update)).step(p, gradient, memories)
    assert memories[0].tolist() == [1.0] * (n - 1) + [8.0]
    for i in 0, AT_ONCE - 1, AT_ONCE, n - 2, n - 1:
        one = Adam([Value(1.0)], 0.1).update(1.0, gradient[i], 7.0 if i == n - 1 else 0.0, 0.0, 0.0)
        assert [p[i], *memories[:, i]] == pytest.approx(one, rel=1e-13)
