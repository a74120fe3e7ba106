"""The verbs, and what they share: errors on one line, exit codes, quiet backends.

Exit codes: 0 done, 1 an error, 2 wrong usage, 130 interrupted.
"""

import functools
import importlib
import sys
from collections.abc import Callable
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text
from typer.core import TyperGroup

from dlzoo.cli.quiet import silence_backends

# verb -> where its function is, or a pair: what the verbs below it do, and their functions.
# Modules are imported when needed, and must not import Keras or a backend themselves, so
# that `--help` is quick.
VERBS = {
    "models": "dlzoo.cli.models:models",
    "card": "dlzoo.cli.card:card",
    "profile": "dlzoo.cli.profile:profile",
    "bench": "dlzoo.cli.bench:bench",
    "export": "dlzoo.cli.exporting:export",
    "fine-tune": "dlzoo.cli.fine_tune:fine_tune",
    "predict": "dlzoo.cli.predict:predict",
    "segment": "dlzoo.cli.segment:segment",
    "detect": "dlzoo.cli.detect:detect",
    "anchors": "dlzoo.cli.anchors:anchors",
    "stylize": "dlzoo.cli.stylize:stylize",
    "train-style": "dlzoo.cli.train_style:train_style",
    "verify": "dlzoo.cli.verify:verify",
    "faces": "dlzoo.cli.faces:faces",
    "visualize": "dlzoo.cli.visualize:visualize",
    "demo": "dlzoo.cli.demo:demo",
}


class _Verbs(TyperGroup):
    """The commands of `VERBS`, each imported when it is asked for."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in VERBS:
            return None
        module, _, name = VERBS[cmd_name].partition(":")
        found = getattr(importlib.import_module(module), name)
        about, functions = found if isinstance(found, tuple) else (None, {cmd_name: found})
        verb = typer.Typer(add_completion=False, no_args_is_help=bool(about), help=about)
        for below, function in functions.items():
            verb.command(below)(_guarded(function, debug=ctx.params.get("debug", False)))
        command = typer.main.get_command(verb)
        command.name = cmd_name
        return command


app = typer.Typer(
    cls=_Verbs,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        from dlzoo import __version__

        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _dlzoo(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_show_version,
            is_eager=True,
            help="Show the version and leave.",
        ),
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the traceback of an error.")
    ] = False,
) -> None:
    """The classic deep-learning networks of computer vision for Keras 3."""


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and leave with its exit code."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    if "--debug" in arguments:  # allowed after the verb too
        arguments.remove("--debug")
        arguments.insert(0, "--debug")
    silence_backends()
    typer.main.get_command(app)(args=arguments, prog_name="dlzoo")


def _guarded(function: Callable[..., Any], *, debug: bool) -> Callable[..., Any]:
    """`function`, whose errors end the program with one line and an exit code."""

    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except KeyboardInterrupt:
            _complain("Interrupted. Run the same command again to continue.")
            raise typer.Exit(130) from None
        except (typer.Exit, typer.Abort, typer.BadParameter, BrokenPipeError):
            raise  # Typer's own
        except Exception as error:
            if debug:
                raise
            _complain(_in_words(error))
            raise typer.Exit(1) from None

    return run


def _in_words(error: Exception) -> str:
    if isinstance(error, (ValueError, OSError)):
        return f"Error: {error}"
    return f"{type(error).__name__}: {error} (--debug shows where)"


def _complain(message: str) -> None:
    Console(stderr=True).print(Text(message, style="red"), soft_wrap=True)
