"""VGG."""

import keras

from tests.references.peers.golden import Golden, import_torchvision, keras_row

DEPTHS = {"vgg16": (2, 2, 3, 3, 3), "vgg19": (2, 2, 4, 4, 4)}


def rows():
    import_torchvision()
    import timm
    from torchvision import models as tv

    apps = keras.applications
    for model, build in (("vgg16", apps.VGG16), ("vgg19", apps.VGG19)):
        depths = DEPTHS[model]
        ends = {f"stage{s}": f"block{s}_conv{depth}" for s, depth in enumerate(depths, 1)}
        yield keras_row(model, _without_option(build), ends | {"top_pool": "block5_pool"}, 1.0,
                        batch_norm=False)  # fmt: skip
        for batch_norm in (False, True):
            name = f"{model}_bn" if batch_norm else model
            ends, place = {}, 0
            for stage, depth in enumerate(depths, 1):
                place += depth * (3 if batch_norm else 2)
                ends[f"stage{stage}"] = f"features.{place - 1}"
                place += 1
            ends["top_pool"] = f"features.{place - 1}"
            options = {"batch_norm": batch_norm}
            yield Golden(model, "torchvision", getattr(tv, name), ends, 1.0, options)
    yield Golden(
        "vgg16",
        "timm",
        lambda: timm.create_model("vgg16"),
        ends_of_timm(),
        1.0,
        {"batch_norm": False},
    )


def ends_of_timm():
    return {"stage5": "features.29", "top_pool": "features.30"}


def _without_option(build):
    """keras.applications has no `batch_norm`."""
    return lambda batch_norm, **arguments: build(**arguments)
