"""The playground in a browser: what a reader does in it, and what it says."""

import base64
import zlib

# In the place of Python, where a test is only about the face: ready at once, and silent.
SILENT = """startPython = (receive) => {
  setTimeout(() => receive({ type: "ready", seconds: 1 }));
  return { run: () => {}, stop: () => {} };
};"""

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True}


def write(tab, code):
    """Type a program in the place of what is there."""
    tab.locator(".cm-content").click()
    tab.keyboard.press("ControlOrMeta+a")
    tab.keyboard.press("Delete")
    tab.keyboard.insert_text(code)


def written(tab):
    return tab.evaluate("editor.text()")


def run(tab, code):
    """Type a program, run it, and wait for its end."""
    write(tab, code)
    tab.keyboard.press("Control+Enter")
    return ended(tab)


def state(tab):
    return tab.locator("#state").inner_text()


def becomes(tab, start):
    """Wait until the state starts like this; return it."""
    tab.wait_for_function(
        "start => document.getElementById('state').textContent.startsWith(start)", arg=start
    )
    return state(tab)


def ended(tab):
    """Wait for the end of a run; return the state."""
    tab.wait_for_function(
        "() => /^(Finished|Ended)/.test(document.getElementById('state').textContent)"
    )
    return state(tab)


def lines(tab):
    """What the console shows."""
    return tab.locator("#lines").inner_text()


def choose(tab, example):
    """Open a program of the menu."""
    tab.get_by_role("button", name="Examples").click()
    tab.locator("#examples").get_by_text(example, exact=True).click()


def shown(tab):
    """The page of the result in front."""
    return tab.frame_locator(".frame:not([hidden]) iframe")


def in_address(code):
    """What stands behind the # of a link to this program, in bytes."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(code) + packer.flush()
    return f"code=d.{base64.urlsafe_b64encode(packed).decode().rstrip('=')}"
