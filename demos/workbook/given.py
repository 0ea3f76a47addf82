"""What later sheets take from earlier ones, so that nobody has to have solved those."""

from demos.workbook.problems.backprop import Network, backprop, evaluate
from demos.workbook.problems.letters import ALPHABET, decode, encode

__all__ = ["ALPHABET", "Network", "backprop", "decode", "encode", "evaluate", "step"]


def step(network: Network, inputs: list[float], targets: list[float], rate: float) -> float:
    """One step of training, as on sheet 11: changes the network, and returns its error before."""
    from demos.workbook.problems import training  # which itself takes what is given

    return training.step(network, inputs, targets, rate)
