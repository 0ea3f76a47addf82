"""A program as loops: the Python source that Numba compiles.

A function goes through the rows of a batch in blocks, and runs every instruction over a whole
block (``native_blocks``); or through the rows one by one. Sizes of long loops stand in the source
as numbers, so that LLVM vectorises; those of short ones do not, for LLVM would unroll them first.

What does not depend on the rows is computed before them; what sums over them is added up block by
block, and what follows from such sums comes after.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from autograd import ops
from autograd.compiler.native.blocks import (
    Blocks,
    Clear,
    Each,
    Form,
    LogSum,
    Place,
    Product,
    RowCount,
    Step,
)
from autograd.compiler.native.loops import (
    Group,
    Lines,
    Memory,
    NotNative,
    clear,
    log_sum,
)
from autograd.compiler.native.product import ProductLoops
from autograd.compiler.program import (
    Array,
    Collect,
    Contract,
    Indices,
    Map,
    Program,
    Reduce,
    Scatter,
    Take,
    View,
    row_major,
    whole,
)
from autograd.compiler.stages.trace import INPUT, PARAMETER

__all__ = ["Layout", "NotNative", "Source", "choose_form", "write"]

# Longer programs would keep Numba busy for minutes.
MOST_INSTRUCTIONS = 400

# Rows whose arrays all have so few lanes lie side by side.
FEW_LANES = 32

# Numbers that all scratch arrays of a block should hold at most.
NUMBERS_A_BLOCK = 16_384

# Bytes of scratch memory on the stack.
MOST_ON_STACK = 1 << 18

# Arguments of fewer numbers are not searched for zeros.
WORTH_SKIPPING = 16

BEFORE, ROW, UPDATE, AFTER = range(4)


@dataclass
class Layout:
    """Where each block of parameters begins in the vectors of native code: at multiples of 8.

    Attributes:
        base: for each block.
        size: of such a vector.
    """

    base: dict[Array, int]
    size: int

    @staticmethod
    def of(arrays: Sequence[Array]) -> Layout:
        """One array after the other."""
        base, size = {}, 0
        for array in arrays:
            base[array] = size
            size += -(-max(array.size, 1) // 8) * 8
        return Layout(base, size)


@dataclass
class Source:
    """The parts of a native function.

    Attributes:
        form: how the rows lie in memory.
        widths: of the arguments.
        setup: lines before everything: scratch arrays.
        clear: sums over rows set to 0.
        before: what does not depend on the row.
        load: arguments that lie in scratch memory, and the lists of what is not 0 in them.
        row: one block, of ``rows`` rows, or one row.
        updates: what is added to sums over rows, and to gradients (in ``row`` if there are blocks).
        after: what follows from sums over rows.
        copied: arguments that lie in scratch memory ``A0``, turned if the rows are last.
        used: names of the elementary functions in use.
        gathers: index arrays, which the function gets as one.
        factors: the arrays that gradients are products of, as (name, first, size).
        direct: whether all gradients are sums over rows alone, of nothing that depends on
            parameters: then each row can have its step at once.
    """

    form: Form
    widths: list[int]
    setup: Lines = field(default_factory=list)
    clear: Lines = field(default_factory=list)
    before: Lines = field(default_factory=list)
    load: Lines = field(default_factory=list)
    row: Lines = field(default_factory=list)
    updates: Lines = field(default_factory=list)
    after: Lines = field(default_factory=list)
    copied: list[int] = field(default_factory=list)
    used: set[str] = field(default_factory=set)
    gathers: list[Indices] = field(default_factory=list)
    factors: list[tuple[str, int, int]] = field(default_factory=list)
    direct: bool = True


def choose_form(program: Program) -> Form:
    """Blocks of rows that fit the cache, the rows last where all arrays of a row are small."""
    if not program.arguments:
        return Form()
    sizes = [i.out.size for i in program.flat() if i.out.batched]
    last = max(sizes, default=1) <= FEW_LANES
    stored: set[Array] = set()
    for i in program.flat():
        if not isinstance(i, Map):
            stored.update(v.array for v in (*i.operands, whole(i.out)) if v.array.batched)
    lanes = sum(a.size for a in stored)
    rows = NUMBERS_A_BLOCK // max(lanes, 1)
    most = 1024 if last else 64
    return Form(max(32, min(most, rows // 8 * 8)), last)


def write(program: Program, form: Form, purpose: str) -> Source:
    """The loops of a program.

    Args:
        program: with gradients or without.
        form: how the rows lie in memory.
        purpose: "rows" stores the results of each row; the others add them to ``error``:
            "gradients", "train", and "descend", where each row has its step of descent.

    Raises:
        NotNative: it is too long, or has operations without a native form.
    """
    if len(program.flat()) > MOST_INSTRUCTIONS:
        raise NotNative(f"{len(program.flat())} instructions are too many to compile")
    if any(isinstance(i, Take | Scatter) for i in program.flat()):
        raise NotNative("it takes rows of a table")
    return _Writer(program, form, purpose).source


class _Writer:
    def __init__(self, program: Program, form: Form, purpose: str) -> None:
        self.program, self.form, self.purpose = program, form, purpose
        self.source = Source(form, [a.size for a in program.arguments])
        self.memory = Memory()
        self.training = purpose in ("train", "descend")
        self.made_by = {i.out: i for i in program.flat()}
        self.section: dict[Array, int] = {}
        self.skipped: set[Array] = set()
        self.sparse: dict[Array, str] = {}
        self._place_sections()
        self._copied_arguments()
        outside = {a for k, a in enumerate(program.arguments) if k not in self.source.copied}
        self.values = Array((program.outputs.size,), INPUT)
        self.failures = Array((), INPUT)
        self.by_inputs = {a: Array(a.shape, INPUT) for a in program.arguments}
        outside |= {self.values, self.failures, *self.by_inputs.values()}
        self.blocks = Blocks(form, outside)
        self._name_leaves()
        self.steps: list[tuple[int, Step]] = []
        self._gradients()
        self._all_steps()
        self._name_scratch()
        self._find_sparse()
        self._emit()
        self.source.used, self.source.gathers = self.memory.used, self.memory.gathers

    # --- what goes where ---

    def _place_sections(self) -> None:
        """Before the rows, in each, at its end, or after all: where each instruction goes."""
        for i in self.program.flat():
            latest = max((self.section.get(v.array, BEFORE) for v in i.operands), default=BEFORE)
            if i.out.batched:
                section = ROW
                if latest > ROW:
                    raise NotNative("what happens to a row depends on all rows")
            elif any(v.array.batched for v in i.operands) or getattr(i, "over_batch", False):
                section = UPDATE
            else:
                section = AFTER if latest >= UPDATE else BEFORE
            self.section[i.out] = section

    def _copied_arguments(self) -> None:
        """Arguments are read where they are; but those in the order of training are copied, a
        block at a time, and so are those that products turn."""
        if self.form.rows is None:
            return
        in_products = {v.array for i in self.program.products() for v in i.operands}
        self.source.copied = [
            k
            for k, a in enumerate(self.program.arguments)
            if self.training or (self.form.last and a.size > 1 and a in in_products)
        ]

    def _name_leaves(self) -> None:
        names = self.memory.names
        for number, array in enumerate(self.program.arguments):
            names[array] = (f"A{number}", 0)
            names[self.by_inputs[array]] = (f"D{number}", 0)
        names[self.values], names[self.failures] = ("values", 0), ("failures", 0)
        layout = Layout.of([b.array for b in self.program.blocks])
        self.gradient = {}
        for array, base in layout.base.items():
            names[array] = ("P", base)
            self.gradient[array] = Array(array.shape, PARAMETER)
            target = "P" if self.purpose == "descend" else "G"
            names[self.gradient[array]] = (target, base)
            self.memory.padded.add(array)
        constants = [a for a in self.program.constants if a.literal() is None]
        for array, base in Layout.of(constants).base.items():
            names[array] = ("C", base)
            self.memory.padded.add(array)

    # --- gradients ---

    def _gradients(self) -> None:
        """Let what only adds to a gradient add to its place in ``G`` at once."""
        uses: dict[Array, int] = {}
        for i in self.program.flat():
            for v in i.operands:
                uses[v.array] = uses.get(v.array, 0) + 1
        for v in self.program.ends():
            uses[v.array] = uses.get(v.array, 0) + 1
        self.uses = uses
        self.copies: list[tuple[Array, View]] = []
        for block in self.program.blocks:
            gradient = self.program.gradients.get(block.array)
            if gradient is None:
                continue
            target = self.gradient[block.array]
            if not self._into(gradient, target, None):
                self.copies.append((target, gradient))
        of_parameters = {block.array for block in self.program.blocks}
        for i in self.program.flat():
            late = self.section[i.out] in (UPDATE, AFTER)
            if late and any(o.array in of_parameters for o in i.operands):
                self.source.direct = False
        if self.copies or any(s == AFTER for a, s in self.section.items() if a not in self.skipped):
            self.source.direct = False

    def _into(self, v: View, target: Array, place: View | None) -> bool:
        """Note that ``v`` is added to a gradient, if that is all it is for."""
        if self._can_into(v):
            i = self.made_by[v.array]
            self.blocks.into[i.out] = place or View(target, i.out.shape, 0, row_major(i.out.shape))
            return True
        i_or_none = self.made_by.get(v.array)
        if i_or_none is None or not v.whole or self.uses[v.array] > 1 or place is not None:
            return False
        pairs: list[tuple[View, View | None]] = []
        if isinstance(i_or_none, Map) and i_or_none.op is ops.sum:
            pairs = [(part, None) for part in i_or_none.operands]
        elif isinstance(i_or_none, Collect):
            pairs = list(zip(i_or_none.parts, i_or_none.places))
        if not pairs or not all(self._can_into(part) for part, _ in pairs):
            return False
        for part, where in pairs:
            moved = None
            if where is not None:
                moved = View(target, where.shape, where.offset, where.strides, where.index)
            self._into(part, target, moved)
        self.skipped.add(v.array)
        return True

    def _can_into(self, v: View) -> bool:
        i = self.made_by.get(v.array)
        summing = isinstance(i, Contract) or (isinstance(i, Reduce) and i.op is ops.sum)
        return (
            i is not None
            and summing
            and v.whole
            and self.uses[v.array] == 1
            and (self.section[i.out] == UPDATE or not self.program.arguments)
        )

    # --- steps ---

    def _all_steps(self) -> None:
        for i in self.program.flat():
            if i.out in self.skipped:
                continue
            if i.out in self.blocks.into or self.section[i.out] == UPDATE:
                section = UPDATE if self.program.arguments else BEFORE
            else:
                section = self.section[i.out]
            self.steps += [(section, step) for step in self.blocks.steps(i)]
        for target, v in self.copies:
            section = max(self.section.get(v.array, BEFORE), BEFORE)
            self.steps.append(
                (
                    AFTER if self.program.arguments else section,
                    self.blocks.store(whole(target), v, True),
                )
            )
        self._results()

    def _results(self) -> None:
        program = self.program
        if self.purpose == "rows":
            v = program.outputs
            listed = v.index is not None
            flat = View(v.array, (v.size,), 0, (), v.lanes().reshape(-1)) if listed else v
            out = View(self.values, flat.shape, 0, row_major(flat.shape))
            self.steps.append((ROW, self.blocks.store(out, flat)))
        else:
            self._total("error", program.outputs)
        if program.failures is not None and self.training:
            self._total("failing", program.failures)
        elif program.failures is not None:
            self.steps.append((ROW, self.blocks.store(whole(self.failures), program.failures)))
        if self.purpose == "gradients":
            for array in program.arguments:
                if (v_or_none := program.gradients.get(array)) is not None:
                    target = whole(self.by_inputs[array])
                    self.steps.append((ROW, self.blocks.store(target, v_or_none)))

    def _total(self, name: str, v: View) -> None:
        """The sum over the rows of a block, added to a variable."""
        target = Array((), PARAMETER)
        self.memory.names[target] = (name, 0)
        self.memory.scalars.add(target)
        total = Reduce(target, ops.sum, v, over_batch=bool(self.program.arguments))
        (step,) = self.blocks.steps(total)
        assert isinstance(step, Product)
        step.fresh = False
        of_rows = step.left.shape
        if len(of_rows) == 1 and isinstance(of_rows[0], RowCount):
            # One number a row: the loop that makes it can add it up.
            at_all = Place(target, of_rows, 0, (0,))
            self.steps.append((ROW, Each(at_all, None, (step.left,), add=True)))
        else:
            self.steps.append((ROW, step))

    # --- memory ---

    def _name_scratch(self) -> None:
        """Names for what is computed; which of them need memory is known when all is written."""
        blocks = self.form.rows is not None
        for number, i in enumerate(self.program.flat()):
            if i.out in self.skipped or i.out in self.blocks.into:
                continue
            self.memory.names[i.out] = (f"s{number}", 0)
            self.memory.padded.add(i.out)
            if i.out.size == 1 and not (i.out.batched and blocks):
                self.memory.scalars.add(i.out)
        if blocks:
            self.memory.padded.update(self.program.arguments[k] for k in self.source.copied)

    def _allocate(self, arrays: Sequence[tuple[str, int]]) -> None:
        on_stack = 0
        for name, size in sorted(arrays, key=lambda a: a[1]):
            up = -(-size // 8) * 8
            on_stack += 8 * up
            if on_stack <= MOST_ON_STACK:
                self.source.setup.append(f"{name} = scratch({up})")
            else:
                self.source.setup.append(f"{name} = aligned({up}, P)")
            if up > size:
                self.source.setup += [f"for j in range({size}, {up}):", f"    {name}[j] = 0.0"]

    # --- zeros of arguments ---

    def _find_sparse(self) -> None:
        """The arguments whose zeros products may leave out."""
        arguments = self.program.arguments
        for _, step in self.steps:
            if not isinstance(step, Product) or self.form.last:
                continue
            for place, labels in ((step.left, step.labels[0]), (step.right, step.labels[1])):
                if place is None or place.array not in arguments:
                    continue
                if labels.strip("n") == "k" and place.array.size >= WORTH_SKIPPING:
                    self.sparse[place.array] = str(arguments.index(place.array))

    def _list_nonzero(self, array: Array, number: str) -> None:
        """The places of what is not 0, row by row, without a branch."""
        rows, width = self.form.rows or 1, array.size
        # One more, for the last place is written even where it is 0.
        self.source.setup.append(f"K{number} = integers({rows * width + 8})")
        self.source.setup.append(f"M{number} = integers({-(-rows // 8) * 8})")
        self.source.setup.append(f"few{number} = False")
        value = self.memory.at(Place(array, (width,), 0, (1,)), ["k"])
        if self.form.rows:
            value = f"A{number}[n * {width} + k]"
            start, span = f"n * {width} + ", "rows"
        else:
            start, span = "", "1"
        self.source.load += [
            "count = 0",
            f"for n in range({span}):",
            "    m = 0",
            f"    for k in range({width}):",
            f"        K{number}[{start}m] = k",
            f"        m += {value} != 0.0",
            f"    M{number}[n] = m",
            "    count += m",
            f"few{number} = 3 * count < {span} * {width}",
        ]

    # --- text ---

    def _emit(self) -> None:
        for array, number in self.sparse.items():
            self._list_nonzero(array, number)
        sections: dict[int, Lines] = {
            BEFORE: self.source.before,
            ROW: self.source.row,
            UPDATE: self.source.row if self.form.rows else self.source.updates,
            AFTER: self.source.after,
        }
        if not self.program.arguments and not self.training:
            sections = dict.fromkeys(sections, self.source.row)
        self._start_from_biases()
        items = _grouped(self.steps)
        readers: dict[Array, set[int]] = {}
        for _, item in items:
            for array in _read_by(item):
                readers.setdefault(array, set()).add(id(item))
        scratch: dict[str, int] = {}
        for section, item in items:
            if isinstance(item, Group):
                others = {a for a in item.made if readers.get(a, set()) - {id(item)}}
                lines = item.lines(self.memory, others)
                written = [a for a in item.made if a in others or item.members[0].add]
            else:
                lines = self._lines(item, section)
                written = [item.out.array]
            sections[section] += lines
            for array in written:
                name = self.memory.names[array][0]
                if name.startswith("s") and array not in self.memory.scalars:
                    scratch[name] = self.blocks.size(array)
        for k in self.source.copied:
            scratch[f"A{k}"] = self.blocks.size(self.program.arguments[k])
        self._allocate(list(scratch.items()))
        self._clear_sums()

    def _start_from_biases(self) -> None:
        """Let a product to which something is then added start from that."""
        readers: dict[Array, int] = {}
        for _, step in self.steps:
            for array in _read_by(step):
                readers[array] = readers.get(array, 0) + 1
        products = {s.out.array: s for _, s in self.steps if isinstance(s, Product) and s.fresh}
        known: set[Array] = set(self.memory.names) - set(self.made_by)
        kept: list[tuple[int, Step]] = []
        known_before: dict[Array, set[Array]] = {}
        for section, step in self.steps:
            known_before[step.out.array] = set(known) if step.out.array in products else set()
            known.add(step.out.array)
            if isinstance(step, Each) and step.op in (ops.sum, ops.add) and len(step.operands) == 2:
                for v, other in (step.operands, step.operands[::-1]):
                    product = products.get(v.array)
                    if (
                        product is not None
                        and product.start is None
                        and readers[v.array] == 1
                        and v.array is not other.array
                        and other.array in known_before[v.array]
                        and (v.strides, v.offset, v.shape) == _spot(product.out)
                        and (v.strides, v.offset, v.shape) == _spot(step.out)
                        and self.section[v.array] == section
                    ):
                        product.start, product.out = other, step.out
                        products[step.out.array] = product
                        known_before[step.out.array] = known_before[v.array]
                        break
                else:
                    kept.append((section, step))
                continue
            kept.append((section, step))
        self.steps = kept

    def _lines(self, step: Step, section: int) -> Lines:
        if isinstance(step, Product):
            into_gradient = step.out.array in self.gradient.values()
            update = "rate" if into_gradient and self.purpose == "descend" else ""
            if into_gradient:
                self._note_factors(step)
            return ProductLoops(self.memory, step, self.sparse, update).lines()
        if isinstance(step, LogSum):
            return log_sum(self.memory, step)
        assert isinstance(step, Clear)
        return clear(self.memory, step)

    def _note_factors(self, step: Product) -> None:
        for place in (step.left, step.right):
            if place is None or place.array.literal() is not None:
                continue
            name, base = self.memory.names[place.array]
            size = 0 if place.array in self.memory.scalars else place.array.size
            if (name, base, size) not in self.source.factors and not self._bounded(place.array):
                self.source.factors.append((name, base, size))

    def _bounded(self, array: Array) -> bool:
        """Whether no number in it can be large or not finite, if the error is finite."""
        i = self.made_by.get(array)
        return isinstance(i, Map) and i.op.name in ("tanh", "sigmoid")

    def _clear_sums(self) -> None:
        """Sums over rows that are no gradients start at 0."""
        for i in self.program.flat():
            if self.section[i.out] == UPDATE and i.out in self.memory.names:
                if i.out in self.blocks.into or i.out in self.skipped:
                    continue
                self.source.clear += clear(
                    self.memory, Clear(self.blocks.place(whole(i.out), False).lean())
                )


Item = tuple[int, "Group | Step"]


def _grouped(steps: Sequence[tuple[int, Step]]) -> list[Item]:
    """Steps in order, those at every place joined with the latest loop that can do them."""
    items: list[Item] = []
    made_at: dict[Array, int] = {}
    for section, step in steps:
        if not isinstance(step, Each):
            made_at[step.out.array] = len(items)
            items.append((section, step))
            continue
        # What is added to something comes after the zeros, or whatever is there.
        needed = (*step.operands, step.out) if step.add else step.operands
        earliest = max((made_at.get(v.array, -1) for v in needed), default=-1)
        for place in range(len(items) - 1, max(earliest, 0) - 1, -1):
            of_item, item = items[place]
            if of_item == section and isinstance(item, Group) and item.takes(step):
                item.append(step)
                made_at[step.out.array] = place
                break
        else:
            made_at[step.out.array] = len(items)
            items.append((section, Group(step, section)))
    return items


def _spot(v: Place) -> tuple[object, object, object]:
    return (v.strides, v.offset, v.shape)


def _read_by(step: Group | Step) -> set[Array]:
    if isinstance(step, Each):
        return {v.array for v in step.operands}
    if isinstance(step, Group):
        return {v.array for e in step.members for v in e.operands}
    if isinstance(step, Product):
        return {v.array for v in (step.left, step.right, step.start) if v is not None}
    return {step.operand.array} if isinstance(step, LogSum) else set()
