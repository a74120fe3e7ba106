"""Penalties on kernels: L2 ("weight decay") and L1."""

import keras

from dlzoo._checks import check_between
from dlzoo.layers.inside import sublayers

# Name of the variable -> the argument by which Keras's layers call its regulariser.
_KERNELS = {
    "kernel": ("kernel_regularizer", "depthwise_regularizer"),
    "depthwise_kernel": ("depthwise_regularizer",),
    "pointwise_kernel": ("pointwise_regularizer",),
    "recurrent_kernel": ("recurrent_regularizer",),
}


def decay_kernels(model: keras.Model, l1: float = 0.0, l2: float = 0.0) -> tuple[str, ...]:
    """Add `l1 * sum(|w|) + l2 * sum(w ** 2)` of every kernel `w` to the loss of `model`.

    Biases, embeddings, and the scales and shifts of normalisation have no penalty; nor
    have kernels while they are frozen. The course writes the L2 term as
    `lambda / (2 m) * sum(w ** 2)`: `l2 = lambda / (2 m)` for m examples.

    **And weight decay in the optimizer?** The gradient of the penalty is `2 * l2 * w`, so
    for plain SGD `decay_kernels(model, l2=d / 2)` and `SGD(rate, weight_decay=d)` (with
    biases and normalisation excluded) take the same steps. With momentum the penalty's
    gradient is averaged with the loss's, and Adam divides it by the size of past
    gradients, so that a kernel with large gradients hardly decays. Decoupled decay, as in
    `keras.optimizers.AdamW`, shrinks every kernel by the same factor, whatever its
    gradients (Loshchilov and Hutter 2019, https://arxiv.org/abs/1711.05101); with Adam it
    is usually the better choice. `dlzoo.training.Schedule` has it.

    Args:
        model: A built model; changed in place. Nested models and layers inside layers
            count. A second call replaces the penalties of the first, and those that the
            layers were built with; `decay_kernels(model)` takes all of them away.
        l1, l2: Weights of the two terms, at least 0.

    Returns:
        The paths of the kernels.

    Raises:
        ValueError: The model has not been built, or has no kernels.

    The penalties are in `model.losses` at once, and `fit` adds them to what it reports as
    `loss`. If `model` is part of a larger model that has been trained already, compile
    that one again. Keras's own layers save their penalties; those of layers made of layers
    (dlzoo's blocks) are not saved: call this again after `load_model` or `clone_model`.

    Example:
        >>> head = keras.layers.Dense(2, name="head")
        >>> model = keras.Sequential([keras.Input((3,)), head], name="model")
        >>> decay_kernels(model, l2=0.01)
        ('model/head/kernel',)
        >>> len(model.losses)
        1
    """
    check_between("decay_kernels", "l1", l1, 0, float("inf"))
    check_between("decay_kernels", "l2", l2, 0, float("inf"))
    if not model.built:
        raise ValueError(
            f"decay_kernels: {model.name} must be built, because it has no kernels before. "
            f"Start it with keras.Input, or call it on a batch."
        )
    penalty = keras.regularizers.L1L2(l1, l2) if l1 or l2 else None
    kernels: dict[int, str] = {}
    for layer in [model, *sublayers(model)]:
        inside = [weight for weight in layer.weights if weight.name in _KERNELS]
        for weight in inside:
            weight.regularizer = penalty
            kernels[id(weight)] = weight.path
        if not sublayers(layer):
            _remember(layer, {weight.name for weight in inside}, penalty)
    if not kernels:
        raise ValueError(
            f"decay_kernels: {model.name} has no kernels. Give a model that has dense or "
            f"convolutional layers."
        )
    # Keras traces a training step once, with the penalties of that moment.
    model.train_function = model.test_function = None
    return tuple(kernels.values())


def _remember(layer, names, penalty):
    """Note the penalty where the layer's configuration finds it."""
    for name in names:
        for argument in _KERNELS[name]:
            if hasattr(layer, argument):
                setattr(layer, argument, penalty)
