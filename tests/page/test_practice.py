"""Practise in a browser: slips, the ladder, the bug, the sheet."""

import pytest

from autograd import Value
from autograd.page import page
from tests.page.browsing import box, numbers, predict, problem_12, tab_of

# --- slips ---

# Problem 12, by the name of a node: an answer, and words of the first explanation of it.
SLIPS = {
    "in": {
        0.5404: "right",
        0.540: "right",
        -0.5404: "lose a minus sign",
        0.4161: "forget the path through v",
        0.1243: "forget the path through v",
        0.6613: "forget the slopes at h",
        0.6558: "start at out and leave out dE/dout = 0.824",
        1.683: "forget the slope of tanh at out, which is 1 - out² = 0.321",
        0.6535: "forget the slope of tanh at h1, which is 1 - h1² = 0.7864",
        0.3279: "forget the slope of the square at v",
        0.2702: "forget the factor 2 in the slope of the square at v",
        1.081: "leave out the factor",
        0.3324: "leave out the factor w3 = 2 at v",
        0.7107: "take tanh itself for its slope everywhere: at h",
        0.0517: "multiply the paths with each other; paths add up",
        0.2917: "take the wrong sign for the path through v",
        0.3395: "give the value of E, not its derivative",
        0.5: "give the value of in, not the derivative by it",
        0.824: "give the derivative by out, not the one by in",
        5.404: "put the decimal point in the wrong place",
        17: None,
    },
    "w3": {
        0.1222: "right",
        0.5290: "multiply by w3 itself at v",
        0.4621: "stop at the local derivative of v",
        0.2645: "leave out the factor h1 = 0.4621 at v",
        0.3808: "forget the slope of tanh at out",
        0.0670: "write 1 - tanh in the place of 1 - tanh² at out",
    },
}
JUDGE = """([name, number]) => {
    const { place } = nodes.find((node) => node.name === name);
    const { right, slips } = judge(place, { number, slack: 0 }, recorded);
    return right ? ["right"] : slips;
}"""


@pytest.fixture(scope="module")
def tab_12(browser, tmp_path_factory):
    tab = browser.new_page()
    tab.goto(page(problem_12()).save(tmp_path_factory.mktemp("page") / "chain.html").as_uri())
    yield tab
    tab.close()


@pytest.mark.parametrize(
    ("name", "answer", "words"),
    [(name, answer, words) for name, cases in SLIPS.items() for answer, words in cases.items()],
)
def test_slips_are_named(tab_12, name, answer, words):
    told = tab_12.evaluate(JUDGE, [name, answer])
    assert told[0].startswith(words) if words else told == []
    assert len(told) <= 2


RUNGS = {  # kind, the node, the number of its input: answers, and words of the explanation
    ("local", "h1", 0): {0.7864: "right", 1: "forget the slope", 0.4621: "take tanh itself"},
    ("local", "out", 0): {0.321: "right", 0.176: "write 1 - tanh in the place of 1 - tanh²"},
    ("product", "h1", 0): {
        0.4161: "right",
        0.7864: "give the local derivative, and do not multiply",
        0.5290: "pass the gradient on as it is",
        1.3154: "add where you multiply",
        0.6727: "divide where you multiply",
    },
    ("sum", "in", None): {
        0.5404: "right",
        0.4161: "leave out the 0.1243 that comes from v",
        0.0517: "multiply the paths with each other",
        0.2702: "take the average of the paths",
        17: None,
    },
}


def test_slips_on_the_ladder(tab_12):
    for (kind, name, slot), cases in RUNGS.items():
        for number, words in cases.items():
            verdict = tab_12.evaluate(
                """([kind, name, slot, number]) => {
                    const rung = { kind, node: nodes.find((n) => n.name === name).place, slot };
                    return judgeRung(rung, { number, slack: 0 }, recorded);
                }""",
                [kind, name, slot, number],
            )
            told = ["right"] if verdict["right"] else verdict["slips"]
            assert told[0].startswith(words) if words else told == [], (name, number, told)


def test_no_slip_is_told_that_does_not_lead_to_the_answer(tab_12):
    """Each explanation comes with a number of its own, computed; none is far from the answer."""
    told = tab_12.evaluate(
        """() => nodes.filter(isAsked).flatMap(({ place }) => [...slips(place, recorded)]
            .filter(([number]) => Number.isFinite(number) && number !== 0)
            .map(([number, words]) => [words, judge(place, { number, slack: 0 }, recorded)]))
            .filter(([words, { right, slips }]) => !right && !slips.length)"""
    )
    assert told == []
    kinds = tab_12.evaluate(
        "() => new Set([...slips(nodes.find((n) => n.name === 'in').place, recorded)]"
        ".map(([, words]) => words.replace(/ (at|through) .*/, ''))).size"
    )
    assert kinds >= 20


