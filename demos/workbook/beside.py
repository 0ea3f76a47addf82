"""The student's derivatives of Problem 12 beside the engine's: as a table, and beside its page."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import NamedTuple

import autograd
from autograd import Value
from demos.workbook.outcomes import Outcome, alike
from nn import half_squared_error


class Row(NamedTuple):
    """A weight: its name, its derivative as the student has it, and as the engine has it."""

    name: str
    yours: Outcome
    engine: Outcome

    @property
    def right(self) -> bool:
        """Whether the two agree."""
        return alike(self.yours, self.engine)


def table(rows: Sequence[Row]) -> str:
    """Both numbers of each weight, as lines of text."""
    lines = [f"{'weight':<10}{'yours':>16}{'the engine':>16}"]
    lines += [
        f"{row.name:<10}{_number(row.yours):>16}{_number(row.engine):>16}"
        f"{'' if row.right else '   differs'}"
        for row in rows
    ]
    return "\n".join(lines)


def _number(outcome: Outcome) -> str:
    if outcome.error:
        return outcome.error
    return f"{outcome.value:.9f}" if isinstance(outcome.value, float) else str(outcome)


def page(rows: Sequence[Row]) -> str:
    """One HTML file: the table, and beside it the page on which the engine shows why."""
    body = "".join(
        f'<tr class="{"right" if row.right else "wrong"}"><th scope="row">{_text(row.name)}</th>'
        f"<td>{_text(_number(row.yours))}</td><td>{_text(_number(row.engine))}</td>"
        f"<td>{'agrees' if row.right else 'differs'}</td></tr>\n"
        for row in rows
    )
    right = sum(row.right for row in rows)
    source = autograd.page(problem_12()).source
    return PAGE.format(rows=body, right=right, all=len(rows), source=html.escape(source))


def _text(text: str) -> str:
    return html.escape(text)


def problem_12() -> Value:
    """The error of Problem 12 as the engine records it, with the names of sheet 9."""
    i = Value(0.5, "i")
    weights = {"w1": 1.0, "w2": 0.5, "w3": 2.0, "w4": 1.0}
    w1, w2, w3, w4 = (Value(number, name) for name, number in weights.items())
    h1, h2 = (w1 * i).tanh(), (w2 * i).tanh()
    o = (w3 * h1 + w4 * h2).tanh()
    E = half_squared_error(o, Value(0.0, "t"))
    h1.label, h2.label, o.label, E.label = "h1", "h2", "o", "E"
    E.backward()
    return E


PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Your backprop beside the engine</title>
<style>
:root {{ color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }}
body {{ margin: 0; display: grid; grid-template-columns: minmax(17rem, 24rem) 1fr; height: 100vh; }}
section {{ padding: 1rem; overflow: auto; }}
h1 {{ font-size: 1.2rem; margin: 0 0 .5rem; }}
table {{ border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .9rem; }}
th, td {{ padding: .25rem .4rem; text-align: right; font-weight: normal; }}
th:first-child, td:last-child {{ text-align: left; }}
thead th {{ border-bottom: 1px solid; }}
.right td:last-child {{ color: light-dark(#0b6b3a, #6fd39b); }}
.wrong td:last-child {{ color: light-dark(#b3261e, #ff9d94); font-weight: 600; }}
iframe {{ border: 0; width: 100%; height: 100%; }}
@media (max-width: 60rem) {{ body {{ grid-template-columns: 1fr; height: auto; }}
iframe {{ height: 90vh; }} }}
</style>
</head>
<body>
<section>
<h1>Your backprop beside the engine</h1>
<p>Problem 12: dE/dw for every weight. {right} of {all} agree.</p>
<table>
<thead><tr><th scope="col">weight</th><th scope="col">yours</th><th scope="col">the engine</th>
<th scope="col"><span></span></th></tr></thead>
<tbody>
{rows}</tbody>
</table>
<p>The other half of this page is the engine's. Step through its backward pass, and compare what
reaches each weight with yours. w1 leads from i to h1, w2 to h2, w3 from h1 to o, w4 from h2.</p>
</section>
<iframe title="Problem 12, step by step" sandbox="allow-scripts" srcdoc="{source}"></iframe>
</body>
</html>
"""
