"""Changing a picture so that a number falls: L-BFGS (SciPy's) and Adam.

Pictures are float32 arrays of 0 to 255. A run is cut into segments, and between two of
them its whole state is a few arrays: so an interrupted run goes on as if nothing had been.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import optimize

from dlzoo.style.slopes import Slope

# Called after each step with the picture, the number and its parts.
Watch = Callable[[np.ndarray, float, np.ndarray], None]

# What a method knows beside the picture: nothing at the start.
State = tuple[np.ndarray, ...]


@dataclass(frozen=True)
class LBFGS:
    """Limited-memory BFGS; each segment starts with an empty memory.

    Args:
        first: Root mean square of the first step of a segment, in grey levels. (The method
            begins with a step of length 1 against the gradient, whatever the units.)
        memory: Pairs of steps and slopes that the curvature is read from.
    """

    first: float = 2.0
    memory: int = 10

    def run(
        self, slope: Slope, picture: np.ndarray, state: State, steps: int, watch: Watch
    ) -> tuple[np.ndarray, State]:
        """At most `steps` iterations; fewer where the number cannot be made smaller."""
        unit = self.first * np.sqrt(picture.size)
        parts: Any = None

        def restored(x):
            return (x * unit).astype("float32").reshape(picture.shape)

        def function(x):
            nonlocal parts
            value, parts, gradient = slope(restored(x))
            return value, gradient.astype("float64").ravel() * unit

        def after_a_step(intermediate_result):
            watch(restored(intermediate_result.x), float(intermediate_result.fun), parts)

        found = optimize.minimize(
            function,
            picture.astype("float64").ravel() / unit,
            jac=True,
            method="L-BFGS-B",
            callback=after_a_step,
            options={
                "maxiter": steps,
                "maxfun": 20 * steps,
                "maxcor": self.memory,
                "ftol": 0.0,  # the number of steps decides
                "gtol": 0.0,
            },
        )
        return np.clip(restored(found.x), 0, 255), ()


@dataclass(frozen=True)
class Adam:
    """Adam (Kingma and Ba 2014, https://arxiv.org/abs/1412.6980, Algorithm 1).

    Pixels are kept within 0 to 255.

    Args:
        learning_rate: In grey levels.
    """

    learning_rate: float = 5.0
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-20  # a slope by one pixel of many is small

    def run(
        self, slope: Slope, picture: np.ndarray, state: State, steps: int, watch: Watch
    ) -> tuple[np.ndarray, State]:
        """`steps` steps."""
        first, second, count = state or (np.zeros_like(picture),) * 2 + (np.array(0),)
        done = int(count)
        for number in range(done + 1, done + steps + 1):
            value, parts, gradient = slope(picture)
            first = self.beta_1 * first + (1 - self.beta_1) * gradient
            second = self.beta_2 * second + (1 - self.beta_2) * gradient**2
            rate = self.learning_rate * np.sqrt(1 - self.beta_2**number)
            rate /= 1 - self.beta_1**number
            change = rate * first / (np.sqrt(second) + self.epsilon)
            picture = np.clip(picture - change, 0, 255).astype("float32")
            watch(picture, value, parts)
        return picture, (first, second, np.array(done + steps))