@pytest.mark.parametrize("difficulty", ["medium", "hard"])
def test_mistakes_made_elsewhere_are_recognised(at_home, difficulty):
    """A gradient worked out in Python, with one mistake in it: the page names that mistake."""
    for seed in range(1, 9):
        text = at_home.evaluate("(a) => randomExpression(...a)", [seed, difficulty])
        nodes, made = at_home.evaluate(
            """(text) => {
                openGraph(graphOf(text).exported);
                return [nodes.map(({ name, op, inputs, consumers, role }) =>
                    [name, op?.name ?? null, inputs, consumers, role]), recorded];
            }""",
            text,
        )
        for place, answer, words in mistakes(nodes, made["partials"]):
            if round_off(answer, made["grads"][place]):
                continue
            verdict = at_home.evaluate(
                "([place, number]) => judge(place, { number, slack: 0 }, recorded)",
                [place, answer],
            )
            told = verdict["slips"]
            assert told, (text, nodes[place][0], words)
            assert len(told) == 2 or any(words in each for each in told), (text, words, told)


def mistakes(nodes, partials):
    """(place of a leaf, wrong gradient, words of the explanation), by plain recursion."""

    def gradient(place, changed):
        if place == len(nodes) - 1:
            return 1.0
        return sum(
            changed.get((at, slot), partials[at][slot]) * gradient(at, changed)
            for at, slot in nodes[place][3]
        )

    for place, (_, op, _, consumers, role) in enumerate(nodes):
        if op is not None or role == "constant":
            continue
        for at, (name, kind, inputs, _, _) in enumerate(nodes):
            if kind == "tanh":
                yield place, gradient(place, {(at, 0): 1.0}), f"forget the slope of tanh at {name}"
            if kind == "mul" and inputs[0] != inputs[1]:
                for slot in (0, 1):
                    yield place, gradient(place, {(at, slot): 1.0}), "leave out the factor"
        for at, slot in consumers if len(consumers) > 1 else ():
            words = f"forget the path through {nodes[at][0]}"
            yield place, gradient(place, {(at, slot): 0.0}), words


def round_off(answer, truth):
    """Whether three digits do not tell the two apart; and 0 is the answer to many mistakes."""
    return abs(answer - truth) <= 0.02 * abs(truth) or answer == 0


def test_answers_may_be_expressions(tab_12):
    right = """(text) => {
        const place = nodes.find((n) => n.name === "w3").place;
        return judge(place, readAnswer(text), recorded).right;
    }"""
    for text in (
        "0.1222",
        "0,1222",
        "0.824*0.321*0.4621",
        "out*(1 - out**2)*h1",
        "out*(1-out²)·h1",
    ):
        assert tab_12.evaluate(right, text), text
    for text in ("0.12", "0.8*0.3*0.5", "1/8", "0.5", "-0.824*0.321*0.4621"):
        assert not tab_12.evaluate(right, text), text


# --- as a person does it ---


def test_a_whole_gradient(show):
    w, x = Value(2.0, "w"), Value(0.5, "x")
    out = (w * x).tanh()
    out.label = "o"
    tab = show(out)
    tab_of(tab, "Practise")
    tab.get_by_label("Gradient", exact=True).check()
    assert numbers(tab, "w") == ["2", "?"]
    assert "hidden" in box(tab, "w").get_attribute("aria-label")
    tab.get_by_label("With respect to").select_option(label="w")
    assert "Right: do/dw = 0.21" in predict(tab, "0.5*(1 - 0.7616**2)")
    assert "forget the slope of tanh at o, which is 1 - o² = 0.42" in predict(tab, "0.5")
    assert "put the input where the output belongs" in predict(tab, "0")
    assert "multiply by w itself" in predict(tab, "0.84")
    assert "This matches no common mistake" in predict(tab, "17")
    assert "That is close" in predict(tab, "0.2110")
    assert "No node is called much" in predict(tab, "0.5*much")
    assert tab.locator("#judgement mark").inner_text() == "m"
    assert "Type a number or an expression" in predict(tab, " ")
    tab.get_by_role("button", name="Show the answer").click()
    assert "do/dw = 0.21" in tab.locator("#judgement").inner_text()
    tab.get_by_role("button", name="Another").click()
    assert tab.locator("#judgement").inner_text() == ""


def x_times_its_tanh(number):
    x = Value(number, "x")
    h = x.tanh()
    h.label = "h"
    y = x * h
    y.label = "y"
    return y


