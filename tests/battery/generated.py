"""Cases that hypothesis generates and, where one fails, makes as small as it can."""

from collections.abc import Callable
from typing import TypeVar

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.strategies import SearchStrategy

T = TypeVar("T")


def check_all(
    i: int, strategy: SearchStrategy[T], check: Callable[[T], None], examples: int
) -> None:
    """Call ``check`` with this many examples, always the same for case i. The smallest that it
    raises for is the one that it raises for."""

    @seed(i)
    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.shrink],
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def run(example: T) -> None:
        check(example)

    run()
