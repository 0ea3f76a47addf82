"""One name for each node of a graph, the same in every view."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import count

from autograd.names.written import displayed, pictured
from autograd.value import Value, is_constant


class NodeNames:
    """Distinct names for the nodes of a graph: given names first, then labels, then numbers.

    An output without a name is ``out``, and each other node without one ``v1``, ``v2`` and so on in
    reading order. A plain number is ``c1``, ``c2``; formulas write the number itself. Where two
    names would be the same, the later node gets ``h#2``, ``h#3`` and so on.

    Args:
        nodes: the graph in reading order.
        given: names that take precedence over labels.
        proposed: names for those that have neither.
        others: values that are not in the graph, and need names too.
    """

    def __init__(
        self,
        nodes: Sequence[Value],
        given: Mapping[Value, str] | None = None,
        proposed: Mapping[Value, str] | None = None,
        others: Sequence[Value] = (),
    ) -> None:
        self._of: dict[Value, str] = {}
        self._used: set[str] = set()
        self._repeats: dict[str, int] = {}
        every = [*nodes, *others]
        labels = {node: str(node.label) for node in every if node.label}
        for names in given or {}, labels, proposed or {}:
            for node in every:
                if node not in self._of and node in names:
                    self._give(node, names[node])
        self._written = set(self._of)
        if nodes[-1] not in self._of and "out" not in self._used:
            self._give(nodes[-1], "out")
        fresh = {letter: self._free(letter) for letter in "vc"}
        for node in every:
            if node not in self._of:
                self._of[node] = next(fresh["c" if is_constant(node) else "v"])

    def __getitem__(self, node: Value) -> str:
        return self._of[node]

    def __contains__(self, node: Value) -> bool:
        """Whether formulas write the node by its name, and not as its number or operation."""
        return node in self._written

    def write(self, node: Value) -> None:
        """Let formulas write a node by its name, even if that was made up."""
        self._written.add(node)

    @cached_property
    def pictured(self) -> dict[Value, str]:
        """The name of each node as short as a picture needs it, and still distinct."""
        short = {node: pictured(name) for node, name in self._of.items()}
        uses = Counter(short.values())
        return {node: name if uses[name] == 1 else self._of[node] for node, name in short.items()}

    def _give(self, node: Value, name: str) -> None:
        """Name a node; a taken name gets a number, and so does one that a terminal shows alike."""
        candidate = name
        while displayed(candidate) in self._used:
            self._repeats[name] = self._repeats.get(name, 1) + 1
            candidate = f"{name}#{self._repeats[name]}"
        self._used.add(displayed(candidate))
        self._of[node] = candidate

    def _free(self, letter: str) -> Iterator[str]:
        """v1, v2 and so on, without names that are taken."""
        return (f"{letter}{i}" for i in count(1) if f"{letter}{i}" not in self._used)
