"""MobileNetV2."""

import keras

from tests.references.peers.golden import Golden, import_torchvision, keras_row


def rows():
    import_torchvision()
    import timm
    from torchvision import models as tv

    mobile = ("expanded_conv_project_BN", "block_2_add", "block_5_add", "block_9_add",
              "block_12_add", "block_15_add", "block_16_project_BN")  # fmt: skip
    ends = {f"stage{s}": name for s, name in enumerate(mobile, 1)} | {"top": "out_relu"}
    for alpha in (0.35, 1.0, 1.4):
        yield keras_row("mobilenet_v2", keras.applications.MobileNetV2, ends, 1.0, alpha=alpha)

    places = enumerate((1, 3, 6, 10, 13, 16, 17), 1)
    ends = {f"stage{s}": f"features.{place}" for s, place in places} | {"top": "features.18"}
    for alpha in (0.5, 1.0):
        yield Golden(
            "mobilenet_v2",
            "torchvision",
            lambda alpha=alpha: tv.mobilenet_v2(width_mult=alpha),
            ends,
            1.0,
            {"alpha": alpha},
        )
    ends = {f"stage{s}": f"blocks.{s - 1}" for s in range(1, 8)} | {"top": "bn2"}
    for alpha in (0.5, 1.0, 1.4):
        yield Golden(
            "mobilenet_v2",
            "timm",
            lambda alpha=alpha: timm.create_model(f"mobilenetv2_{100 * alpha:03.0f}"),
            ends,
            1.0,
            {"alpha": alpha},
        )
