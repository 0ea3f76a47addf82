"""Numbers on the command line."""

import argparse

import pytest

from demos.helpers.options import positive, share, whole


def test_numbers_that_fit():
    assert (whole(1)("12"), positive("0.5"), share("0"), share("0.999")) == (12, 0.5, 0.0, 0.999)


@pytest.mark.parametrize(
    ("convert", "text", "sentence"),
    [
        (whole(1), "0", "'0' is not a whole number of at least 1"),
        (whole(1), "1.5", "'1.5' is not a whole number of at least 1"),
        (positive, "inf", "'inf' is not a finite number above 0"),
        (positive, "fast", "'fast' is not a finite number above 0"),
        (share, "1", "'1' is not a share: a number from 0 up to, but not including, 1"),
        (share, "-0.1", "'-0.1' is not a share: a number from 0 up to, but not including, 1"),
    ],
)
def test_others_are_refused(convert, text, sentence):
    with pytest.raises(argparse.ArgumentTypeError) as refused:
        convert(text)
    assert str(refused.value) == sentence
