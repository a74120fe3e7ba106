"""Several networks as one: averages, and snapshots of a single training."""

from collections.abc import Sequence

import keras
from keras import layers

from dlzoo._checks import check_positive_int
from dlzoo.layers import ClassLabels


def ensemble(models: Sequence[keras.Model], *, name: str = "ensemble") -> keras.Model:
    """One model that answers the average of what `models` answer.

    Averages of probabilities are meant (the course: "train several networks independently
    and average their outputs, not their weights"). It costs as much as all members
    together.

    Args:
        models: Built models with the same inputs and outputs, of any architectures: what
            `fine_tune` returns, `Snapshots.models()`, or your own. They are copied.
        name: Of the result.

    Returns:
        A `keras.Model` that is saved and loaded like any other. Where the members end in
        the names of their answers (`dlzoo.layers.ClassLabels`), it does, too, so that
        `dlzoo.predict` gives them.

    Raises:
        ValueError: There are no models, or their inputs, outputs or class names differ.

    Example:
        >>> def member():
        ...     return keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, "softmax")])
        >>> ensemble([member(), member()]).output_shape
        (None, 3)
    """
    models = list(models)
    _check(models)
    several = len(models[0].inputs) > 1
    inputs = models[0].input if several else models[0].inputs[0]
    inputs = keras.tree.map_structure(_same_input, inputs)
    members = [_unlabelled(_copy(m, f"member{n}")) for n, m in enumerate(models, start=1)]
    answers = [member(inputs) for member in members]
    average = answers[0]
    if len(answers) > 1:
        average = keras.tree.map_structure(_average, *answers)
    if any(layer is not None for layer in _labels(models[0])):
        average = keras.tree.map_structure(_label, models[0].output, average)
    return keras.Model(inputs, average, name=name)


class Snapshots(keras.callbacks.Callback):
    """Keeps the weights at the end of each cycle of the learning rate.

    A snapshot ensemble costs one training: the rate falls to zero along a cosine, jumps up
    again, and so visits one minimum after the other (Huang et al. 2017,
    https://arxiv.org/abs/1704.00109, equation 2). Keras has the rate, `CosineDecayRestarts`
    with `t_mul=1`; `schedule` builds it for the same cycles.

    Args:
        cycles: The number of cycles; the epochs of `fit` must be a multiple of it.

    Raises:
        ValueError: At the start of `fit`, if the epochs are no multiple of `cycles`.

    Example:
        >>> snapshots = Snapshots(cycles=5)
        >>> rate = snapshots.schedule(0.1, epochs=50, steps_per_epoch=100)
        >>> [round(float(rate(step)), 3) for step in (0, 500, 999, 1000)]
        [0.1, 0.05, 0.0, 0.1]

    Then `model.fit(..., epochs=50, callbacks=[snapshots])` with `SGD(rate)`, and
    `ensemble(snapshots.models(last=3))`.
    """

    def __init__(self, cycles):
        super().__init__()
        check_positive_int("Snapshots", "cycles", cycles)
        self.cycles = cycles
        self.weights = []

    def schedule(
        self, learning_rate: float, epochs: int, steps_per_epoch: int
    ) -> keras.optimizers.schedules.CosineDecayRestarts:
        """The rate that falls from `learning_rate` to zero in each cycle."""
        self._check_epochs(epochs)
        check_positive_int("Snapshots", "steps_per_epoch", steps_per_epoch)
        return keras.optimizers.schedules.CosineDecayRestarts(
            learning_rate, epochs // self.cycles * steps_per_epoch, t_mul=1.0
        )

    def models(self, last: int | None = None) -> list[keras.Model]:
        """Copies of the trained model with the weights of the `last` snapshots (or all).

        Raises:
            ValueError: There are fewer snapshots.
        """
        last = len(self.weights) if last is None else last
        check_positive_int("Snapshots", "last", last)
        if last > len(self.weights):
            raise ValueError(
                f"Snapshots: last must be at most {len(self.weights)}, the snapshots that "
                f"training left; got {last}."
            )
        copies = []
        for weights in self.weights[-last:]:
            copy = _copy(self.model, self.model.name)
            copy.set_weights(weights)
            copies.append(copy)
        return copies

    def on_train_begin(self, logs=None):
        self._check_epochs(self.params["epochs"])
        self.weights = []

    def on_epoch_end(self, epoch, logs=None):
        if (epoch + 1) % (self.params["epochs"] // self.cycles) == 0:
            self.weights.append(self.model.get_weights())

    def _check_epochs(self, epochs):
        check_positive_int("Snapshots", "epochs", epochs)
        if epochs % self.cycles:
            raise ValueError(
                f"Snapshots: epochs must be a multiple of cycles={self.cycles}, so that "
                f"cycles end with an epoch; got {epochs}."
            )


def _copy(model, name):
    """A model of its own with the same layers and weights, not compiled."""
    config = keras.saving.serialize_keras_object(model)
    config.pop("compile_config", None)
    config["config"]["name"] = name
    copy = keras.saving.deserialize_keras_object(config)
    copy.set_weights(model.get_weights())
    return copy


def _same_input(tensor):
    return keras.Input(tensor.shape[1:], dtype=tensor.dtype, name=tensor.name)


def _average(*answers):
    return layers.Average(dtype="float32")(list(answers))


def _labels(model):
    """The layer at each output that names the answers, or None."""
    last = [tensor._keras_history.operation for tensor in model.outputs]
    return [layer if isinstance(layer, ClassLabels) else None for layer in last]


def _unlabelled(model):
    """`model` up to the names of its answers, which the ensemble has once for all."""
    if not any(layer is not None for layer in _labels(model)):
        return model
    return keras.Model(
        model.inputs, keras.tree.map_structure(_before_labels, model.output), name=model.name
    )


def _before_labels(tensor):
    history = tensor._keras_history
    if not isinstance(history.operation, ClassLabels):
        return tensor
    return history.operation._inbound_nodes[history.node_index].input_tensors[0]


def _label(original, average):
    """Names for an average as at the output `original` of a member."""
    layer = original._keras_history.operation
    if not isinstance(layer, ClassLabels):
        return average
    return ClassLabels.from_config(layer.get_config())(average)


def _names(model):
    return [layer and (layer.target, layer.kind, *layer.labels) for layer in _labels(model)]


def _check(models):
    if not models:
        raise ValueError("ensemble: models must name at least one model; got none.")
    for model in models:
        if not isinstance(model, keras.Model) or not model.built:
            raise ValueError(
                f"ensemble: models must be built Keras models, whose inputs are known; got "
                f"{model!r}."
            )
    for what in ("input_shape", "output_shape"):
        _check_same(what, [getattr(model, what) for model in models])
    _check_same("class names", [_names(model) for model in models])


def _check_same(what, values):
    for number, value in enumerate(values[1:], start=2):
        if value != values[0]:
            raise ValueError(
                f"ensemble: all models must have the same {what}, because their answers are "
                f"averaged; model 1 has {values[0]}, model {number} has {value}."
            )
