"""What the browser may do in the playground: its content security policy.

A frame in which a result is shown inherits the policy. So no script runs there but those of our own
pages, whose hashes stand in it, whatever a program puts into its labels, texts and pictures.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from autograd import Value, page
from autograd.page.inline import content_hash
from nn import MLP, SGD, half_squared_error, training_page

SCRIPT_OF_A_PAGE = re.compile(r"script-src '(sha256-[^']+)'")


def policy(inline: Iterable[str] = ()) -> str:
    """The policy of a playground with these scripts inside its page, beside those in its folder."""
    scripts = " ".join(f"'{each}'" for each in (*_of_pages(), *map(content_hash, inline)))
    return "; ".join(
        (
            "default-src 'none'",
            # Python itself is WebAssembly.
            f"script-src 'self' 'wasm-unsafe-eval' {scripts}",
            "worker-src blob:",
            # Only numpy, when a program first imports it, comes from a network.
            "connect-src data: blob: https://cdn.jsdelivr.net/pyodide/",
            # The editor and pictures make styles as they go.
            "style-src 'self' 'unsafe-inline'",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def _of_pages() -> list[str]:
    """The hashes of the scripts of a page, and of one that learns."""
    model = MLP(1, [1])
    loss = lambda x, t: half_squared_error(model(x), t)
    learns = training_page(model, loss, [[0.5]], [[0.5]], SGD(model.parameters(), lr=0.1))
    return [_script(made.source) for made in (page(Value(1.0)), learns)]


def _script(source: str) -> str:
    found = SCRIPT_OF_A_PAGE.search(source)
    assert found, "a page names the hash of its script"
    return found[1]
