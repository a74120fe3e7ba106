"""Heat maps over the images that they are about."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from dlzoo.layers.class_labels import labels_inside
from dlzoo.visualize.attention import HeatMap, grad_cam
from dlzoo.visualize.figures import new_figure
from dlzoo.weights import labels

_COLOURS = "inferno"


def overlay(image: Any, heat: Any, *, title: str = "") -> Figure:
    """Draw an image, a heat map, and the one over the other.

    Args:
        image: `(height, width, 1 | 3)`; `uint8`, or numbers of 0 to 1 or 0 to 255. Others,
            as preprocessing leaves them, are stretched from the least to the greatest.
        heat: `(height, width)`, or what `grad_cam` or `saliency` returned. The greatest
            value is the brightest colour.
        title: Above.

    Raises:
        ValueError: The sizes differ.

    Example:
        >>> figure = overlay(np.zeros((8, 8, 3), "uint8"), np.eye(8), title="diagonal")
        >>> len(figure.axes)
        3
    """
    picture = as_picture(np.asarray(image))
    values = np.asarray(heat.heat if isinstance(heat, HeatMap) else heat, "float32")
    if values.shape != picture.shape[:2]:
        raise ValueError(
            f"overlay: heat must have the image's height and width {picture.shape[:2]}, "
            f"because it lies over it; got {values.shape}."
        )
    height, width = values.shape
    figure = new_figure(10.5, float(np.clip(3.4 * height / width, 1.5, 10)) + 0.5)
    panels = figure.subplots(1, 3)
    peak = float(values.max())
    scale: dict[str, Any] = {"cmap": _COLOURS, "vmin": 0, "vmax": peak if peak > 0 else 1.0}
    for panel in panels:
        panel.set_axis_off()
    panels[0].imshow(picture)
    panels[1].imshow(values, **scale)
    panels[2].imshow(picture)
    # The cold is clear, or black would lie over the rest of the picture.
    panels[2].imshow(values, alpha=0.75 * np.clip(values / scale["vmax"], 0, 1), **scale)
    figure.suptitle(title, x=0.02, ha="left", fontsize=12)
    return figure


def show_cam(
    model: Any,
    image: Any,
    label: int | None = None,
    layer: Any = None,
    *,
    classes: Sequence[str] | None = None,
) -> Figure:
    """Draw where a classifier looked: image, Grad-CAM, both; class and score above.

    Args:
        model, image, label, layer: As in `grad_cam`.
        classes: Names; None means those inside the model (`dlzoo.fine_tune` puts them
            there), ImageNet's for 1,000 scores, or numbers.

    Raises:
        ValueError: As in `grad_cam`.
    """
    result = grad_cam(model, image, label, layer)
    if classes is None:
        classes = names_of_classes(model)
    known = result.label < len(classes)
    name = classes[result.label] if known else f"class {result.label}"
    score = f"{result.score:.1%}" if 0 <= result.score <= 1 else f"score {result.score:.3g}"
    return overlay(image, result, title=f"{name} ({score})")


def names_of_classes(model: Any) -> Sequence[str]:
    """Those inside the model, or ImageNet's for 1,000 scores; or none."""
    inside, scores = labels_inside(model), model.output_shape[-1]
    if inside:
        return inside[-1].labels[-scores:]  # a single score is that of the last of two names
    return labels("imagenet") if scores == 1000 else ()


def as_picture(image):
    """RGB that matplotlib shows as it is meant."""
    if image.shape[-1] == 1:
        image = np.repeat(image, 3, axis=-1)
    if image.dtype == np.uint8:
        return image
    image = image.astype("float32")
    low, high = float(image.min()), float(image.max())
    if low < 0 or high > 255:
        return (image - low) / ((high - low) or 1.0)
    return image / 255 if high > 1 else image
