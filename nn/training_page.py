"""``training_page``: a page in which a network learns in front of the reader.

The page's program knows nothing of ``nn``. It gets the graph of one row's loss, which holds for all
rows; where inputs, targets and parameters stand in it; the optimiser's update, traced like a rule;
the rows; and how first weights are drawn. From these it computes whatever ``fit`` computes.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from autograd.compiler.algebra import GUARDS
from autograd.compiler.purity.streams import Streams
from autograd.compiler.recording.observe import CompileError
from autograd.compiler.recording.record import Guard, Recording, record
from autograd.nodes.order import reading_order
from autograd.operand import traced
from autograd.page import Page
from autograd.page.export import exported
from autograd.page.program import PageProgram, Traced, Tracing, encoded, run_steps
from autograd.page.write import page_that_learns
from autograd.value import Value, topological_order
from nn.arguments import Rows
from nn.module import Module
from nn.neuron import Neuron
from nn.optim import Optimizer
from nn.own_rules import overridden
from nn.plan import rows_in_pairs

MOST_NODES = 2000  # a page of some 400 kB
MOST_ROWS = 5000


def training_page(
    model: Module,
    loss: Callable[[list[float], list[float]], Value],
    X: Any,
    T: Any,
    optimizer: Optimizer,
    path: str | os.PathLike[str] | None = None,
) -> Page:
    """A page in which a reader trains the model, step by step or at full speed.

    It is one HTML file that works from disk, without a network. It computes all by itself, and a
    step there is a step of ``fit`` here, to rounding. The reader sees the loss fall; with two
    inputs also the border that the model draws, with two parameters the surface of the loss; and
    for each row and step the graph with all lessons of ``page``. The reader may move, add and
    delete rows, and change the optimiser's settings. Weights of Neurons can be drawn anew by seed:
    seed 7 gives what ``MLP(..., seed=7)`` has at first. Nothing is changed here.

    Args:
        model: names the parameters; what it returns within the loss is shown as its outputs.
        loss: ``loss(x, t)`` of one row, as for ``fit``. Its graph must be the same for all rows.
        X: the inputs, of shape (rows, n), as for ``fit``.
        T: the targets, of shape (rows, m).
        optimizer: moves the parameters; its settings and memories of now are those at step 0.
        path: where to save the page, as in ``Page.save``. Left out, nothing is written.

    Returns:
        A Page, which a notebook shows by itself and ``save`` writes to a file.

    Raises:
        TypeError: the arguments are in another order, or a row holds no numbers.
        ValueError: X and T differ in rows, or there are too many; the graph is too large to be
            read; or the loss reaches no parameter of the optimiser.
        CompileError: the loss or the update cannot be written down once for all rows and steps.
    """
    if not isinstance(model, Module) or not callable(loss) or not isinstance(optimizer, Optimizer):
        given = ", ".join(type(x).__name__ for x in (model, loss, X, T, optimizer))
        raise TypeError(
            f"expected training_page(model, loss, X, T, optimizer), where loss(x, t) is the loss "
            f"of one row; got training_page({given})"
        )
    inputs, targets = rows_in_pairs("X", X, "T", T)
    if len(inputs) > MOST_ROWS:
        raise ValueError(
            f"a page has at most {MOST_ROWS:,} rows; got {len(inputs):,}: take some of them, such "
            "as X[::10]"
        )
    made = page_that_learns(*_handed_over(model, loss, inputs, targets, optimizer))
    if path is not None:
        made.save(path)
    return made


def _handed_over(
    model: Module, loss: Callable[..., Value], inputs: Rows, targets: Rows, optimizer: Optimizer
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The graph of the loss of row 0, and what the page needs to learn with it."""
    recording = record(loss, [inputs[0], targets[0]])
    if not recording.single:
        raise CompileError("the loss must be one Value")
    rows = [inputs[i] + targets[i] for i in range(len(inputs))]
    checks = _checks(recording, rows)
    leaves, y, outputs = _graph(model, loss, inputs, targets)
    nodes = reading_order(y)  # as the page has them
    if len(nodes) > MOST_NODES:
        raise ValueError(
            f"the loss of one row has {len(nodes):,} nodes, and a page has at most "
            f"{MOST_NODES:,}: take a smaller model, or shorter rows"
        )
    graph = exported(y, model)
    _check_operations(graph)
    _shorten(graph)
    place = {id(node): i for i, node in enumerate(nodes)}
    moved = _moved(nodes, optimizer)
    parameters = [optimizer.parameters[i] for i in moved]
    return graph, {
        "inputs": [place.get(id(x), -1) for x in leaves[0]],
        "targets": [place.get(id(t), -1) for t in leaves[1]],
        "outputs": [place[id(v)] for v in outputs if id(v) in place],
        "parameters": [place[id(p)] for p in parameters],
        "rows": [[encoded(float(x)) for x in row] for row in rows],
        "checks": checks,
        "optimizer": _optimizer(optimizer, moved),
        "first": _first_weights(model, parameters),
    }


