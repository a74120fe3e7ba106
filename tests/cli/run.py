"""Run the command as a user does: in a process of its own."""

import os
import subprocess
import sys


def run(*arguments, **environment):
    """`dlzoo ARGUMENTS`, piped; standard output and error are in the result."""
    return subprocess.run(
        [sys.executable, "-m", "dlzoo", *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "COLUMNS": "100", "NO_COLOR": "1", **environment},
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
