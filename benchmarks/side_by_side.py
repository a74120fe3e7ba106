"""Measuring two or more things fairly on a shared, noisy machine.

Every contestant lives in a process of its own, so that thread pools and memory do not mix.
The processes take turns, a step at a time, so that a slow minute of the machine hits all of
them. What counts is the ratio of the medians.
"""

import multiprocessing
import os
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

RESULTS = Path(__file__).parent / "results"


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


def measure(contestants, *, rounds, warmup=2):
    """Seconds of each round, by the contestant's name."""
    context = multiprocessing.get_context("spawn")
    running = {}
    try:
        for contestant in contestants:
            ours, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(contestant, theirs), daemon=True)
            process.start()
            theirs.close()  # so that the death of the process ends our wait
            running[contestant.name] = ours, process
            for _ in range(warmup):  # one after the other: building is not measured
                _turn(ours)
        seconds = {name: [] for name in running}
        for _ in range(rounds):
            for name, (pipe, _) in running.items():
                seconds[name].append(_turn(pipe))
    finally:
        for pipe, process in running.values():
            pipe.close()
            process.terminate()
    return seconds


def table(title, seconds, against):
    """A Markdown table of medians, and of each time as a multiple of `against`'s."""
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    lines = [
        f"### {title}",
        "",
        f"| contestant | median, ms | fastest, ms | {against} takes this many times as long |",
        "| --- | ---: | ---: | ---: |",
    ]
    for name, median in medians.items():
        ratio = medians[against] / median
        lines.append(
            f"| {name} | {1000 * median:.0f} | {1000 * min(seconds[name]):.0f} | {ratio:.2f} |"
        )
    return "\n".join(lines) + "\n"


def machine(*packages):
    """A line about processor, cores and versions, for the foot of a table."""
    versions = []
    for package in packages:
        try:
            versions.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            versions.append(f"no {package}")
    return (
        f"{time.strftime('%Y-%m-%d')}, {_processor()}, {os.cpu_count()} cores, "
        f"Python {platform.python_version()}, {', '.join(versions)}.\n"
    )


def publish(name, text):
    """Print the tables and keep them in `benchmarks/results/<name>.md`."""
    print(text)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.md").write_text(text, encoding="utf-8")


def _turn(pipe):
    try:
        pipe.send("go")
        return pipe.recv()
    except (EOFError, BrokenPipeError):
        raise SystemExit("A contestant has died; what it said is above.") from None


def _serve(contestant, pipe):
    os.environ.update({"TF_CPP_MIN_LOG_LEVEL": "3"} | contestant.environment)
    step = contestant.prepare(**contestant.options)
    while True:
        try:
            pipe.recv()
        except EOFError:
            return
        start = time.perf_counter()
        step()
        pipe.send(time.perf_counter() - start)


def _processor():
    info = Path("/proc/cpuinfo")
    if not info.exists():
        return platform.processor()
    text = info.read_text()
    name = next((line for line in text.splitlines() if line.startswith("model name")), ": ?")
    flags = [flag for flag in ("avx2", "avx512f", "avx512_bf16", "amx_bf16") if flag in text]
    return f"{name.partition(':')[2].strip()} ({' '.join(flags)})"
