"""How much a test tries: a little in the quick run, everything with --slow."""

slow = False


def count(everything, quick):
    """How many random cases."""
    return everything if slow else quick


def some(cases, *quick):
    """Which cases: in the quick run only those that are named."""
    return [case for case in cases if slow or case in quick]
