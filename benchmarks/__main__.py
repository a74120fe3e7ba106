"""Every bar of DESIGN section 9 in one go.

    python -m benchmarks all [--quick] [--only train_step prediction ...] [--out FOLDER]

Prints one table, with what was measured against each bar, and keeps it with the tables of the
programs in `benchmarks/results/`. `--quick` takes few rounds and keeps nothing, unless `--out`
names a folder. What needs images or weights looks for them in `DLZOO_TEST_DATA`. On two
quiet cores all of it takes about 25 minutes.
"""

import argparse
import importlib
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.bars import bars_table, measured_program
from benchmarks.side_by_side import RESULTS, machine, publish

PACKAGES = ("dlzoo", "keras", "tensorflow", "torch", "timm", "onnxruntime", "openvino")


@dataclass(frozen=True)
class Program:
    """A module of this package with `TITLE`, `PACKAGES` and `parts(**options)`."""

    name: str
    usual: dict[str, Any] = field(default_factory=dict)
    quick: dict[str, Any] = field(default_factory=dict)

    def measured(self, quick, folder):
        module = importlib.import_module(f"benchmarks.{self.name}")
        options = self.usual | (self.quick if quick else {})
        parts = module.parts(**options)
        return measured_program(
            self.name, module.TITLE, parts, module.PACKAGES, folder=folder, show=False
        )


PROGRAMS = (
    Program("train_step", {"rounds": 12}, {"rounds": 3}),
    Program("prediction", {"rounds": 12}, {"rounds": 3}),
    Program("fine_tune", {"rounds": 2}, {"rounds": 1}),
    # As good as fewer steps: 500 at this size take PyTorch ten minutes.
    Program("style", {"sides": (512,), "steps": 150}, {"rounds": 2, "steps": 0}),
    Program("start_up", {}, {"rounds": 2}),
)


def everything(programs, quick, folder):
    """The text of one table for all programs."""
    begin, rows = time.monotonic(), []
    for program in programs:
        rows += program.measured(quick, folder)
    verdicts = [row.met for row in rows]
    return (
        "# All bars, CPU\n\n"
        f"{bars_table(rows)}\n"
        f"{verdicts.count(True)} bars met, {verdicts.count(False)} not met, "
        f"{sum(bool(row.problem) for row in rows)} rows not measured, "
        f"in {(time.monotonic() - begin) / 60:.0f} minutes"
        f"{' with few rounds' if quick else ''}: `python -m benchmarks all`.\n\n"
        f"{machine(*PACKAGES)}"
    )


def main(arguments=None):
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("what", choices=["all"])
    parser.add_argument("--quick", action="store_true", help="few rounds, nothing kept")
    parser.add_argument("--only", nargs="+", choices=[program.name for program in PROGRAMS])
    parser.add_argument("--out", type=Path, help="where results go")
    chosen = parser.parse_args(arguments)
    folder = chosen.out or (None if chosen.quick or chosen.only else RESULTS)
    programs = [p for p in PROGRAMS if not chosen.only or p.name in chosen.only]
    publish("all", everything(programs, chosen.quick, folder), folder)


if __name__ == "__main__":
    main()
