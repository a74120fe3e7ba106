"""The peak of this machine: a large matrix product by oneDNN, in float32 and bfloat16.

    python -m benchmarks.peak [--side 4096] [--rounds 5]

What a network reaches is compared with it: twice its multiply-adds an image over the time. A
training step counts three times the forward pass: the gradient of a layer's input and that of
its weights take as many multiply-adds as its answer.
"""

import argparse
import functools
import statistics
import time

from benchmarks.side_by_side import alone, machine, publish

SIDE, ROUNDS = 4096, 5
TYPES = ("float32", "bfloat16")
TRAINING = 3  # times the multiply-adds of prediction
HEADING = "share of the machine's peak"


def gigaflops(kind, side=SIDE, rounds=ROUNDS):
    """GFLOP/s of the fastest of some products of two square matrices.

    In oneDNN's own layout: `torch.mm` goes by MKL, which has less than half of that on AMD.
    """
    import torch

    left, right = (
        torch.rand(side, side).to(getattr(torch, kind)).to_mkldnn() for _ in range(2)
    )
    times = []
    with torch.inference_mode():
        torch.nn.functional.linear(left, right)  # memory and kernels
        for _ in range(rounds):
            start = time.perf_counter()
            torch.nn.functional.linear(left, right)
            times.append(time.perf_counter() - start)
    return 2 * side**3 / min(times) / 1e9


@functools.cache
def peaks(side=SIDE, rounds=ROUNDS):
    """Type to GFLOP/s, measured once; empty without PyTorch."""
    try:
        return {kind: alone(gigaflops, kind, side, rounds) for kind in TYPES}
    except ImportError:
        return {}


@functools.cache
def multiply_adds(name, side, origin="keras"):
    """Of one image of `side` pixels."""
    return alone(_multiply_adds, name, side, origin)


def shares(seconds, work, kinds=None):
    """A column for `side_by_side.table`: what each contestant reaches of the peak.

    Args:
        seconds: As `measure` returns them.
        work: Multiply-adds of a step.
        kinds: Contestant to the type it computes in, where that is not float32.
    """
    limits, words = peaks(), {}
    for name, values in seconds.items():
        limit = limits.get((kinds or {}).get(name, "float32"))
        if limit:
            words[name] = f"{2 * work / statistics.median(values) / 1e9 / limit:.0%}"
    return HEADING, words


def described():
    """A line under a table with such a column."""
    limits = peaks()
    if not limits:
        return "The machine's peak is not known: PyTorch is not installed.\n"
    words = ", ".join(f"{limit:,.0f} GFLOP/s in {kind}" for kind, limit in limits.items())
    return f"The machine's peak, a product of {SIDE} x {SIDE} matrices: {words}.\n"


def _multiply_adds(name, side, origin):
    import dlzoo

    model = dlzoo.create_model(name, input_shape=(side, side, 3), origin=origin)
    return dlzoo.profile(model).multiply_adds


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--side", type=int, default=SIDE)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    arguments = parser.parse_args()
    text = f"# Product of {arguments.side} x {arguments.side} matrices, CPU\n\n"
    text += "| type | GFLOP/s |\n| --- | ---: |\n"
    for kind, speed in peaks(arguments.side, arguments.rounds).items():
        text += f"| {kind} | {speed:,.0f} |\n"
    publish("peak", f"{text}\n{machine('torch')}")


if __name__ == "__main__":
    main()
