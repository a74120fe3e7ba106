"""MobileNet, the first."""

import keras

from tests.references.peers.golden import Golden, import_torchvision, keras_row


def rows():
    import_torchvision()
    import timm

    last = enumerate((1, 3, 5, 11, 13), 1)
    ends = {f"stage{stage}": f"conv_pw_{block}_relu" for stage, block in last}
    for alpha in (0.25, 1.0):
        yield keras_row("mobilenet", keras.applications.MobileNet, ends, 1.0, alpha=alpha)
    ends = {f"stage{stage}": f"blocks.{stage - 1}" for stage in range(1, 6)}
    for alpha in (1.0, 1.25):
        yield Golden(
            "mobilenet",
            "timm",
            lambda alpha=alpha: timm.create_model(f"mobilenetv1_{100 * alpha:03.0f}"),
            ends,
            1.0,
            {"alpha": alpha},
        )
