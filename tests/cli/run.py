"""Run the command as a user does, in a process of its own, or where Keras is there already.

A test of how a command starts, of what the backend says meanwhile, or that reads what another
wrote, needs `run`; what a verb makes of its arguments is the same in `here`, 5 s sooner.
"""

import contextlib
import io
import os
import subprocess
import sys
from unittest import mock

import pytest

from dlzoo.cli import main

PLAIN = {"COLUMNS": "100", "NO_COLOR": "1"}


def run(*arguments, **environment):
    """`dlzoo ARGUMENTS`, piped; standard output and error are in the result."""
    return subprocess.run(
        [sys.executable, "-m", "dlzoo", *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, **PLAIN, **environment},
    )


def here(*arguments):
    """The same in this process."""
    out, err = io.StringIO(), io.StringIO()
    with (
        mock.patch.dict(os.environ, PLAIN),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        pytest.raises(SystemExit) as end,
    ):
        main([str(each) for each in arguments])
    return subprocess.CompletedProcess(
        arguments, end.value.code, out.getvalue(), err.getvalue()
    )


def on_a_terminal(*arguments):
    """The same on a pseudo-terminal; what it would show."""
    import pty

    shown = []

    def read(handle):
        data = os.read(handle, 4096)
        shown.append(data)
        return data

    with open(os.devnull, "w") as nowhere:
        kept = os.dup(1)
        os.dup2(nowhere.fileno(), 1)  # pty.spawn copies to standard output
        try:
            pty.spawn([sys.executable, "-m", "dlzoo", *arguments], read)
        finally:
            os.dup2(kept, 1)
            os.close(kept)
    return b"".join(shown).decode()
