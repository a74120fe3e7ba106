"""What every network is made of: a functional model, and a layer that says which it is."""

from typing import Any

import keras

from dlzoo.layers import AuxiliaryOutputs
from dlzoo.layers.inside import sublayers


@keras.saving.register_keras_serializable("dlzoo")
class BuiltAs(keras.layers.Layer):
    """Passes its input on, and says which network of the zoo the layers after it are.

    So a model is known again by `dlzoo.load_weights` after it was saved, cloned, or given
    preprocessing in front and labels at the end.

    Args:
        network: Its name in the catalogue of cards.
        origin: Whose conventions it follows.
        options: Arguments that change its layers, e.g. `{"alpha": 0.5}`.

    Input and output: any shape.
    """

    def __init__(self, network, origin, options, **kwargs):
        super().__init__(**{"name": "built_as"} | kwargs)
        self.network = network
        self.origin = origin
        self.options = dict(options)

    def build(self, input_shape):
        pass

    def call(self, x):
        return x

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return super().get_config() | {
            "network": self.network,
            "origin": self.origin,
            "options": dict(self.options),
        }


@keras.saving.register_keras_serializable("dlzoo")
class Network(keras.Model):
    """A functional `keras.Model` with two promises that Keras 3.15.1 does not keep.

    `training=False` holds inside another model too.

    `base(x, training=False)` in an outer model is meant to run `base` in inference mode for
    good. Keras 3.15.1 lets the outer model's own flag override it, so that `fit` changes
    the moving statistics of batch normalisation all the same (keras-team/keras#20285).
    Here the flag of the call stands; where none was given, the outer one counts as usual.

    What is frozen inside a layer, e.g. its batch normalisation, is frozen when the model was
    saved and read again: Keras remembers that of the model's own layers alone.

    Example:
        >>> inner_input = keras.Input((4,))
        >>> inner = Network(inner_input, keras.layers.Dropout(0.9)(inner_input))
        >>> x = keras.Input((4,))
        >>> outer = keras.Model(x, inner(x, training=False))
        >>> ones = keras.ops.ones((1, 4))
        >>> bool(keras.ops.all(outer(ones, training=True) == ones))
        True
    """

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        # An outer model passes its flag to whatever lists "training" here. Without it the
        # layers inside still find the outer flag by themselves, from Keras's call context.
        others = vars(self)["_call_context_args"] - {"training"}
        self._call_context_args = others

    def get_config(self):
        frozen = [layer.path for layer in sublayers(self) if not layer.trainable and layer.path]
        # Of a model that is frozen as a whole Keras remembers it.
        return super().get_config() | ({"frozen": frozen} if frozen and self.trainable else {})

    @classmethod
    def from_config(cls, config, custom_objects=None):
        config = dict(config)
        frozen = set(config.pop("frozen", ()))
        model = super().from_config(config, custom_objects)
        for layer in sublayers(model) if frozen else ():
            if layer.path in frozen:
                layer.trainable = False
        return model


@keras.saving.register_keras_serializable("dlzoo")
class AuxiliaryNetwork(Network):
    """A `Network` whose auxiliary heads take part in the loss of a training step.

    Its layer `AuxiliaryOutputs` keeps what the heads answer. In training each answer is
    compared with the target by the compiled loss, and `weight` times that is added; tests
    and predictions know nothing of it.
    """

    def compute_loss(
        self, x=None, y=None, y_pred=None, sample_weight=None, training=True, **kwargs
    ):
        loss = super().compute_loss(x, y, y_pred, sample_weight, training, **kwargs)
        compiled = self._compile_loss  # Keras 3.15.1 has no public way to it
        if not training or compiled is None:
            return loss
        for layer in self.layers:
            if isinstance(layer, AuxiliaryOutputs):
                for answer in layer.take():
                    loss = loss + layer.weight * compiled(y, answer, sample_weight)
        return loss


def recorded_origin(config: Any) -> str | None:
    """The origin of the network whose configuration a `.keras` file carries, if it says so."""
    inner = config.get("config") if isinstance(config, dict) else None
    for layer in inner.get("layers", ()) if isinstance(inner, dict) else ():
        if layer.get("class_name") == BuiltAs.__name__:
            return layer["config"]["origin"]
        if (found := recorded_origin(layer)) is not None:  # of a model inside
            return found
    return None
