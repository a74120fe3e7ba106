"""Any style in one pass: the statistics of the style's features put upon the content's.

Source: Huang and Belongie 2017, https://arxiv.org/abs/1703.06868, section 5.

A frozen network, the encoder, reads both pictures (VGG-19 up to relu4_1 in the paper); `AdaIN`
gives the content's features the mean and standard deviation of the style's; the decoder, the
encoder's mirror image, makes a picture of them. Only the decoder learns. As in the paper it has
no normalisation, mirrors its borders, and enlarges by repeating pixels.

Departures: the encoder pads with zeros, as it was trained (the authors exchanged that for
mirrored borders in VGG, too); a content whose sides the encoder's stride does not divide comes
out in its own size.

Example:
    >>> encoder = keras.Sequential([keras.Input((None, None, 3))] + [
    ...     keras.layers.Conv2D(4, 3, padding="same"), keras.layers.MaxPooling2D(),
    ...     keras.layers.Conv2D(8, 3, padding="same")])
    >>> model = adain(encoder=encoder)
    >>> picture = model({
    ...     "content": keras.ops.ones((1, 45, 50, 3)),
    ...     "style": keras.ops.zeros((1, 32, 40, 3)),
    ...     "strength": keras.ops.ones((1, 1))})
    >>> tuple(picture.shape)
    (1, 45, 50, 3)
"""

import keras

from dlzoo._checks import check_choice
from dlzoo.errors import WeightsError
from dlzoo.layers import AdaIN, PadToMultiple, ReflectionConv2D
from dlzoo.models import loading
from dlzoo.models.classifier import Conventions, Design
from dlzoo.models.network import BuiltAs, Network
from dlzoo.models.taps import features
from dlzoo.models.transformer_net import check_picture_shape, to_picture
from dlzoo.weights.porting import Top

NAME, ORIGIN = "adain", "paper"
ENCODER = "vgg19"
RELU4_1 = "stage4_conv1"
_PROBE = 512  # pixels: a side that encoders halve without a rest


def decoder_steps(encoder):
    """What mirrors an encoder: `(channels, upsample)` of each convolution of the decoder.

    Whatever has a kernel is mirrored by one convolution to as many channels as went in; where
    sides shrank they grow, before the convolution if it strides, after it if pooling came
    first.

    Args:
        encoder: A functional model from images to one feature map.

    Example:
        >>> from dlzoo.models import vgg19
        >>> decoder_steps(features(vgg19(classes=0), ["stage2_conv1"]))
        [(64, 1), (64, 2), (3, 1)]
    """
    probe = keras.KerasTensor((1, _PROBE, _PROBE, 3))
    whole = keras.Model(encoder.inputs, [layer.output for layer in encoder.layers])
    units = []
    side, channels, shrunk = _PROBE, 3, 1
    for layer, spec in zip(encoder.layers, whole.compute_output_spec(probe), strict=True):
        factor, side = round(side / spec.shape[1]), spec.shape[1]
        if any(len(weight.shape) == 4 for weight in layer.weights):
            units.append((channels, shrunk, factor))
            channels, shrunk = spec.shape[-1], 1
        else:
            shrunk *= factor
    steps, before = [], 1
    for channels, pooled, strided in reversed(units):
        steps.append((channels, before * strided))
        before = pooled
    return steps


def _network(encoder, input_shape, options, name):
    """Wire it around an encoder that gives one feature map."""
    steps = decoder_steps(encoder)
    stride = 1
    for _, upsample in steps:
        stride *= upsample
    content = keras.Input(input_shape, name="content")
    style = keras.Input((None, None, 3), name="style")
    strength = keras.Input((1,), name="strength")
    x = BuiltAs(NAME, ORIGIN, options, dtype="float32")(content)
    x = PadToMultiple(stride, dtype="float32", name="pad")(x)
    x = AdaIN(name="adain")([encoder(x), encoder(style), strength])
    for number, (channels, upsample) in enumerate(steps[:-1], 1):
        x = ReflectionConv2D(
            channels, 3, upsample=upsample, normalise=False, name=f"decode{number}"
        )(x)
    inputs = {"content": content, "style": style, "strength": strength}
    return Network(inputs, to_picture(x, 3, content, steps[-1][1]), name=name or NAME)


