"""Which layers train: stages of a network, freezing, batch normalisation.

A batch normalisation that is not trainable runs in inference mode in Keras: it uses its
moving averages and leaves them alone. That is the only switch that holds everywhere:
`base(x, training=False)` in a nested model is overridden by `fit` (keras-team/keras#20285).
"""

import re
from collections.abc import Iterable

import keras

from dlzoo.layers.inside import sublayers

_STAGE_NAME = re.compile(r"stage(\d+)")


def batch_normalizations(model: keras.Model) -> list[keras.layers.Layer]:
    """Every batch normalisation of `model`, however deep inside."""
    kind = keras.layers.BatchNormalization
    return [layer for layer in sublayers(model) if isinstance(layer, kind)]


def train_only(
    model: keras.Model,
    layers: Iterable[keras.layers.Layer],
    *,
    freeze_batch_norm: bool = True,
) -> None:
    """Make `layers` trainable and everything else in `model` not.

    Args:
        model: Changed in place.
        layers: Layers of `model`, as in `network_stages`; all that is inside them counts.
        freeze_batch_norm: Keep batch normalisation of `layers` in inference mode, too.

    Example:
        >>> model = keras.Sequential([keras.layers.Dense(3), keras.layers.Dense(2)])
        >>> model.build((None, 4))
        >>> train_only(model, model.layers[1:])
        >>> [layer.trainable for layer in model.layers]
        [False, True]
    """
    chosen = {id(layer) for layer in layers}
    model.trainable = True
    for unit in _units(model):
        unit.trainable = id(unit) in chosen
    if freeze_batch_norm:
        for layer in batch_normalizations(model):
            layer.trainable = False


def network_stages(model: keras.Model) -> list[list[keras.layers.Layer]]:
    """The layers that have weights, in order, divided into the network's stages.

    Where layers are called `stage1...`, `stage2...`, as in dlzoo, these are the stages
    (what comes before is the first one, what comes after belongs to the last). Elsewhere
    a stage is what works at one resolution: it ends where the picture gets smaller.
    """
    units = [unit for unit in _units(model) if unit.weights]
    named = any(_STAGE_NAME.match(unit.name) for unit in units)
    stages: list[list[keras.layers.Layer]] = []
    current = None
    for unit in units:
        mark = _named_stage(unit, current) if named else _resolution(unit, current)
        if not stages or mark != current:
            stages.append([])
            current = mark
        stages[-1].append(unit)
    return stages


def changing_variables(model: keras.Model) -> list:
    """The variables that training changes: weights, moving averages, random seeds."""
    frozen = {
        id(variable)
        for layer in sublayers(model)
        if not layer.trainable
        for variable in layer.weights
    }
    return [variable for variable in model.variables if id(variable) not in frozen]


def limit_batch_norm_momentum(model: keras.Model, steps_per_epoch: int) -> None:
    """Let trainable batch normalisation forget within an epoch.

    Moving averages remember about `1 / (1 - momentum)` batches. The 0.999 that networks
    bring from ImageNet (1,000 batches) is some forty epochs of a small data set, during
    which the network is tested with the statistics of a network that it was long ago.
    """
    limit = max(0.9, 1 - 1 / steps_per_epoch)
    for layer in batch_normalizations(model):
        if layer.trainable:
            layer.momentum = min(layer.momentum, limit)


def _units(model):
    """The layers of a model and of the models nested in it, but not inside layers."""
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _units(layer)
        else:
            yield layer


def _named_stage(unit, current):
    match = _STAGE_NAME.match(unit.name)
    return match.group(1) if match else current


def _resolution(unit, current):
    shape = unit.output.shape
    return tuple(shape[1:-1]) if len(shape) == 4 else current
