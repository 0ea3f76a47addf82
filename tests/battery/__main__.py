"""The command: ``python -m tests.battery``."""

from __future__ import annotations

import argparse
import signal

from tests.battery import load
from tests.battery.running import run


def main() -> None:
    """Run the rows that the command line names, one after the other."""
    rows = load()
    parser = argparse.ArgumentParser(
        prog="python -m tests.battery",
        description=f"Runs rows of the battery and writes what they reach into tests/RESULTS.md. "
        f"Ctrl-C stops; the next call goes on from there. The full form of all rows takes "
        f"{sum(row.hours for row in rows.values()):.1f} hours on two cores.",
        epilog="\n".join(
            f"{n:3}  {row.title}: {row.full * row.per_case:,} {row.unit}, {row.hours:g} h"
            for n, row in rows.items()
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("row", type=int, nargs="*", choices=[*rows, []], metavar="ROW")
    amount = parser.add_mutually_exclusive_group()
    amount.add_argument("--full", action="store_true", help="all cases, not only the quick form's")
    amount.add_argument("--count", type=int, metavar="N", help="until N cases are reached")
    parser.add_argument("--again", action="store_true", help="from case 0, whatever was reached")
    given = parser.parse_args()
    for stop in signal.SIGINT, signal.SIGTERM:  # a shell's background command ignores the first
        signal.signal(stop, signal.default_int_handler)
    try:
        for number in given.row or rows:
            row = rows[number]
            run(number, row, given.count or (row.full if given.full else row.quick), given.again)
    except KeyboardInterrupt:
        print("stopped; the same command goes on from here")


if __name__ == "__main__":
    main()
