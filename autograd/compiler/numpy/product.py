"""Products of matrices as NumPy expressions, with ``@`` wherever that is possible."""

from __future__ import annotations

import math
import re

from autograd.compiler.numpy.text import CALL, MATRIX, PRODUCT, Text, axes_of, number_text
from autograd.compiler.numpy.views import Views
from autograd.compiler.program import Contract, View, turned

# The label of the batch. Those of the instruction are lower-case.
BATCH = "B"
AXES_OF_RESHAPE = re.compile(r"\.reshape\((?:[^()]|\([^()]*\))*\)$")


class Factor:
    """A factor of a product, which can be written with its axes in another order.

    Args:
        v: the view.
        labels: those of its axes. The batch is added to them.
        views: writes views.
    """

    def __init__(self, v: View, labels: str, views: Views) -> None:
        self.v, self.views, self.load = v, views, views.load
        self.labels = BATCH * v.array.batched + labels

    def ordered(self, labels: str) -> str | None:
        """The factor with its axes in that order, or None if that is impossible."""
        if sorted(labels) != sorted(self.labels):
            return None
        if self.labels == labels:
            return self.load(self.v).within(CALL)
        if BATCH in labels and labels[0] != BATCH:
            text = self.views.dialect.turned(self.load(self.v).within(CALL), self.views.single)
            return text if labels == self.labels[::-1] and len(labels) == 2 else None
        own = self.labels.removeprefix(BATCH)
        axes = [own.index(c) for c in labels.removeprefix(BATCH)]
        return self.load(turned(self.v, axes)).within(CALL)

    def flat(self, *sizes: int) -> str:
        """The factor in another shape."""
        text = AXES_OF_RESHAPE.sub("", self.load(self.v).within(CALL))
        return f"{text}.reshape({', '.join(map(str, sizes))})"


def product(i: Contract, views: Views) -> Text:
    """The instruction as an expression."""
    of_left, of_right, of_out = i.labels
    left, right = Factor(i.left, of_left, views), Factor(i.right, of_right, views)
    out = BATCH * i.out.batched + of_out
    sizes = dict(zip(of_left + of_right, i.left.shape + i.right.shape))
    pairs = [(right, left), (left, right)]
    for a, b in pairs:
        if text := _with_windows(a, b, out, views):
            return text
    if all(c in out for c in left.labels + right.labels):
        pairs.reverse()
    for a, b in pairs:
        if text := _repeated(a, b, out, sizes) or _matmul(a, b, out, sizes):
            return text
    for a, b in pairs:
        if text := _turned_matmul(a, b, out, sizes):
            return text
    a, b = left, right
    fast = "" if set(a.labels) & set(b.labels) & set(out) else ", optimize=True"
    x, y = views.load(a.v).text, views.load(b.v).text
    return Text(f"np.einsum('{a.labels},{b.labels}->{out}', {x}, {y}{fast})")


def _with_windows(a: Factor, b: Factor, out: str, views: Views) -> Text | None:
    """Windows ``a`` times a kernel, or times a number for each window, summed over the windows."""
    places, numbers = f"{BATCH}{a.labels[-2:-1]}", a.labels[-1:]
    if a.labels != places + numbers:
        return None
    if {b.labels, out} != {places, numbers} or not (windows := views.windows(a.v)):
        return None
    x = views.load(b.v).text
    axes = f"{x}, {windows}, 1" if out == places else f"{windows}, {x}, 2"
    return Text(f"np.tensordot({axes})")


def _repeated(a: Factor, b: Factor, out: str, sizes: dict[str, int]) -> Text | None:
    """One number times a sum of ``b``, repeated along the axes that only ``a`` has."""
    literal = a.v.array.literal()
    summed = [axis for axis, c in enumerate(b.labels) if c not in out]
    kept = "".join(c for c in b.labels if c in out)
    if literal is None or kept != "".join(c for c in out if c in kept):
        return None
    literal *= math.prod(sizes[c] for c in a.labels if c not in out + b.labels)
    x = b.load(b.v)
    if summed and not kept:
        x = Text(f"np.sum({x.text})")
    elif summed:
        x = Text(f"np.sum({x.text}, axis={axes_of(summed)})")
    if kept != out:
        if BATCH in out:
            return None
        places = [":" if c in kept else "None" for c in out]
        while places and places[0] == "None":
            places.pop(0)
        text = f"{x.within(CALL)}[{', '.join(places)}]" if "None" in places else x.text
        shape = ", ".join(str(sizes[c]) for c in out) + "," * (len(out) == 1)
        x = Text(f"np.broadcast_to({text}, ({shape}))")
    if literal == 1:
        return x
    return Text(f"{number_text(literal).within(PRODUCT)} * {x.within(PRODUCT + 0.1)}", PRODUCT)


