"""Measuring two or more things fairly on a shared, noisy machine.

Every contestant lives in a process of its own, so that thread pools and memory do not mix.
The processes take turns, so that a slow minute of the machine hits all of
them. What counts is the ratio of the medians.
"""

import multiprocessing
import os
import platform
import statistics
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

RESULTS = Path(__file__).parent / "results"
REST = 0.05  # seconds; PyTorch's and XNNPACK's threads spin for up to 30 ms


class Failed(Exception):
    """What was to be measured could not be; the message says why."""


@dataclass(frozen=True)
class Contestant:
    """Something to measure: `prepare(**options)` returns the function that is timed.

    `prepare` must be importable by name (a function of a module), because it runs in the
    contestant's own process; `environment` is set there first.
    """

    name: str
    prepare: Callable
    options: dict = field(default_factory=dict)
    environment: dict = field(default_factory=dict)


def measure(contestants, *, rounds, warmup=2, turn=0.0, absent=None):
    """Seconds of each step, by the contestant's name.

    A turn is one step. Steps of a few milliseconds want turns of `turn` seconds: a first
    step, not counted, brings back what the others have driven out of the caches (a fifth of
    the time of MobileNetV2 in OpenVINO), and further steps count. Before each turn the
    machine rests, because idle threads of the one before spin for some milliseconds.

    A contestant that fails ends it all, unless `absent` is a dict: then its name and reason
    are noted there, and the others go on.
    """
    context = multiprocessing.get_context("spawn")
    running, seconds = {}, {}
    try:
        for contestant in contestants:
            running[contestant.name] = _started(context, contestant)
            try:
                for _ in range(warmup):  # one after the other: building is not measured
                    _turn(running[contestant.name][0], contestant.name, 0.0)
            except Failed as problem:
                if absent is None:
                    raise
                absent[contestant.name] = str(problem)
                _stop(*running.pop(contestant.name))
        seconds = {name: [] for name in running}
        for _ in range(rounds):
            for name, (pipe, _) in running.items():
                time.sleep(REST)
                seconds[name] += _turn(pipe, name, turn)
    finally:
        for pipe, process in running.values():
            _stop(pipe, process)
    return seconds


def alone(function, *arguments):
    """Call a function in a process of its own."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        try:
            return pool.submit(function, *arguments).result()
        except BrokenProcessPool:
            raise Failed(f"the process of {function.__name__} has died") from None


def table(title, seconds, against, extra=None):
    """A Markdown table of medians, and of each time as a multiple of `against`'s.

    `extra`, a heading and a word for each contestant, is one more column.
    """
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    heading, words = extra or ("", {})
    head = ["contestant", "median, ms", "fastest, ms"]
    head += [f"{against} takes this many times as long"] + [heading] * bool(extra)
    lines = [f"### {title}", "", _line(head), _line(["---"] + ["---:"] * (len(head) - 1))]
    for name, median in medians.items():
        digits = 1 if median < 0.1 else 0
        times = [f"{1000 * value:.{digits}f}" for value in (median, min(seconds[name]))]
        ratio = f"{medians[against] / median:.2f}"
        lines.append(_line([name, *times, ratio] + [words.get(name, "")] * bool(extra)))
    return "\n".join(lines) + "\n"


def ratio(seconds, against, ours):
    """How many times as long `against` takes, in the median."""
    return statistics.median(seconds[against]) / statistics.median(seconds[ours])


def _line(cells):
    return f"| {' | '.join(cells)} |"


def machine(*packages):
    """A line about processor, cores and versions, for the foot of a table."""
    from dlzoo.exporting.timing import processor

    versions = []
    for package in packages:
        try:
            versions.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            versions.append(f"no {package}")
    return (
        f"{time.strftime('%Y-%m-%d')}, {processor()}, {os.cpu_count()} cores, "
        f"Python {platform.python_version()}, {', '.join(versions)}.\n"
    )


def publish(name, text, folder=RESULTS, *, show=True):
    """Print the tables and keep them in `<folder>/<name>.md`."""
    if show:
        print(text)
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.md").write_text(text, encoding="utf-8")


def _started(context, contestant):
    """The contestant's process, and our end of the pipe to it."""
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(contestant, theirs), daemon=True)
    process.start()
    theirs.close()  # so that the death of the process ends our wait
    return ours, process


def _stop(pipe, process):
    pipe.close()
    process.terminate()
    process.join()


def _turn(pipe, name, length):
    try:
        pipe.send(length)
        answer = pipe.recv()
    except (EOFError, BrokenPipeError, ConnectionResetError):
        raise Failed(f"{name} has died") from None
    if isinstance(answer, str):
        raise Failed(f"{name}: {answer}")
    return answer


def _serve(contestant, pipe):
    os.environ.update({"TF_CPP_MIN_LOG_LEVEL": "3"} | contestant.environment)
    try:
        step = contestant.prepare(**contestant.options)
        while True:
            pipe.send(_steps(step, pipe.recv()))
    except EOFError:
        return
    except Exception as error:
        traceback.print_exc()
        pipe.send(f"{type(error).__name__}: {error}")


def _steps(step, length):
    """Seconds of one step, or of as many as `length` seconds hold."""
    if length:
        step()
    times, begin = [], time.perf_counter()
    while not times or time.perf_counter() - begin < length:
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    return times
