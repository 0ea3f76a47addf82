"""The GPT of demo 10, per token, forward, backward and Adam: python -m tests.benchmarks.bench_gpt

Against an engine of scalars of microgpt's shape, in batches of 32, and against JAX by hand (a vmap
over documents, a scan over batches), in batches of 1 and of 32, float64 and float32. First all
give the same gradients. Then they take turns on the same documents, and the median counts.
"""

import os
import statistics
import time

if __name__ == "__main__":  # numpy reads them when it is loaded
    for name in ("OMP", "OPENBLAS", "MKL"):
        os.environ[f"{name}_NUM_THREADS"] = "1"
    os.environ["JAX_ENABLE_X64"] = "1"
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"

import numpy as np

import nn
from autograd import jit
from demos.helpers.transformer import GPT
from tests.benchmarks.peers.gpt import NAMES, Scalars, documents, in_jax, numbers_of
from tests.programs.scalars import Value

LETTERS, LENGTH, HEADS = 28, 16, 4
MORE = 8


def check():
    """All three give the same loss and gradients for two documents."""
    import jax

    model = GPT(LETTERS, LENGTH)
    texts, afters = documents(2, LENGTH, LETTERS)
    value, gradient = jit(model.loss).value_and_grad(texts, afters)
    scalars = Scalars(Value, numbers_of(model), HEADS)
    for text, after in zip(texts.tolist(), afters.tolist()):
        (scalars.loss(text, after) * 0.5).backward()
    by_jax, g = jax.value_and_grad(in_jax(HEADS)[0])(numbers_of(model), texts, afters)
    of_jax = np.concatenate([np.asarray(g[name]).reshape(-1) for name in NAMES])
    np.testing.assert_allclose(value, by_jax, rtol=1e-12)
    np.testing.assert_allclose(
        [p.grad for p in scalars.parameters], gradient, rtol=1e-9, atol=1e-13
    )
    np.testing.assert_allclose(of_jax, gradient, rtol=1e-9, atol=1e-13)


def ours(batch, dtype, count):
    """A function that trains on ``count`` documents."""
    model = GPT(LETTERS, LENGTH)
    texts, afters = documents(count, LENGTH, LETTERS)
    loss = jit(model.loss, dtype=dtype)
    optimizer = nn.Adam(model.parameters(), lr=0.01)

    def run(epochs=1):
        nn.fit(loss, texts, afters, optimizer, epochs, batch, progress=False)

    return run


def of_jax(batch, dtype, count):
    """The same in JAX, a scan over the batches."""
    import jax

    texts, afters = documents(count, LENGTH, LETTERS)
    _, train = in_jax(HEADS)
    numbers = {name: x.astype(dtype) for name, x in numbers_of(GPT(LETTERS, LENGTH)).items()}
    zeros = {name: np.zeros_like(x) for name, x in numbers.items()}
    state = (numbers, zeros, zeros, np.zeros((), dtype))
    shaped = tuple(x.reshape(-1, batch, LENGTH) for x in (texts, afters))

    def run():
        jax.block_until_ready(train(state, shaped))

    return run


def of_scalars():
    """One batch of 32 documents on the scalar engine."""
    scalars = Scalars(Value, numbers_of(GPT(LETTERS, LENGTH)), HEADS)
    texts, afters = (x.tolist() for x in documents(32, LENGTH, LETTERS))
    return lambda: scalars.step(texts, afters)


def seconds(run, *arguments):
    start = time.process_time()
    run(*arguments)
    return time.process_time() - start


def main():
    check()
    print("all gradients agree to 1e-9")
    per_token = {}
    for batch, count in ((1, 96), (32, 640)):
        for dtype in ("float64", "float32"):
            pair = [ours(batch, dtype, count), of_jax(batch, dtype, count)]
            first = [seconds(run) for run in pair]
            # A call of fit also compares rows with plain Python, which takes long for such a graph.
            fixed = statistics.median(seconds(pair[0]) for _ in range(3))
            times = [
                ((seconds(pair[0], 1 + MORE) - fixed) / MORE, seconds(pair[1])) for _ in range(5)
            ]
            a, b = (1e6 * statistics.median(t) / (count * LENGTH) for t in zip(*times))
            per_token[batch, dtype] = a
            print(
                f"batches of {batch:>2}, {dtype}: here {a:.2f} µs per token, JAX {b:.2f}, ratio "
                f"{a / b:.2f}; first call {first[0]:.1f} s, JAX {first[1]:.1f} s; "
                f"a call of fit adds {fixed - 1e-6 * a * count * LENGTH:.2f} s"
            )
    scalars = 1e6 * seconds(of_scalars()) / (32 * LENGTH)
    print(f"scalar engine, batches of 32: {scalars:,.0f} µs per token, "
          f"{scalars / per_token[32, 'float64']:,.0f} times as long")  # fmt: skip


if __name__ == "__main__":
    main()