def _matmul(a: Factor, b: Factor, out: str, sizes: dict[str, int]) -> Text | None:
    """``a`` times ``b``, if the labels allow it in this order."""
    summed = "".join(c for c in b.labels if c in a.labels and c not in out)
    common = "".join(c for c in out if c in a.labels and c in b.labels)
    of_a = "".join(c for c in out if c not in b.labels)
    of_b = "".join(c for c in out if c not in a.labels)
    if len(summed + common + of_a) != len(a.labels) or len(summed + common + of_b) != len(b.labels):
        return None  # it sums over a label that only one factor has
    if not summed:
        return _outer(a, b, out)
    if out != common + of_a + of_b:
        return None
    if common:
        return _one_by_one(a, b, common, of_a, of_b, summed)
    if len(summed) == 1 and len(of_b) <= 1:
        return _at(a.ordered(of_a + summed), b.ordered(summed + of_b))
    if a.labels == summed + of_a and b.labels == summed + of_b and BATCH in summed:
        # A sum over the batch and more axes: make them one axis.
        if max(len(of_a), len(of_b)) > 1:
            return None
        rows, columns = (x.flat(-1, *(sizes[c] for c in of)) for x, of in ((a, of_a), (b, of_b)))
        return _at(rows + ".T" * bool(of_a), columns)
    first, second = a.ordered(of_a + summed), b.ordered(summed + of_b)
    if first and second and BATCH not in summed:
        return Text(f"np.tensordot({first}, {second}, {len(summed)})")
    return None


def _turned_matmul(a: Factor, b: Factor, out: str, sizes: dict[str, int]) -> Text | None:
    """``a`` times ``b`` one by one, with the axes of the result in another order."""
    common = "".join(c for c in out if c in a.labels and c in b.labels)
    of_a = "".join(c for c in out if c not in b.labels)
    of_b = "".join(c for c in out if c not in a.labels)
    made = common + of_a + of_b
    if not common or made == out or (x := _matmul(a, b, made, sizes)) is None:
        return None
    axes = ", ".join(str(made.index(c)) for c in out)
    return Text(f"({x.text}).transpose({axes})", CALL)


def _at(first: str | None, second: str | None) -> Text | None:
    return Text(f"{first} @ {second}", MATRIX) if first and second else None


def _one_by_one(
    a: Factor, b: Factor, common: str, of_a: str, of_b: str, summed: str
) -> Text | None:
    """A product per element of the axes that both factors and the result have."""
    if len(of_a) == len(of_b) == len(summed) == 1:
        return _at(a.ordered(common + of_a + summed), b.ordered(common + summed + of_b))
    first, second = a.ordered(common + summed), b.ordered(common + summed)
    if not of_a + of_b and first and second:
        axes = list(range(-len(summed), 0))
        return Text(f"np.sum({first} * {second}, axis={axes_of(axes)})")
    return None


def _outer(a: Factor, b: Factor, out: str) -> Text | None:
    """Each element of one factor times each element of the other."""
    texts = []
    for factor in (a, b):
        x = factor.ordered("".join(c for c in out if c in factor.labels))
        if x is None:
            return None
        pattern = [":" if c in factor.labels else "None" for c in out]
        while pattern and pattern[0] == "None":
            pattern.pop(0)
        if "None" in pattern:
            texts.append(f"{x}[{', '.join(pattern)}]")
        else:
            same = x == factor.load(factor.v).within(CALL)
            texts.append(factor.load(factor.v).within(PRODUCT + 0.1) if same else x)
    return Text(f"{texts[0]} * {texts[1]}", PRODUCT)
