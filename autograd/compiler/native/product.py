"""Products of matrices, and sums, as loops in blocks that fit the registers.

The innermost loop runs over neighbours in memory. Either these are results, each a sum of vectors
times numbers (``out[i] += x * v[i]``), or they are terms, and each result is a dot product. Around
it four results and four terms are taken together, so that what is loaded is used several times.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from autograd.compiler.native.blocks import Clear, Place, Product, RowCount, text
from autograd.compiler.native.loops import Lines, Memory, clear, indented, loops
from autograd.compiler.program import Array


class ProductLoops:
    """Writes a product.

    Args:
        memory: the variables.
        step: what to compute.
        sparse: arguments with the lists of their numbers that are not 0 (see ``native_source``).
        update: where results are steps of descent, ``rate``, a variable; else "".
    """

    def __init__(
        self, memory: Memory, step: Product, sparse: dict[Array, str], update: str = ""
    ) -> None:
        self.memory, self.step, self.update = memory, step, update
        self.factors = [(step.left, step.labels[0])]
        if step.right is not None:
            self.factors.append((step.right, step.labels[1]))
        self.out, self.out_labels = step.out, step.labels[2]
        self.sizes: dict[str, int] = {}
        for place, labels in (*self.factors, (self.out, self.out_labels)):
            self.sizes.update(zip(labels, place.shape))
        self.summed = [c for c in self.sizes if c not in self.out_labels]
        self.sparse = sparse

    def lines(self) -> Lines:
        """The loops."""
        if not self.sizes:
            return self._cleared(True) + self._store({}, self._product({}))
        inner = max(self.sizes, key=self._score)
        plain = self._dots(inner) if inner in self.summed else self._vectors(inner)
        if (found := self._sparse_factor(inner)) is None:
            return plain
        name, which = found
        return [
            f"if {self._few(name, which)}:",
            *indented(self._over_nonzero(inner, name, which)),
            "else:",
            *indented(plain),
        ]

    # --- which loop is inside ---

    def _stride(self, which: tuple[Place, str], c: str) -> int:
        place, labels = which
        return place.stride(labels.index(c)) if c in labels else 0

    def _score(self, c: str) -> tuple[float, int]:
        factors = [self._stride(f, c) for f in self.factors]
        out = self._stride((self.out, self.out_labels), c)
        long = isinstance(self.sizes[c], RowCount) or self.sizes[c] >= 4
        if c in self.summed:
            score = 2.5 if all(s in (0, 1) for s in factors) else 0.0
        else:
            score = 3.0 if out == 1 and all(s in (0, 1) for s in factors) else 0.0
        score += 0.1 * sum(s == 1 for s in (*factors, out))
        return (score - 2.2 * (not long), min(self.sizes[c], 64))

    # --- results as neighbours ---

    def _vectors(self, inner: str) -> Lines:
        """``out[i] += x * v[i]``, several x and v at once."""
        scalars = [f for f in self.factors if inner not in f[1]]
        of_scalars = scalars[0][1] if scalars else ""
        of_vectors = "".join(labels for f, labels in self.factors if inner in labels)
        terms = max(self.summed, key=lambda c: self.sizes[c], default="")
        shared = [c for c in of_scalars if c in self.out_labels and c not in of_vectors]
        results = max(shared, key=lambda c: self.sizes[c], default="")
        tiles = {}
        if terms:
            size = self.sizes[terms]
            short = not isinstance(size, RowCount) and size <= 16
            tiles[terms] = size if short else 4
            if results:
                tiles[results] = 4 if tiles[terms] <= 4 else 1
            elif not short:
                tiles[terms] = 8 if isinstance(size, RowCount) else 4
        done = all(c in tiles and tiles[c] == self.sizes[c] for c in self.summed)
        outer = [c for c in self.out_labels if c != inner and c != results]
        outer += [c for c in self.summed if c != terms]
        # What is gone through again and again should be the smaller, results or vectors.
        last = (terms, results) if self._smaller(results, terms) else (results, terms)
        outer += [c for c in last if c]
        if self.update:
            tiles, done = dict.fromkeys(tiles, 1), not self.summed

        out = (self.out, self.out_labels)
        neighbours = self.out.index is None and self._stride(out, inner) == 1

        def body(tile: dict[str, int]) -> Lines:
            head, lines = [], []
            vectors: dict[str, str] = {}
            for a in range(tile.get(results, 1)):
                parts = []
                for b in range(tile.get(terms, 1)):
                    shift = {results: a, terms: b}
                    names = []
                    for number, factor in enumerate(self.factors):
                        read = self._read(factor, shift)
                        if inner in factor[1]:
                            name = vectors.setdefault(read, f"v{len(vectors)}")
                            if f"{name} = {read}" not in lines:
                                lines.append(f"{name} = {read}")
                        else:
                            name = f"x{a}_{b}_{number}"
                            head.append(f"{name} = {self._rated(read)}")
                        names.append(name)
                    parts.append(" * ".join(names))
                value = " + ".join(parts)
                if neighbours and tile.get(results, 1) > 1:
                    # Of slices LLVM finds out that they do not overlap, of sums of indices not.
                    head.append(f"o{a} = {self._row(inner, {results: a})}")
                    sign = "=" if self.step.fresh and done and not self.step.start else "+="
                    lines.append(f"o{a}[i_{inner}] {sign} {value}")
                else:
                    lines += self._store({results: a}, value, done, not scalars)
            return [
                *head,
                f"for i_{inner} in range({text(self.sizes[inner], True)}):",
                *indented(lines),
            ]

        return self._cleared(done) + self._nest(outer, tiles, body)

    def _smaller(self, results: str, terms: str) -> bool:
        return bool(results and terms) and self.sizes[results] < self.sizes[terms]

    # --- terms as neighbours ---

    def _dots(self, inner: str) -> Lines:
        """Sums of products of neighbours, four at once."""
        # More accumulators than four, and LLVM works on them one by one.
        mine = [c for c in self.out_labels if not isinstance(self.sizes[c], RowCount)]
        mine.sort(key=lambda c: (self.sizes[c] % 4 == 0, self.sizes[c]))
        tiles = dict.fromkeys(mine[-1:] or self.out_labels[:1], 4)
        done = self.summed == [inner]
        outer = [c for c in self.out_labels if c not in tiles]
        outer += [c for c in self.summed if c != inner] + list(tiles)

        def body(tile: dict[str, int]) -> Lines:
            shifts: list[dict[str, int]] = [{}]
            for c in tiles:
                shifts = [{**s, c: k} for s in shifts for k in range(tile[c])]
            lines = []
            reads: dict[str, str] = {}
            for place, shift in enumerate(shifts):
                names = []
                for factor in self.factors:
                    mine = {c: k for c, k in shift.items() if c in factor[1]}
                    read = self._read(factor, mine)
                    if read not in reads:
                        reads[read] = f"v{len(reads)}"
                        lines.append(f"{reads[read]} = {read}")
                    names.append(reads[read])
                lines.append(f"acc{place} += {' * '.join(names)}")
            return [
                *(f"acc{place} = 0.0" for place in range(len(shifts))),
                f"for i_{inner} in range({text(self.sizes[inner], True)}):",
                *indented(lines),
                *(
                    line
                    for place, shift in enumerate(shifts)
                    for line in self._store(shift, f"acc{place}", done)
                ),
            ]

        return self._cleared(done) + self._nest(outer, tiles, body)

    # --- zeros of arguments left out ---

    def _sparse_factor(self, inner: str) -> tuple[str, int] | None:
        """The argument whose zeros to leave out: its name and which factor it is."""
        for which, (place, labels) in enumerate(self.factors):
            if place.array in self.sparse and labels in ("k", "nk", "kn") and inner not in "nk":
                whole = place.shape[labels.index("k")] == place.array.size and not place.offset
                if whole and place.index is None and len(self.factors) == 2:
                    return self.sparse[place.array], which
        return None

    def _few(self, name: str, which: int) -> str:
        return f"few{name}"

    def _over_nonzero(self, inner: str, name: str, which: int) -> Lines:
        factor, other = self.factors[which], self.factors[1 - which]
        width = factor[0].array.size
        rows = "n" in self.sizes
        start = f"i_n * {width} + " if rows else ""
        outer = [c for c in self.sizes if c not in (inner, "k", "n")]
        body: Lines = [
            f"i_k = K{name}[{start}j]",
            f"x = {self._rated(self._read(factor, {}))}",
        ]
        innermost = [
            f"for i_{inner} in range({text(self.sizes[inner], True)}):",
            *indented(self._store({}, f"x * {self._read(other, {})}", False, False)),
        ]
        body += self._nest(outer, {}, lambda tile: innermost)
        lines = [f"for j in range(M{name}[{'i_n' if rows else '0'}]):", *indented(body)]
        if rows:
            lines = ["for i_n in range(rows):", *indented(lines)]
        return self._cleared(False) + lines

    # --- parts ---

    def _nest(
        self, outer: Sequence[str], tiles: dict[str, int], body: Callable[[dict[str, int]], Lines]
    ) -> Lines:
        """Loops over the outer labels, in steps of their tiles, and what remains one by one."""

        def level(rest: Sequence[str], tile: dict[str, int]) -> Lines:
            if not rest:
                return body(tile)
            c, *deeper = rest
            size, step = self.sizes[c], tiles.get(c, 1)
            lines: Lines = []
            if isinstance(size, RowCount):
                whole = f"rows // {step} * {step}" if step > 1 else "rows"
                parts = [(f"0, {whole}, {step}", step)] if step > 1 else [("rows", 1)]
                if step > 1:
                    parts.append((f"{whole}, rows", 1))
            else:
                step = min(step, size)
                whole_size = size // step * step
                parts = [(f"0, {whole_size}, {step}" if step > 1 else f"{whole_size}", step)]
                if whole_size < size:
                    parts.append((f"{whole_size}, {size}", 1))
            for span, width in parts:
                lines.append(f"for i_{c} in range({span}):")
                lines += indented(level(deeper, {**tile, c: width}))
            return lines

        return level(list(outer), {})

    def _cleared(self, done: bool) -> Lines:
        start = self.step.start
        if start is not None:
            return loops(self.out.shape, lambda at: self._started(start, at))
        if not self.step.fresh or done:
            return []
        return clear(self.memory, Clear(self.out))

    def _started(self, start: Place, at: list[str]) -> Lines:
        return [f"{self.memory.at(self.out, at)} = {self.memory.at(start, at)}"]

    def _read(self, factor: tuple[Place, str], shift: dict[str, int]) -> str:
        place, labels = factor
        return self.memory.at(place, [_shifted(c, shift) for c in labels])

    def _row(self, inner: str, shift: dict[str, int]) -> str:
        """The results along the innermost loop."""
        variables = [_shifted(c, shift) if c != inner else "0" for c in self.out_labels]
        name, lane = self.memory.at(self.out, variables)[:-1].split("[", 1)
        return f"{name}[{lane}:{lane} + {text(self.sizes[inner])}]"

    def _product(self, shift: dict[str, int]) -> str:
        return " * ".join(self._read(f, shift) for f in self.factors)

    def _rated(self, x: str) -> str:
        return f"{self.update} * {x}" if self.update else x

    def _store(
        self, shift: dict[str, int], value: str, done: bool = True, rated: bool = True
    ) -> Lines:
        """A result stored, or added."""
        target = self.memory.at(self.out, [_shifted(c, shift) for c in self.out_labels])
        if self.update:
            return [f"{target} -= {self._rated(f'({value})') if rated else value}"]
        return [
            f"{target} {'=' if self.step.fresh and done and not self.step.start else '+='} {value}"
        ]


def _shifted(c: str, shift: dict[str, int]) -> str:
    by = shift.get(c, 0)
    return f"i_{c} + {by}" if by else f"i_{c}"