# --- the loss ---


def _graph(
    model: Module, loss: Callable[..., Value], inputs: Rows, targets: Rows
) -> tuple[list[list[Value]], Value, list[Value]]:
    """The leaves that stand for a row, the loss of that row, and what the model returned."""
    xs = [Value(float(x), f"x[{i}]") for i, x in enumerate(inputs[0])]
    ts = [Value(float(t), f"t[{i}]") for i, t in enumerate(targets[0])]
    for leaves, name in (xs, "x"), (ts, "t"):
        if len(leaves) == 1:
            leaves[0].label = name
    with _returned_by(model) as returned:
        y = loss(list(xs), list(ts))
    y.label = y.label or "loss"
    every = [r if isinstance(r, (list, tuple)) else [r] for r in returned]
    outputs = every[0] if len(every) == 1 else []
    return [xs, ts], y, [v for v in outputs if isinstance(v, Value)]


@contextmanager
def _returned_by(model: Module) -> Iterator[list[Any]]:
    """A list of what the calls of this model return within."""
    kind, returned = type(model), []
    own = "__call__" in vars(kind)
    call = kind.__call__

    def noted(self: Any, *arguments: Any, **named: Any) -> Any:
        result = call(self, *arguments, **named)
        if self is model:
            returned.append(result)
        return result

    kind.__call__ = noted  # type: ignore[method-assign]
    try:
        yield returned
    finally:
        if own:
            kind.__call__ = call  # type: ignore[method-assign]
        else:
            del kind.__call__


def _check_operations(graph: dict[str, Any]) -> None:
    for op in graph["ops"]:
        if op["forward"] is None:
            raise CompileError(
                f"the operation {op['name']!r} is Python code that a page cannot run: write its "
                "value and its derivatives with + - * / ** and the operations of autograd"
            )


def _shorten(graph: dict[str, Any]) -> None:
    """Leave out digits of what the page computes again before it shows it."""
    for entry in graph["nodes"]:
        if "op" in entry:
            entry["data"] = _short(entry["data"])
            entry["partials"] = [_short(x) for x in entry["partials"]]


def _short(x: float | str) -> float | str:
    return x if isinstance(x, str) else float(f"{x:.3g}")


def _moved(nodes: Sequence[Value], optimizer: Optimizer) -> list[int]:
    """Which of its parameters the optimiser moves: those in the graph."""
    there = set(nodes)
    moved = [i for i, p in enumerate(optimizer.parameters) if p in there]
    if not moved:
        raise ValueError(
            "the loss reaches no parameter of the optimiser, so nothing can be learned: give the "
            "optimiser the parameters of the model that the loss uses"
        )
    return moved


# --- comparisons in the loss ---


def _checks(recording: Recording, rows: Sequence[Sequence[float]]) -> dict[str, Any]:
    """What the loss asked of the numbers of a row, as a program that any row can be given.

    Raises:
        CompileError: an answer hangs on a parameter, or is not the same for all rows.
    """
    leaves = [leaf for row in recording.inputs for leaf in row]
    tracing = Tracing(len(leaves))
    known: dict[Value, Any] = dict(zip(leaves, tracing.given))
    names: dict[Any, str] = {op: name for name, op in GUARDS.items()}
    asked: dict[Any, str] = {}
    results = []
    for guard in recording.guards:
        pair = [_in_terms_of_the_row(v, known, recording, guard) for v in (guard.a, guard.b)]
        question = names[guard.failure.op], *(getattr(x, "place", x) for x in pair)
        if question not in asked:
            asked[question] = guard.line()
            results += pair
    program = tracing.program(results)
    kinds = [kind for kind, *_ in asked]
    for i, row in enumerate(rows):
        numbers = run_steps(program, [float(x) for x in row])
        for kind, line, a, b in zip(kinds, asked.values(), numbers[::2], numbers[1::2]):
            if GUARDS[kind].forward(a, b):
                raise CompileError(
                    f"row {i} takes another path than row 0, at {line}: a training page needs one "
                    "graph for all rows; use maximum, minimum, sign or abs instead of a branch"
                )
    return {"program": program, "kinds": kinds}


