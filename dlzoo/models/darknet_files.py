"""Writing our networks as Darknet's files of weights."""

import numpy as np
from keras import ops

from dlzoo.errors import WeightsError
from dlzoo.models.loading import DARKNET, identify, variables
from dlzoo.weights import darknet


def write_darknet(model, path, *, seen=0):
    """Write the weights of a network as Darknet and OpenCV read them.

    Args:
        model: A `yolo_v2`, `yolo_v3` or a tiny one, with a head.
        path: Of the file; Darknet's end in `.weights`.
        seen: Images seen in training, which Darknet's schedule of learning rates asks for.

    Raises:
        WeightsError: The network is none of Darknet's.

    Example:
        >>> import pathlib, tempfile, dlzoo
        >>> model = dlzoo.models.yolo_v3_tiny(classes=2, input_shape=(64, 64, 3))
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "mine.weights"
        >>> write_darknet(model, path)
        >>> dlzoo.load_weights(model, path).layout
        'darknet'
    """
    design, _ = identify(model)
    if DARKNET not in design.layouts:
        raise WeightsError(
            f"write_darknet: the model must be one of Darknet's networks, because its files "
            f"have no names; got {design.name!r}. Save it by model.save."
        )
    ours = variables(model)
    order = darknet.in_order(
        design.layouts[DARKNET], {path: tuple(v.shape) for path, v in ours.items()}
    )
    darknet.write(path, [_theirs(ours[name]) for name, _, _ in order], seen=seen)


def _theirs(variable):
    value = ops.convert_to_numpy(variable)
    return np.transpose(value, (3, 2, 0, 1)) if value.ndim == 4 else value
