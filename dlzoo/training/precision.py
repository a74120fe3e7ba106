"""Computing in bfloat16 while the weights stay float32."""

from collections.abc import Iterable

import keras

from dlzoo.layers.inside import sublayers


def set_policy(
    model: keras.Model, policy: str, *, keep: Iterable[keras.layers.Layer] = ()
) -> None:
    """Give every layer inside `model` the dtype policy `policy`, except those in `keep`.

    The global policy is not touched. Graphs that were built before keep the dtypes they
    were built with; call the layers again to get new ones.
    """
    kept = {id(layer) for layer in keep}
    for layer in sublayers(model):
        if id(layer) not in kept:
            layer.dtype_policy = policy
