"""Residual networks."""

import keras

from tests.references.peers.golden import Golden, import_torchvision, keras_row


def rows():
    import_torchvision()
    import timm
    from torchvision import models as tv

    apps = keras.applications
    for model, build, depths, gain in (
        ("resnet50", apps.ResNet50, (3, 4, 6, 3), 0.7),
        ("resnet101", apps.ResNet101, (3, 4, 23, 3), 0.5),
        ("resnet152", apps.ResNet152, (3, 8, 36, 3), 0.5),
    ):
        ends = {f"stage{s}": f"conv{s + 1}_block{d}_out" for s, d in enumerate(depths, 1)}
        yield keras_row(model, build, ends, gain)
    ends = {f"stage{s}": f"layer{s}" for s in range(1, 5)}
    for model, gain in (
        ("resnet18", 1.0),
        ("resnet34", 0.7),
        ("resnet50", 0.7),
        ("resnet101", 0.5),
        ("resnet152", 0.5),
    ):
        yield Golden(model, "torchvision", getattr(tv, model), ends, gain, {})
    yield Golden("resnet50", "timm", lambda: timm.create_model("resnet50"), ends, 0.7, {})
