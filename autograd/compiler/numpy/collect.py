"""Arrays put together from parts as NumPy: stacked, joined, or added in their places."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from autograd.compiler.numpy.operations import summed
from autograd.compiler.numpy.text import CALL, INDENT, Text, shape_of, statement
from autograd.compiler.numpy.views import Views, axis_order
from autograd.compiler.program import Array, Collect, View, row_major, turned, view


class Collector:
    """Writes ``Collect`` instructions with the views of a program."""

    def __init__(self, views: Views) -> None:
        self.views, self.names = views, views.names

    def lines(self, i: Collect) -> list[str]:
        """The lines of one instruction."""
        out = i.out
        groups = _by_place(i)
        note = shape_of(out)
        if together := self._together(out, groups):
            return statement(f"{self.names.result(out)} =", together.text, note)
        pairs, name = list(groups), self.names.result(out)
        place, parts = pairs[0]
        if place.whole and self._fills(parts, out) and all(self._sliced(p) for p, _ in pairs):
            first = self._total(parts)
            # Adding to another array, or to a view of one, would change it: copy it first.
            fresh = first.precedence < CALL or first.text.startswith("np.")
            fresh = fresh and not first.text.startswith("np.broadcast_to(")
            right = first.text + ".copy()" * (len(pairs) > 1 and not fresh)
            del pairs[0]
        else:
            # In row-major order, so that parts can be added to it when it is made flat.
            dtype = ", np.float32" if self.views.single else ""
            right = f"np.zeros({self.views.shape(out)}{dtype})"
        lines = statement(f"{name} =", right, note)
        lanes = np.concatenate([place.lanes().reshape(-1) for place in i.places])
        apart = len(np.unique(lanes)) == lanes.size
        for place, parts in pairs:
            for v in parts:
                lines += self._added(name, place, v, apart)
        return lines

    def _sliced(self, place: View) -> bool:
        """Whether slices of the array can express the place."""
        order = axis_order(place)
        if order is None or order != sorted(order):
            return False
        return self.views.slices(place) is not None

    def _total(self, parts: Sequence[View]) -> Text:
        """The sum of parts for one place."""
        return summed([self.views.load(v) for v in parts])

    def _fills(self, parts: Sequence[View], out: Array) -> bool:
        return all(v.array.batched == out.batched and v.array.literal() is None for v in parts)

    def _together(self, out: Array, groups: Sequence[tuple[View, list[View]]]) -> Text | None:
        """Parts that lie side by side along one axis, stacked or joined."""
        found = [self._slab(place) for place, _ in groups]
        if not out.shape or len(groups) < 2 or not all(found):
            return None
        slabs = sorted((s, k) for k, s in enumerate(found) if s)
        axes = {s[0] for s, _ in slabs}
        ends = [0, *(s[2] for s, _ in slabs)]
        axis = min(axes)
        if len(axes) > 1 or [s[1] for s, _ in slabs] != ends[:-1] or ends[-1] != out.shape[axis]:
            return None
        if not all(self._fills(parts, out) for _, parts in groups):
            return None
        single = all(s[3] for s, _ in slabs)
        texts = []
        for slab, k in slabs:
            text = self._total(groups[k][1])
            if slab[3] and not single:
                return None
            texts.append(text.text)
        last = axis + 1 == len(out.shape)
        function = "stack" if single else "concatenate"
        where = "-1" if last else str(axis + out.batched)
        if where == "0" or (where == "-1" and len(out.shape) + out.batched == 1):
            return Text(f"np.{function}([{', '.join(texts)}])")
        return Text(f"np.{function}([{', '.join(texts)}], axis={where})")

    def _slab(self, place: View) -> tuple[int, int, int, bool] | None:
        """(axis, first, end, whether it is one index), if a place is whole along other axes."""
        shape, strides = place.array.shape, row_major(place.array.shape)
        for axis in range(len(shape)):
            step = strides[axis]
            rest = shape[:axis] + shape[axis + 1 :]
            other = strides[:axis] + strides[axis + 1 :]
            if place.index is not None or not step:
                continue
            first, odd = divmod(place.offset, step)
            if odd:
                continue
            if place.shape == rest and place.strides == other:
                return (axis, first, first + 1, True)
            if len(place.shape) == len(shape):
                n = place.shape[axis]
                others = place.shape[:axis] + place.shape[axis + 1 :]
                theirs = place.strides[:axis] + place.strides[axis + 1 :]
                fits = first + n <= shape[axis] and place.strides[axis] == (step if n > 1 else 0)
                if others == rest and theirs == other and fits:
                    return (axis, first, first + n, False)
        return None

    def _added(self, name: str, place: View, v: View, apart: bool) -> list[str]:
        """One part added in its place; or set there, if no two parts meet: 0.0 + -0.0 is 0.0."""
        out, dialect = place.array, self.views.dialect
        change = dialect.put if apart else dialect.add
        if self._sliced(place):
            where, x = self.views.slices(place) or "", self.views.load(v).text
            return change(self.views.target(out), where, x, shape_of(v.array))
        if dialect.in_place and (windows := self._windows(name, place, v)):
            return windows
        x, flat = self.views.load(v).text, self.views.target(out, flat=True)
        lanes, index = place.lanes(), self.views.flat_index(place)
        if len(np.unique(lanes)) == lanes.size:
            return change(flat, f":, {index}" if out.batched else index, x)
        return dialect.add_at(flat, f"(slice(None), {index})" if out.batched else index, x)

    def _windows(self, name: str, place: View, v: View) -> list[str]:
        """Overlapping windows, added offset by offset."""
        if place.index is not None or len(place.array.shape) != 1 or len(place.shape) != 2:
            return []
        axis = int(place.shape[1] < place.shape[0])
        (n, step), (count, stride) = ((place.shape[a], place.strides[a]) for a in (1 - axis, axis))
        if min(step, stride) < 1:
            return []
        first = " + ".join(
            s for s in (str(place.offset or ""), "k" if stride == 1 else f"{stride} * k") if s
        )
        end = place.offset + (n - 1) * step + 1
        last = f"k + {end}" if stride == 1 else f"{stride} * k + {end}"
        target = f"{first} : {last}" + (f" : {step}" if step > 1 else "")
        rows = ":, " * place.array.batched
        source, lines = self.views.load(v), []
        if not source.text.isidentifier():
            part = self.names.free("e1")
            lines, source = statement(f"{part} =", source.text, "each window"), Text(part)
        column = ":, " * v.array.batched + (":, k" if axis else "k")
        return [
            *lines,
            f"for k in range({count}):",
            f"{INDENT}{name}[{rows}{target}] += {source.text}[{column}]",
        ]


def _by_place(i: Collect) -> list[tuple[View, list[View]]]:
    """The parts for each place. The whole array comes first."""
    groups: dict[bytes, tuple[View, list[View]]] = {}
    for place, v in zip(i.places, i.parts):
        key = repr(place.shape).encode() + place.lanes().tobytes()
        groups.setdefault(key, (place, []))[1].append(v)
    return sorted(groups.values(), key=lambda group: not group[0].whole)


def straight(place: View, v: View) -> tuple[View, View]:
    """A place and its part, both turned so that the place runs forward."""
    if place.index is not None or v.index is not None or 0 in place.strides:
        return place, v
    axes = sorted(range(len(place.shape)), key=lambda a: -abs(place.strides[a]))
    place, v = (turned(x, axes) for x in (place, v))
    for axis, stride in enumerate(place.strides):
        if stride < 0:
            place, v = _backward(place, axis), _backward(v, axis)
    return _joined(place, v)


def _joined(place: View, v: View) -> tuple[View, View]:
    """A place and its part, with one axis for all that run along one axis of the array."""
    shape, strides = list(place.shape), list(place.strides)
    outer = row_major(place.array.shape)
    for axis in range(len(shape) - 2, -1, -1):
        ends = shape[axis] * strides[axis]
        along = [s for s in outer if s and s <= strides[axis + 1]]
        inside = along and any(ends == s or (s > ends) for s in outer if s > max(along))
        if strides[axis] == shape[axis + 1] * strides[axis + 1] and inside:
            shape[axis : axis + 2] = [shape[axis] * shape[axis + 1]]
            strides[axis : axis + 2] = [strides[axis + 1]]
    if len(shape) == len(place.shape):
        return place, v
    joined = View(place.array, tuple(shape), place.offset, tuple(strides))
    return joined, view(v.array, v.lanes().reshape(shape))


def _backward(v: View, axis: int) -> View:
    """A view reversed along one axis."""
    strides = [-s if a == axis else s for a, s in enumerate(v.strides)]
    return View(v.array, v.shape, v.offset + v.strides[axis] * (v.shape[axis] - 1), tuple(strides))