def _in_terms_of_the_row(
    end: Value, known: dict[Value, Any], recording: Recording, guard: Guard
) -> Any:
    """A number that the loss compared, computed from the leaves of the row."""
    parameters = set(recording.parameters)
    for v in topological_order(end):
        if v in known:
            continue
        if v in parameters:
            raise CompileError(
                f"the loss branches on a number that learning changes, at {guard.line()}: a "
                "training page needs one graph for all steps; use maximum, minimum, sign or abs "
                "instead of a branch"
            )
        xs = [known[x] for x in v.inputs]
        if v.op is None:
            known[v] = v.data
        elif any(isinstance(x, Traced) for x in xs):
            known[v] = Traced.apply_op(v.op, xs)
        else:
            known[v] = v.op.compute(xs)
    return known[end]


# --- the optimiser ---


def _optimizer(optimizer: Optimizer, moved: Sequence[int]) -> dict[str, Any]:
    """Its settings, its memories, and its update as a program.

    Raises:
        CompileError: the update cannot be written down once for all steps.
    """
    kind = type(optimizer).__name__
    if own := overridden(optimizer):
        raise CompileError(own.replace("compiled training", "a page"))
    if optimizer.is_scheduled:
        raise CompileError(
            "lr is a function of the step, and a page cannot call it: set lr to a number; the "
            "reader can change it"
        )
    optimizer.check_settings()
    streams = Streams()
    update = _update(optimizer, {})
    if streams.moved():
        raise CompileError(f"{kind}.update draws random numbers, and a page would draw none")
    kept = [getattr(optimizer, name) for name in optimizer.memories]
    return {
        "name": kind,
        "settings": [{"name": name, "number": x} for name, x in _settings(optimizer)],
        "memories": list(optimizer.memories),
        "numbers": [[encoded(memory[i]) for i in moved] if any(memory) else [] for memory in kept],
        "update": update,
    }


def _settings(optimizer: Optimizer) -> list[tuple[str, float]]:
    """Each setting that is a number, or several, with its name."""
    found: list[tuple[str, float]] = []
    for name in optimizer.settings:
        x = getattr(optimizer, name)
        if isinstance(x, float):
            found.append((name, x))
        elif isinstance(x, (tuple, list)) and x and all(isinstance(part, float) for part in x):
            found += [(f"{name}[{i}]", part) for i, part in enumerate(x)]
    return found


class _Undecided(Exception):
    """The update asks whether a setting is 0."""

    def __init__(self, setting: int) -> None:
        super().__init__()
        self.setting = setting


class _Setting(Traced):
    """A setting, which the reader can change. An update may ask whether it is 0."""

    def __init__(self, tracing: Tracing, place: int, setting: int, known: dict[int, bool]) -> None:
        super().__init__(tracing, place)
        self.setting, self.known = setting, known

    def __bool__(self) -> bool:  # type: ignore[override]
        if self.setting not in self.known:
            raise _Undecided(self.setting)
        return self.known[self.setting]


def _update(optimizer: Optimizer, known: dict[int, bool]) -> dict[str, Any] | PageProgram:
    """The update as a program of parameter, gradient, memories and settings; where it depends on
    whether a setting is 0, {"setting": which, "zero": one update, "other": another}.

    Args:
        known: for each setting whether it is other than 0, where that was asked.
    """
    memories, settings = len(optimizer.memories), [name for name, _ in _settings(optimizer)]
    tracing = Tracing(2 + memories + len(settings))
    twin = copy.copy(optimizer)
    given: dict[str, Any] = {}
    for i, name in enumerate(settings):
        place = 2 + memories + i
        setting = _Setting(tracing, place, i, known)
        given.setdefault(name.partition("[")[0], []).append(setting)
    for name, parts in given.items():
        several = isinstance(getattr(optimizer, name), (tuple, list))
        setattr(twin, name, tuple(parts) if several else parts[0])
    try:
        with traced():
            return tracing.program(twin.checked(twin.update(*tracing.given[: 2 + memories])))
    except _Undecided as question:
        i = question.setting
        return {
            "setting": i,
            "zero": _update(optimizer, {**known, i: False}),
            "other": _update(optimizer, {**known, i: True}),
        }
    except Exception as error:  # it may be any Python
        raise CompileError(
            f"{type(optimizer).__name__}.update cannot be written down for a page, whose reader "
            f"can change every setting: {error}"
        ) from error


# --- first weights ---


def _first_weights(model: Module, parameters: Sequence[Value]) -> list[dict[str, Any]]:
    """How Neurons draw their weights, in order: where these stand among the parameters (-1 for one
    that stays), how far from 0 they may be, and where the bias stands, which starts at 0."""
    place = {p: i for i, p in enumerate(parameters)}
    return [
        {
            "weights": [place.get(w, -1) for w in neuron.weights],
            "reach": neuron.reach,
            "bias": place.get(neuron.bias, -1) if neuron.bias is not None else -1,
        }
        for neuron in model.modules()
        if isinstance(neuron, Neuron)
    ]
