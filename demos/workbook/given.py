"""What later sheets take from earlier ones, so that nobody has to have solved those."""

from demos.workbook.problems.backprop import Network, backprop, evaluate
from demos.workbook.problems.letters import ALPHABET, decode, encode
from demos.workbook.problems.training import step

__all__ = ["ALPHABET", "Network", "backprop", "decode", "encode", "evaluate", "step"]
