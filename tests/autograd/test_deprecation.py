"""Old names of parameters still work, and warn."""

import inspect

import pytest

from autograd import Value, derivative_formula, explain
from autograd.deprecation import renamed


@renamed(before="after", error="loss")
def sample(first, after=1, *, loss=2):
    """A function with renamed parameters."""
    return first, after, loss


def test_new_names_and_places_are_silent():
    assert sample(0) == (0, 1, 2)
    assert sample(0, 5, loss=6) == (0, 5, 6)
    assert sample(0, after=5) == (0, 5, 2)


def test_an_old_name_warns_at_the_line_that_uses_it():
    message = "the parameter 'before' of sample goes in 0.3: call it 'after'"
    with pytest.warns(DeprecationWarning, match=message) as caught:
        assert sample(0, before=7) == (0, 7, 2)
    assert caught[0].filename == __file__
    with pytest.warns(DeprecationWarning, match="goes in 0.3") as caught:
        assert sample(0, before=7, error=8) == (0, 7, 8)
    assert len(caught) == 2


def test_both_names_at_once_are_refused():
    with pytest.raises(TypeError, match="sample got both 'after' and its old name 'before'"):
        sample(0, after=1, before=2)
    with (
        pytest.warns(DeprecationWarning, match="goes in 0.3"),
        pytest.raises(TypeError, match="multiple values for argument 'after'"),
    ):
        sample(0, 1, before=2)


def test_the_function_keeps_its_name_its_documentation_and_its_parameters():
    assert sample.__name__ == "sample"
    assert sample.__doc__.startswith("A function")
    assert list(inspect.signature(sample).parameters) == ["first", "after", "loss"]


def test_with_respect_to_is_now_wrt():
    x = Value(3.0, "x")
    y = x * x
    with pytest.warns(DeprecationWarning, match="'with_respect_to' of explain goes in 0.3"):
        assert explain(y, with_respect_to=x).gradient == explain(y, wrt=x).gradient
    with pytest.warns(DeprecationWarning, match="'with_respect_to' of derivative_formula"):
        assert derivative_formula(y, with_respect_to=x) == derivative_formula(y, wrt=x)
