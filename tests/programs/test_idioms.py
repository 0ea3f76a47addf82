"""Each idiom of the programs that people have gives the same numbers here and there.

The other engines' numbers lie in ``numbers.json``; where one is installed, it runs too.
"""

import importlib
import json
from pathlib import Path
from types import SimpleNamespace

import pytest

import autograd
import nn
from tests.programs import microgpt_idioms, micrograd_idioms, scalars, torch_idioms

NUMBERS = json.loads((Path(__file__).parent / "numbers.json").read_text(encoding="utf-8"))
HERE = SimpleNamespace(**{**vars(autograd), **vars(nn)}, parameter=autograd.Value)


def there(torch):
    """PyTorch's names in one place, as ours are."""
    names = {**vars(torch), **vars(torch.nn), **vars(torch.nn.utils)}
    names |= {"SGD": torch.optim.SGD, "Adam": torch.optim.Adam, "grad": torch.autograd.grad}
    return SimpleNamespace(**{**names, "parameter": scalars.parameter})


def numbers(results):
    return [float(x.item() if hasattr(x, "item") else x) for x in results]


def same(idiom, results):
    expected = NUMBERS[idiom.__name__]
    assert numbers(results) == pytest.approx(expected, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("idiom", micrograd_idioms.IDIOMS, ids=lambda f: f.__name__)
def test_of_micrograd(idiom):
    same(idiom, idiom(autograd.Value))
    try:
        theirs = importlib.import_module("micrograd.engine")
    except ImportError:
        return
    same(idiom, idiom(theirs.Value))


@pytest.mark.parametrize("idiom", microgpt_idioms.IDIOMS, ids=lambda f: f.__name__)
def test_of_microgpt(idiom):
    same(idiom, idiom(scalars.Value))
    same(idiom, idiom(autograd.Value))


@pytest.mark.parametrize("idiom", torch_idioms.IDIOMS, ids=lambda f: f.__name__)
def test_of_pytorch(idiom):
    same(idiom, idiom(HERE))
    try:
        torch = importlib.import_module("torch")
    except ImportError:
        return
    same(idiom, idiom(there(torch)))
