"""The old place of ``demos.letters.predictor``, which goes in 0.3."""

import warnings

from demos.letters.predictor import Predictor as Predictor

warnings.warn(
    "demos.predictor is now demos.letters.predictor; the old name goes in 0.3",
    DeprecationWarning,
    stacklevel=2,
)
