"""Starting up and memory: `import dlzoo`, building ResNet-50, the most memory of a process.

    python -m benchmarks.start_up [--rounds 8]

Importing is measured in fresh processes that take turns; with dlzoo it includes all that
registers itself with Keras. Memory is the peak of a fresh process (VmHWM), of which the
imported backend is a large part: prediction with batch 8 at 224 x 224, and three training
steps with batch 16.
"""

import argparse
import functools
import os
import statistics
import subprocess
import sys
import tempfile

from benchmarks.bars import Missing, Part, Row, measured_program
from benchmarks.side_by_side import Contestant, Failed, measure, ratio, table

TITLE = "Start-up and memory, CPU"
PACKAGES = ("tensorflow",)
BACKEND = {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3"}
IMPORTS = {
    "import keras": "import keras",
    "import dlzoo; import keras": "import dlzoo; import keras",
    "import dlzoo": "import dlzoo",
}
PREDICTION, STEP = "prediction, ResNet-50, batch 8", "training step, ResNet-50, batch 16"
APPLICATIONS, ZOO = "keras.applications", "dlzoo"
PREDICTOR, EXPORTED = "dlzoo.predictor", "dlzoo.predictor of an exported folder"
MODELS = {  # code that makes the model
    APPLICATIONS: "import keras; model = keras.applications.ResNet50(weights=None)",
    ZOO: "import dlzoo; model = dlzoo.models.resnet50(origin='keras')",
    PREDICTOR: """
import dlzoo, keras
keras.utils.set_random_seed(0)  # the predictor is found again in the cache
model = dlzoo.models.resnet50(origin="keras", include_preprocessing=True)
""",
    EXPORTED: "import dlzoo; model = {folder!r}",
}
IMAGES = "import numpy; images = numpy.full((8, 224, 224, 3), 128, 'float32')\n"
PREDICT = IMAGES + "model.predict(images, verbose=0)"
FAST = IMAGES + "dlzoo.predictor(model, batch_size=8)(images)"
TRAIN = """
from benchmarks.train_step import keras_step
step = keras_step(model)
step(), step(), step()
"""
WORK = {  # what is done with it
    (PREDICTION, APPLICATIONS): PREDICT,
    (PREDICTION, ZOO): PREDICT,
    (PREDICTION, PREDICTOR): FAST,
    (PREDICTION, EXPORTED): FAST,
    (STEP, APPLICATIONS): TRAIN,
    (STEP, ZOO): TRAIN,
}
PEAK = """
with open("/proc/self/status") as file:
    print(next(line for line in file if line.startswith("VmHWM")).split()[1])
"""


def imported(code):
    """Time a fresh process that imports something."""
    command = [sys.executable, "-c", code]
    return lambda: subprocess.run(command, check=True)


def imports(rounds):
    contestants = [Contestant(n, imported, {"code": c}, BACKEND) for n, c in IMPORTS.items()]
    contestants.append(Contestant("an empty program", imported, {"code": ""}))
    seconds = measure(contestants, rounds=rounds, warmup=1)
    slower = 1 / ratio(seconds, "import keras", "import dlzoo; import keras")
    return table("Importing", seconds, "import keras"), [slower]


def building(theirs):
    """Build ResNet-50 with random weights, as the first network of a program."""
    import keras

    import dlzoo

    build = dlzoo.models.resnet50
    if theirs:
        build = functools.partial(keras.applications.ResNet50, weights=None)

    def step():
        keras.backend.clear_session()
        build()

    return step


def builds(rounds):
    contestants = [
        Contestant(name, building, {"theirs": name == APPLICATIONS}, BACKEND)
        for name in (APPLICATIONS, ZOO)
    ]
    seconds = measure(contestants, rounds=rounds, warmup=1)
    slower = 1 / ratio(seconds, APPLICATIONS, ZOO)
    return table("Building ResNet-50", seconds, APPLICATIONS), [slower]


def run(code, environment):
    """What a fresh process prints."""
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode:
        raise Failed(done.stderr.strip().splitlines()[-1])
    return done.stdout


def megabytes(work, who, scratch):
    """The most memory of a fresh process, in 10**6 bytes."""
    model = MODELS[who].format(folder=f"{scratch}/exported")
    environment = os.environ | BACKEND | {"DLZOO_CACHE": scratch}
    said = run(f"{model}\n{WORK[work, who]}\n{PEAK}", environment)
    return int(said.split()[-1]) * 1024 / 1e6


def memory(rounds, asked):
    """Each of `asked`, pairs of work and who, in fresh processes by turns."""
    if not os.path.exists("/proc/self/status"):
        raise Missing("only Linux tells a process's peak memory")
    found = {pair: [] for pair in asked}
    with tempfile.TemporaryDirectory() as scratch:
        if (PREDICTION, EXPORTED) in found:
            write = f"{MODELS[PREDICTOR]}\ndlzoo.export(model, {scratch + '/exported'!r})"
            run(write, os.environ | BACKEND | {"DLZOO_CACHE": scratch})
        if (PREDICTION, PREDICTOR) in found:
            megabytes(PREDICTION, PREDICTOR, scratch)  # writes what is cached
        for _ in range(rounds):
            for pair, values in found.items():
                values.append(megabytes(*pair, scratch))
    medians = {pair: statistics.median(values) for pair, values in found.items()}
    text = "| work | who | peak memory, MB |\n| --- | --- | ---: |\n"
    for (work, who), median in medians.items():
        text += f"| {work} | {who} | {median:,.0f} |\n"
    return text, [
        median / medians[work, APPLICATIONS]
        for (work, who), median in medians.items()
        if who != APPLICATIONS
    ]


def parts(rounds=8):
    yield Part(
        "importing",
        (Row("`import dlzoo` and Keras, seconds", "`import keras`", at_most=1.1),),
        functools.partial(imports, rounds),
    )
    yield Part(
        "building ResNet-50",
        (Row("building ResNet-50, seconds", APPLICATIONS, at_most=1.0),),
        functools.partial(builds, rounds),
    )
    for own in ((ZOO, PREDICTOR, EXPORTED), (ZOO,)):
        work = STEP if own == (ZOO,) else PREDICTION
        yield Part(
            f"memory of a {work}",
            tuple(Row(f"peak memory, {work}, {who}", APPLICATIONS) for who in own),
            functools.partial(
                memory, min(rounds, 3), [(work, who) for who in (APPLICATIONS, *own)]
            ),
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=8)
    arguments = parser.parse_args()
    measured_program("start_up", TITLE, parts(**vars(arguments)), PACKAGES)


if __name__ == "__main__":
    main()
