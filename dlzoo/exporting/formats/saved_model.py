"""TensorFlow's SavedModel, as Keras exports it; run as a graph with frozen weights."""

from pathlib import Path

FOLDER = "saved_model"


def write(model, folder: Path) -> None:
    model.export(folder / FOLDER, format="tf_saved_model", verbose=False)


def load(folder: Path, description, *, batch_size, threads=None):
    # TensorFlow's thread pools belong to the process: `threads` cannot be kept here.
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import (
        convert_variables_to_constants_v2,
    )

    served = tf.saved_model.load(str(folder / FOLDER))
    function = served.signatures["serving_default"]
    # Variables become constants, so that Grappler folds batch normalisation into kernels.
    frozen = convert_variables_to_constants_v2(function)

    def run(images):
        return [answer.numpy() for answer in frozen(tf.constant(images))]

    return run
