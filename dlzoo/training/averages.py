"""Exponentially weighted averages, with the course's correction of their start."""

import numpy as np

from dlzoo._checks import check_between


def ewa(values, beta: float = 0.9, *, bias_correction: bool = True) -> np.ndarray:
    """The average of what came so far, in which the past fades by `beta` a step.

    `v[t] = beta * v[t-1] + (1 - beta) * values[t]` from `v = 0`: an average over about the
    last `1 / (1 - beta)` values. As it begins at 0, the first averages are too small; the
    correction divides by `1 - beta ** t` (t = 1, 2, ...), which makes the weights of the
    values add up to 1.

    This smooths learning curves and other series. To average the weights of a network
    while it trains, Keras's optimizers have it: `keras.optimizers.Adam(use_ema=True,
    ema_momentum=0.99)`; they begin at the first weights and need no correction.

    Args:
        values: Numbers or arrays of one shape, in order of time: `(time, ...)`.
        beta: At least 0 (nothing is averaged), below 1.
        bias_correction: Divide by `1 - beta ** t`.

    Returns:
        float64 of the shape of `values`.

    Raises:
        ValueError: `beta` is not in its range, or `values` is a single number.

    Example:
        >>> ewa([10.0, 20.0], beta=0.5, bias_correction=False).tolist()
        [5.0, 12.5]
        >>> ewa([10.0, 10.0, 10.0], beta=0.98).round(6).tolist()
        [10.0, 10.0, 10.0]
    """
    check_between("ewa", "beta", beta, 0, 1)
    if beta == 1:
        raise ValueError("ewa: beta must be below 1, or no value would count; got 1.")
    values = np.asarray(values, dtype=np.float64)
    if values.ndim == 0:
        raise ValueError(f"ewa: values must be a sequence; got the number {values}.")
    averages = np.empty_like(values)
    average = np.zeros(values.shape[1:])
    for time, value in enumerate(values):
        average = beta * average + (1 - beta) * value
        averages[time] = average / (1 - beta ** (time + 1)) if bias_correction else average
    return averages
