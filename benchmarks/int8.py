"""int8 beside float32: size, latency and accuracy of MobileNetV2 by each engine.

    python -m benchmarks.int8 [--rounds 20] [--calibration FOLDER ...]

With the published weights, on the 100 photographs of `imagenet_100`; both are in the folder
that DLZOO_TEST_DATA names. Ranges are calibrated on other images, by default street scenes,
paintings and portraits of the same folder. Latency is that of one image of
224 x 224: float32 and int8 of all engines in turns, each in a process of its own.
"""

import argparse
import os
import statistics
import tempfile
from pathlib import Path

from benchmarks.side_by_side import Contestant, Failed, machine, measure, publish

NETWORK, SIDE, TURN = "mobilenet_v2", 224, 0.2
WEIGHTS = "mobilenet_v2_imagenet_keras.h5"
OTHERS = ("camvid/train/images", "style", "photographs_with_faces")
PRECISIONS = ("float32", "int8")
BAR = 0.02
PACKAGES = ("keras", "openvino", "nncf", "onnxruntime", "ai-edge-litert", "tensorflow")


def labelled(data):
    """Photographs and the numbers of their classes, which begin their names."""
    paths = sorted(Path(data, "imagenet_100").glob("*.jpg"))
    return [(path, int(path.name[:3])) for path in paths]


def exported(data, form, folder, calibration):
    """Write one format in float32 and int8; what both are worth."""
    import dlzoo

    weights = Path(data, "weights", WEIGHTS)
    model = dlzoo.create_model(NETWORK, weights, include_preprocessing=True)
    dlzoo.export(model, folder / "float32", form)
    int8 = dlzoo.export(
        model,
        folder / "int8",
        form,
        precision="int8",
        calibration=calibration,
        evaluate=labelled(data),
    )
    return int8.gain.sides


def one_image(folder):
    """A call of the predictor."""
    import numpy as np

    import dlzoo

    predict = dlzoo.predictor(folder, batch_size=1)
    image = np.random.default_rng(0).integers(0, 256, (1, SIDE, SIDE, 3), dtype="uint8")
    return lambda: predict(image)


def rows(sides, seconds):
    """Lines of the table."""
    for form, both in sides.items():
        medians = [1000 * statistics.median(seconds[f"{form}, {kind}"]) for kind in PRECISIONS]
        for kind, side, median in zip(PRECISIONS, both, medians, strict=True):
            yield (
                f"| {form} | {kind} | {side.size / 1e6:.1f} | {median:.1f} | "
                f"{medians[0] / median:.2f} | {side.top1:.2f} | {side.agreement:.0%} |"
            )


def report(data, rounds, calibration):
    from dlzoo.exporting import FORMATS

    forms = [name for name, form in FORMATS.items() if "int8" in form.precisions]
    with tempfile.TemporaryDirectory() as scratch:
        sides = {name: exported(data, name, Path(scratch, name), calibration) for name in forms}
        contestants = [
            Contestant(f"{name}, {kind}", one_image, {"folder": str(Path(scratch, name, kind))})
            for name in forms
            for kind in PRECISIONS
        ]
        seconds = measure(contestants, rounds=rounds, turn=TURN)
    lost = max(both[0].top1 - both[1].top1 for both in sides.values())
    head = (
        "| format | precision | size, MB | one image, ms | times as fast as float32 | top-1 | "
        "same class as float32 |\n| --- | --- | ---: | ---: | ---: | ---: | ---: |\n"
    )
    return (
        f"{head}{chr(10).join(rows(sides, seconds))}\n\nThe bar: at most {BAR} of top-1 lost; "
        f"lost at most: {lost:.2f} ({'met' if lost <= BAR + 1e-9 else '**not met**'}).\n\n"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--calibration", nargs="+")
    arguments = parser.parse_args()
    data = os.environ.get("DLZOO_TEST_DATA")
    if not data:
        raise Failed("DLZOO_TEST_DATA must name the folder with weights and photographs.")
    chosen = arguments.calibration or [str(Path(data, name)) for name in OTHERS]
    text = "# int8 beside float32, MobileNetV2 at 224 x 224, CPU\n\n"
    text += report(data, arguments.rounds, chosen)
    publish("int8", text + machine("dlzoo", *PACKAGES))


if __name__ == "__main__":
    main()
