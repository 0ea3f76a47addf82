"""Products of matrices as ONNX nodes: Gemm for a layer, MatMul where it fits, otherwise Einsum."""

from __future__ import annotations

from dataclasses import dataclass

from autograd.compiler.program import Contract, View
from autograd.formats.onnx.nodes import Tensor
from autograd.formats.onnx.views import Views

BATCH = "B"
"""The label of the batch. Those of the instruction are lower-case."""


@dataclass
class Factor:
    """A factor, and the labels of its axes, the batch included."""

    v: View
    labels: str


@dataclass
class Roles:
    """What the labels of a product are: in both factors and the result; in one alone; summed."""

    common: str
    of_a: str
    of_b: str
    summed: str


class Products:
    """Writes ``Contract`` instructions with the views of a program."""

    def __init__(self, views: Views) -> None:
        self.views, self.graph = views, views.graph

    def is_layer(self, i: Contract) -> bool:
        """Whether it is rows of the batch times a matrix of weights, (batch, k) by (k, n)."""
        return any(_is_layer(a, b, _result(i)) for a, b in _orders(i))

    def write(self, i: Contract, name: str, bias: Tensor | None = None) -> Tensor:
        """The product, with a bias added if it is that of a layer."""
        out = _result(i)
        for a, b in _orders(i):
            if _is_layer(a, b, out):
                inputs = [self.views.load(a.v), self.views.load(b.v)]
                inputs += [] if bias is None else [bias]
                turned = int(b.labels[-1] in a.labels)
                return self.graph.add("Gemm", *inputs, transB=turned, name=name)
        for a, b in _orders(i):
            if wanted := _as_matrices(a, b, out):
                pairs = zip((a, b), wanted)
                return self.graph.add("MatMul", *(self._turned(f, w) for f, w in pairs), name=name)
        (a, b), *_ = _orders(i)
        equation, inputs = f"{a.labels},{b.labels}->{out}", [self.views.load(f.v) for f in (a, b)]
        return self.graph.add("Einsum", *inputs, equation=equation, name=name)

    def _turned(self, factor: Factor, wanted: str) -> Tensor:
        x = self.views.load(factor.v)
        return self.views.turned(x, [factor.labels.index(c) for c in wanted])


def _orders(i: Contract) -> list[tuple[Factor, Factor]]:
    """Both factors, in both orders; with the right one first the result is rows times weights."""
    left, right = (
        Factor(v, BATCH * v.array.batched + labels)
        for v, labels in zip((i.left, i.right), i.labels)
    )
    return [(right, left), (left, right)]


def _result(i: Contract) -> str:
    return BATCH * i.out.batched + i.labels[2]


def _is_layer(a: Factor, b: Factor, out: str) -> bool:
    r = _roles(a, b, out)
    return (
        (r.common, r.of_a, len(r.of_b), len(r.summed)) == ("", BATCH, 1, 1)
        and a.labels == BATCH + r.summed
        and sorted(b.labels) == sorted(r.summed + r.of_b)
        and out == BATCH + r.of_b
    )


def _as_matrices(a: Factor, b: Factor, out: str) -> tuple[str, str] | None:
    """The labels of both factors as MatMul takes them; None if it cannot make the product."""
    r = _roles(a, b, out)
    left, right = r.common + r.of_a + r.summed, r.common + r.summed + r.of_b
    one_each = not r.common or len(r.of_a) == len(r.of_b) == 1
    fits = (
        one_each
        and len(r.of_b) <= 1
        and len(r.summed) == 1
        and out == r.common + r.of_a + r.of_b
        and sorted(a.labels) == sorted(left)
        and sorted(b.labels) == sorted(right)
    )
    return (left, right) if fits else None


def _roles(a: Factor, b: Factor, out: str) -> Roles:
    common = "".join(c for c in out if c in a.labels and c in b.labels)
    summed = "".join(c for c in a.labels if c in b.labels and c not in out)
    of_a = "".join(c for c in out if c not in b.labels)
    of_b = "".join(c for c in out if c not in a.labels)
    return Roles(common, of_a, of_b, summed)
