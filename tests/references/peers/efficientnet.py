"""EfficientNet: keras.applications, torchvision, timm in both its forms."""

import keras

from tests.references.peers.golden import Golden, import_torchvision

BLOCKS = (1, 2, 2, 3, 3, 4, 1)
DEPTHS = (1.0, 1.1, 1.2, 1.4, 1.8, 2.2, 2.6, 3.1)
GAINS = (1.0, 1.0, 1.0, 0.9, 0.9, 0.8, 0.75, 0.7)


def rows():
    import_torchvision()
    import timm
    from torchvision import models as tv

    for phi, (depth, gain) in enumerate(zip(DEPTHS, GAINS, strict=True)):
        name = f"efficientnet_b{phi}"
        stages = range(1, 8) if phi == 0 else (3, 6)  # small files for the others
        yield Golden(name, "keras", body_of_keras(phi), keras_ends(depth, stages), gain, {})
        ends = {f"stage{s}": f"features.{s}" for s in stages} | {"top": "features.8"}
        yield Golden(name, "torchvision", getattr(tv, name), ends, gain, {})
        ends = {f"stage{s}": f"blocks.{s - 1}" for s in stages} | {"top": "bn2"}
        for prefix, options in (("tf_", {"origin": "tf"}), ("", {})):
            if prefix or phi in (0, 5, 6, 7):  # between, torchvision's conventions are timm's
                yield Golden(
                    name,
                    "timm",
                    lambda name=prefix + name: timm.create_model(name),
                    ends,
                    gain,
                    options,
                )


def keras_ends(depth, stages):
    """Where keras.applications' stages end: at a sum, or without one at a projection."""
    ends = {}
    for stage in stages:
        count = -int(-BLOCKS[stage - 1] * depth // 1)
        last = f"block{stage}{chr(ord('a') + count - 1)}"
        ends[f"stage{stage}"] = f"{last}_add" if count > 1 else f"{last}_project_bn"
    return ends | {"top": "top_activation"}


def body_of_keras(phi):
    """keras.applications' network without the preprocessing that it has inside."""
    build = getattr(keras.applications, f"EfficientNetB{phi}")

    def without(layer):
        if isinstance(layer, (keras.layers.Rescaling, keras.layers.Normalization)):
            return keras.layers.Identity(name=layer.name)
        return type(layer).from_config(layer.get_config())

    def reference(input_shape):
        whole = build(weights=None, input_shape=input_shape, classifier_activation=None)
        return keras.models.clone_model(whole, clone_function=without)

    return reference
