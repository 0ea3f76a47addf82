"""The checks of the workbook, as a program in the playground calls them."""

from __future__ import annotations

from autograd.page.write import Page
from demos import workbook

MOST = 3  # wrong answers that are told at once


def check(name: str, namespace: dict[str, object]) -> None:
    """Print what is right and what is not, and show the page beside the engine's, if there is one.

    Args:
        name: the name of a sheet or of a problem on it.
        namespace: the names of the program, ``globals()``.
    """
    results = workbook.check(name, namespace, print)
    wrong = list(dict.fromkeys(str(result) for result in results if not result.passed))
    if not wrong:
        print(f"{name}: all {len(results)} answers are right.")
    else:
        print("\n\n".join(wrong[:MOST]))
    if len(wrong) > MOST:
        print(f"\nHere are the first {MOST} of {len(wrong)} things that are not right yet.")
    if any(result.todo for result in results):
        return
    if source := workbook.page(name, namespace):
        Page(source, 0)  # the playground shows each page as soon as it is made