def _encoder(encoder, layer, weights):
    """A frozen model from raw RGB to the features of `layer`, under the name "encoder"."""
    if not isinstance(encoder, keras.Model):
        from dlzoo.models import create_model

        encoder = create_model(encoder, weights, 0, (None, None, 3), include_preprocessing=True)
    elif weights is not None:
        raise ValueError(
            f"{NAME}: encoder_weights must be None for a model, which has its own; got "
            f"{weights!r}."
        )
    output = encoder.output if layer is None else features(encoder, [layer]).output[layer]
    if isinstance(output, (dict, list, tuple)) or len(output.shape) != 4:
        raise ValueError(
            f"{NAME}: encoder must end in one feature map (batch, height, width, channels), "
            f"because the style is its mean and standard deviation; got {output}. Name a layer."
        )
    cut = Network(encoder.inputs, output, name="encoder")
    cut.trainable = False
    return cut


def _design(encoder=None, layer=None):
    """For files of weights; `encoder` is a name of the zoo."""
    if encoder is None:
        raise WeightsError(
            f"{NAME}: weights alone load only where the encoder is a network of the zoo, "
            f"because its layers are in the file, too. Load the whole model: "
            f"keras.saving.load_model(path)."
        )
    cut = _encoder(encoder, layer, None)
    skeleton = _network(cut, (None, None, 3), {}, None)
    paths = dict.fromkeys(path.rpartition("/")[0] for path in loading.variables(skeleton))
    inside = {path.rpartition("/")[0] for path in loading.variables(cut)}
    return Design(
        name=NAME,
        body=lambda image, conventions: image,
        origins={ORIGIN: Conventions(use_bias=True)},
        options={"encoder": encoder, "layer": layer},
        layouts={"dlzoo": [(p, f"encoder/{p}" if p in inside else p) for p in paths]},
        top=Top(heads=()),
    )


loading.register(NAME, _design)


def adain(
    weights=None,
    input_shape=(None, None, 3),
    *,
    encoder=ENCODER,
    layer=None,
    encoder_weights=None,
    origin=None,
    name=None,
) -> keras.Model:
    """Fast style transfer to any style; with VGG-19 3.51 M parameters, those of the decoder.

    Args:
        weights: None for a random decoder, or the path of one of dlzoo's own files, which
            holds the encoder, too.
        input_shape: Of the content, `(height, width, 3)` in pixels; None for any side.
        encoder: A name of the zoo, or a functional model from raw RGB to a feature map.
        layer: Name of its layer that is read; None means `"stage4_conv1"` (the paper's
            relu4_1) of a network by name, and the end of a model.
        encoder_weights: Of a network by name, as in its builder. Without any it is random,
            and the pictures are, too.
        origin: `"paper"`, the only one.
        name: Of the model.

    Returns:
        A functional `keras.Model` of a dict `content`: raw RGB of 0 to 255, `(batch, height,
        width, 3)`; `style`: the same in any size; `strength`: `(batch, 1)`, 0 for the content
        as the decoder remembers it, 1 for all of the style. It gives pictures of the content's
        shape, which may leave 0 to 255 a little: round and clip them.

    Raises:
        ValueError: An argument is not allowed; `dlzoo.errors.WeightsError` where the weights
            cannot be had or do not fit.
    """
    check_picture_shape(NAME, input_shape)
    if origin is not None:
        check_choice(NAME, "origin", origin, (ORIGIN,))
    options = {"encoder": None, "layer": layer}
    if not isinstance(encoder, keras.Model):
        layer = layer or RELU4_1
        options = {"encoder": encoder, "layer": layer}
    source = None
    if weights is not None:
        source = loading.open_source(_design(**options), weights, origin)
    cut = _encoder(encoder, layer, encoder_weights)
    model = _network(cut, input_shape, options, name)
    if source is not None:
        model.load_report = loading.assign(model, source)
    return model
