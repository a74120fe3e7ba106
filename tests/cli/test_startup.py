"""Starting up: quick, quiet, and with exit codes that mean something."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

import dlzoo
from dlzoo.cli.app import VERBS
from tests.cli.run import run

HEAVY = ("keras", "tensorflow", "jax", "torch", "sklearn", "matplotlib")

IMPORTED = f"""
import json, sys
from dlzoo.cli import main
try:
    main(sys.argv[1:])
except SystemExit as end:
    print(json.dumps([end.code, [name for name in {HEAVY} if name in sys.modules]]))
"""


@pytest.mark.parametrize("arguments", [[], *([verb] for verb in VERBS), ["visualize", "cam"]])
def test_help_imports_nothing_heavy(arguments):
    done = subprocess.run(
        [sys.executable, "-c", IMPORTED, *arguments, "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout.splitlines()[-1]) == [0, []]
    assert "Usage: dlzoo" in done.stdout


@pytest.mark.parametrize("arguments", [["models"], ["card", "resnet18"]])
def test_lists_import_nothing_heavy(arguments):
    done = subprocess.run(
        [sys.executable, "-c", IMPORTED, *arguments],
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout.splitlines()[-1]) == [0, []]


def test_help_lists_every_verb():
    shown = run("--help").stdout
    for verb in VERBS:
        assert f" {verb} " in shown
    assert run().returncode == 2  # no verb: the help, but nothing was done


def test_version():
    assert run("--version").stdout == f"{dlzoo.__version__}\n"


def test_an_error_is_one_line_without_traceback():
    done = run("card", "resnet51")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: no network is called 'resnet51'; did you mean")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("place", [0, 1, 2])
def test_debug_shows_the_traceback(place):
    arguments = ["card", "resnet51"]
    arguments.insert(place, "--debug")
    done = run(*arguments)
    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert "ValueError: no network is called 'resnet51'" in done.stderr


@pytest.mark.parametrize("arguments", [["card"], ["models", "--tsk", "x"], ["modls"]])
def test_wrong_usage(arguments):
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Usage: dlzoo" in done.stderr


VERB = """
import sys, time, types
from dlzoo.cli import app

def verb():
    '''A verb.'''
    {body}

module = types.ModuleType("a_verb")
module.verb = verb
sys.modules["a_verb"] = module
app.VERBS["verb"] = "a_verb:verb"
app.main(["verb"])
"""


def start(body):
    return subprocess.Popen(
        [sys.executable, "-c", VERB.format(body=body)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.skipif(os.name == "nt", reason="signals are different on Windows")
def test_interrupted():
    # A shell's background job, and what it starts, would ignore the signal.
    heard = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    process = start(f"{heard}; print('started', flush=True); time.sleep(60)")
    assert process.stdout.readline() == "started\n"
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 130
    assert errors == "Interrupted. Run the same command again to continue.\n"


def test_a_bug_names_itself():
    _, errors = (process := start("return {}['key']")).communicate(timeout=20)
    assert process.returncode == 1
    assert errors == "KeyError: 'key' (--debug shows where)\n"


def test_an_operating_system_error():
    _, errors = (process := start("open('/no/such/file')")).communicate(timeout=20)
    assert process.returncode == 1
    assert errors == "Error: [Errno 2] No such file or directory: '/no/such/file'\n"


@pytest.mark.slow
def test_tensorflow_starts_without_a_word():
    pytest.importorskip("tensorflow", reason="tensorflow is not installed")
    body = "import os; os.environ['KERAS_BACKEND'] = 'tensorflow'; import keras; " + (
        "print(float(keras.ops.convert_to_numpy(keras.ops.sum(keras.ops.ones(3)))))"
    )
    environment = dict(os.environ)
    environment.pop("TF_CPP_MIN_LOG_LEVEL", None)
    command = [sys.executable, "-W", "ignore", "-c", VERB.format(body=body)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert (done.returncode, done.stdout, done.stderr) == (0, "3.0\n", "")


def test_backends_are_quiet_unless_asked():
    body = "import os; print(os.environ['TF_CPP_MIN_LOG_LEVEL'])"
    for value, expected in ((None, "3"), ("0", "0")):
        environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": value or ""}
        if value is None:
            del environment["TF_CPP_MIN_LOG_LEVEL"]
        command = [sys.executable, "-c", VERB.format(body=body)]
        shown = subprocess.check_output(command, env=environment, text=True)
        assert shown == f"{expected}\n"