def test_the_ladder(show):
    """Every rung of y = x*tanh(x), typed; the picture shows what was found, and no more."""
    tab = show(x_times_its_tanh(0.5))
    tab_of(tab, "Practise")
    question = tab.locator("#question")
    assert tab.locator("#rung b").inner_text() == "Question 1 of 5"
    asked = set()
    answers = {
        "∂y/∂x =": "0.4621",  # along the arrow from x
        "∂y/∂h =": "x",
        "∂h/∂x =": "1 - 0.4621**2",
        "dy/dx through h =": "0.5*0.7864",
    }
    for _ in range(4):
        name = question.inner_text()
        asked.add(name)
        assert "Right" in predict(tab, answers[name])
    assert asked == set(answers)
    assert numbers(tab, "h")[1] == "0.5"
    assert numbers(tab, "x")[1] == "?"
    assert "2 arrows leave x" in tab.locator("#rung").inner_text()
    assert "multiply the paths with each other" in predict(tab, "0.4621*0.3932")
    tab.get_by_role("button", name="Hint").click()
    assert "Paths add up: 0.3932 + 0.4621" in tab.locator("#judgement").inner_text()
    tab.get_by_role("button", name="Show the answer").click()
    assert "dy/dx = 0.3932 + 0.4621 = 0.8553" in tab.locator("#judgement").inner_text()
    assert "You are at the top" in tab.locator("#rung").inner_text()
    assert numbers(tab, "x")[1] == "0.8553"


# --- find the bug ---


def test_every_bug_can_be_found(tab_12):
    """Each possible bug of Problem 12, and how a reader would see it."""
    bugs = tab_12.evaluate(
        "() => possibleBugs().map(({ kind, at, grads }) => [kind, at === null ? null :"
        " nodes[at].name, grads[nodes.findIndex(({ name }) => name === 'in')]])"
    )
    by_in = {(kind, at): grad for kind, at, grad in bugs}
    through_h1, through_h2 = 0.416067521, 0.124327921  # EXERCISES.md
    overwritten = by_in["overwrite", None]
    assert min(abs(overwritten - x) for x in (through_h1, through_h2)) < 1e-9
    assert by_in["slope", "out"] == pytest.approx(0.540395442 / (1 - 0.824000446**2))
    assert by_in["slope", "h1"] == pytest.approx(through_h1 / (1 - 0.462117157**2) + through_h2)
    assert {kind for kind, _ in by_in} == {"overwrite", "slope", "swap"}


def test_finding_the_bug(show):
    """y = x*tanh(x), in which x is used twice."""
    tab = show(x_times_its_tanh(3.0))
    tab_of(tab, "Practise")
    tab.get_by_label("Find the bug").check()
    for kind in ("It writes", "A local derivative", "The two factors"):
        while tab.evaluate("BUGS[bug.kind]").startswith(kind) is False:
            tab.get_by_role("button", name="Another bug").click()
        tab.get_by_role("button", name="All steps").click()
        tab.get_by_role("button", name="Check").click()
        assert "Click the step that is wrong" in tab.locator("#bug-verdict").inner_text()
        wrong = tab.evaluate("bug.steps.map(({ wrong }) => wrong)")
        steps = tab.locator(".step-line")
        assert steps.count() == len(wrong) == 3
        steps.nth(wrong.index(False)).click()
        assert "at this moment" in tab.locator("#bug-details").inner_text()
        tab.get_by_label(kind).check()
        tab.get_by_role("button", name="Check").click()
        assert "There is such a bug, but not in that step" in (
            tab.locator("#bug-verdict").inner_text()
        )
        steps.nth(wrong.index(True)).click()
        tab.get_by_role("button", name="Check").click()
        assert "Right." in tab.locator("#bug-verdict").inner_text()
    tab.get_by_role("button", name="Another bug").click()
    tab.get_by_role("button", name="Show the bug").click()
    assert tab.locator("#bug-verdict").inner_text()


# --- the sheet ---


def test_a_sheet_prints(show):
    tab = show(problem_12())
    tab.evaluate("window.print = () => {}")
    tab_of(tab, "Practise")
    tab.get_by_label("Sheet").check()
    tab.get_by_role("button", name="Print").click()
    questions, answers = tab.locator("#sheet section").all()
    assert "0.5404" not in questions.text_content()
    assert "0.5404" in answers.text_content()
    assert tab.locator("#sheet").is_hidden()
    tab.get_by_label("random graphs").check()
    tab.get_by_label("Graphs", exact=True).fill("3")
    tab.get_by_role("button", name="Print").click()
    tab.emulate_media(media="print")
    assert tab.locator("#sheet").is_visible()
    assert tab.locator("main").is_hidden()
    assert tab.locator("#sheet svg").count() == 6
    assert tab.locator("#sheet .answers").evaluate("e => getComputedStyle(e).breakBefore") == "page"
    tab.emulate_media(media="screen")
    assert tab.locator("#title").inner_text() == "E"
    tab.get_by_label("Graphs", exact=True).fill("many")
    tab.get_by_role("button", name="Print").click()
    assert "Graphs: a whole number from 1 to 20, please; got many." in (
        tab.locator("#sheet-fault").inner_text()
    )
