"""A network as one TensorFlow function without variables, from which formats are converted."""

import tensorflow as tf
from keras import tree


def traced(model):
    """A `tf.function` from float32 images to `{"output_00": ...}`, in Keras's own order."""
    form = tf.TensorSpec((None, *model.input_shape[1:]), tf.float32, name="image")

    @tf.function(input_signature=[form], autograph=False)
    def serve(image):
        answers = tree.flatten(model(image, training=False))
        return {f"output_{place:02}": answer for place, answer in enumerate(answers)}

    return serve
