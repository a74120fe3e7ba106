"""Changing a picture so that a number falls: L-BFGS and Adam, within 0 to 255.

Pictures are float32 arrays. A run is cut into segments, and between two of them its whole
state is a few arrays: so an interrupted run goes on as if nothing had been.
"""

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from dlzoo.style.slopes import Slope

# Called after each step with the picture, the number and its parts.
Watch = Callable[[np.ndarray, float, np.ndarray], None]

# What a method knows beside the picture: nothing at the start.
State = tuple[np.ndarray, ...]

LEAST = 0.05  # of the learning rate, at the end

Pairs = deque[tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class LBFGS:
    """Limited-memory BFGS with projection on 0 to 255 (Bertsekas 1982, two-metric).

    Directions are those of Nocedal and Wright, Numerical Optimization, Algorithm 7.4, for
    the pixels that are free to move: not those at an end of the range that the gradient
    pushes out of it. The step is cut off at the range and halved until the number falls
    enough (Armijo). SciPy's `L-BFGS-B` gives as good pictures, and takes 0.3 to 1 s a step
    for its own arithmetic on 512 pixels, as long as the network; without bounds, what has to
    be cut off at the end spoils the picture. Each segment starts with an empty memory.

    Args:
        first: Root mean square of the first step, in grey levels.
        memory: Pairs of steps and changes of the gradient that the curvature is read from.
        tries: Lengths of a step that are tried.
    """

    first: float = 4.0
    memory: int = 10
    tries: int = 12

    def run(
        self, slope: Slope, picture: np.ndarray, state: State, steps: int, watch: Watch
    ) -> tuple[np.ndarray, State]:
        """At most `steps` iterations; fewer where the number cannot be made smaller."""
        pairs: Pairs = deque(maxlen=self.memory)
        value, _, gradient = slope(picture)
        done = 0
        while done < steps:
            direction = self._direction(picture, gradient, pairs)
            found = self._search(slope, picture, value, gradient, direction)
            if found is None:
                if not pairs:
                    break
                pairs.clear()  # what was learnt of the curvature misleads
                continue
            moved, value, parts, turned = found
            step, change = moved - picture, turned - gradient
            if _dot(step, change) > 1e-8 * _dot(change, change):  # curved upwards
                pairs.append((step, change))
            picture, gradient, done = moved, turned, done + 1
            watch(picture, value, parts)
        return picture, ()

    def _direction(self, picture, gradient, pairs):
        stuck = (picture <= 0) & (gradient > 0) | (picture >= 255) & (gradient < 0)
        slope = np.where(stuck, 0, gradient)
        if pairs:
            direction = np.where(stuck, 0, -_inverse_hessian(slope, pairs))
            if _dot(direction, slope) < 0:
                return direction
            pairs.clear()
        length = np.sqrt(_dot(slope, slope))
        return -slope * (self.first * np.sqrt(picture.size) / length) if length else slope

    def _search(self, slope, picture, value, gradient, direction):
        """The first length of those tried that makes the number fall enough, or None."""
        length = 1.0
        for _ in range(self.tries):
            moved = np.clip(picture + np.float32(length) * direction, 0, 255)
            promised = _dot(gradient, moved - picture)
            if promised >= 0:
                return None
            found = slope(moved)
            if found[0] <= value + 1e-4 * promised:
                return moved, *found
            # The minimum of the parabola through what is known, but neither too near nor far.
            length *= float(np.clip(-promised / 2 / (found[0] - value - promised), 0.1, 0.5))
        return None


def _inverse_hessian(slope, pairs):
    """The inverse of the estimated Hessian times `slope` (Algorithm 7.4)."""
    result, shares = slope, []
    for step, change in reversed(pairs):
        share = _dot(step, result) / _dot(step, change)
        result = result - share * change
        shares.append(share)
    step, change = pairs[-1]
    result = result * (_dot(step, change) / _dot(change, change))
    for (step, change), share in zip(pairs, reversed(shares), strict=True):
        result = result + (share - _dot(change, result) / _dot(step, change)) * step
    return result


def _dot(a, b):
    return np.vdot(a, b)  # float32, as the pictures: the sum is BLAS's


@dataclass(frozen=True)
class Adam:
    """Adam (Kingma and Ba 2014, https://arxiv.org/abs/1412.6980, Algorithm 1).

    The slope is exact, without the noise of batches, so its square is averaged over ten
    steps only, not over the usual thousand: the picture is as good after a fifth of the
    steps (see benchmarks/style.py).

    Args:
        learning_rate: In grey levels, at the start.
        over: Steps over which the rate falls to a twentieth, along half a cosine; None: it
            stays.
    """

    learning_rate: float = 10.0
    beta_1: float = 0.9
    beta_2: float = 0.9
    epsilon: float = 1e-20  # a slope by one pixel of many is small
    over: int | None = None

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
            rate = self.rate(number) * np.sqrt(1 - self.beta_2**number)
            rate /= 1 - self.beta_1**number
            change = rate * first / (np.sqrt(second) + self.epsilon)
            picture = np.clip(picture - change, 0, 255).astype("float32")
            watch(picture, value, parts)
        return picture, (first, second, np.array(done + steps))

    def rate(self, number: int) -> float:
        """The learning rate of a step, counted from 1.

        Example:
            >>> [round(Adam(10.0, over=4).rate(number), 2) for number in (1, 2, 3, 4)]
            [10.0, 7.62, 2.88, 0.5]
        """
        if self.over is None:
            return self.learning_rate
        way = (number - 1) / max(self.over - 1, 1)
        return self.learning_rate * (LEAST + (1 - LEAST) * (1 + math.cos(math.pi * way)) / 2)
