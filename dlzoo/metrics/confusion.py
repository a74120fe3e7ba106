"""What can be said of labelled pixels from a confusion matrix.

Rows are the truth, columns what was predicted, entries are numbers of pixels. Add up the
matrices of all images first: an average of images or batches weighs rare classes by chance.
"""

import numpy as np

from dlzoo._checks import check_positive_int

VOID = 255


def pixel_confusion(truth, predicted, classes, void=VOID):
    """Count pixels by true and predicted class.

    Args:
        truth: Class numbers, any shape.
        predicted: Class numbers, the same shape.
        classes: How many.
        void: Label of true pixels that count for nothing; None where there are none.

    Returns:
        int64 `(classes, classes)`.

    Raises:
        ValueError: The shapes differ, or a number is no class.

    Example:
        >>> pixel_confusion([0, 0, 1, 255], [0, 1, 1, 1], 2)
        array([[1, 1],
               [0, 1]])
    """
    check_positive_int("pixel_confusion", "classes", classes, minimum=2)
    truth, predicted = np.asarray(truth), np.asarray(predicted)
    if truth.shape != predicted.shape:
        raise ValueError(
            f"pixel_confusion: truth and predicted must have the same shape; got "
            f"{truth.shape} and {predicted.shape}."
        )
    if void is not None:
        counts = truth != void
        truth, predicted = truth[counts], predicted[counts]
    for name, labels in (("truth", truth), ("predicted", predicted)):
        if labels.size and not 0 <= labels.min() <= labels.max() < classes:
            raise ValueError(
                f"pixel_confusion: {name} must hold class numbers below {classes} (or void "
                f"in truth); got {labels.min()} to {labels.max()}."
            )
    places = truth.reshape(-1).astype(np.int64) * classes + predicted.reshape(-1)
    return np.bincount(places, minlength=classes**2).reshape(classes, classes)


def class_iou(confusion):
    """Intersection over union of each class; NaN where it is in neither truth nor prediction.

    Example:
        >>> class_iou(np.array([[3, 1, 0], [0, 2, 0], [0, 0, 0]]))
        array([0.75      , 0.66666667,        nan])
    """
    both, true, found = _sums(confusion)
    return _share(both, true + found - both)


def class_dice(confusion):
    """`2 both / (true + found)` of each class, its F1 score; NaN as in `class_iou`."""
    both, true, found = _sums(confusion)
    return _share(2 * both, true + found)


def mean_iou(confusion):
    """The mean of `class_iou` over the classes that are there.

    A class that is in neither truth nor prediction is left out (PASCAL VOC and Cityscapes,
    where every class occurs, leave this open).

    Example:
        >>> round(float(mean_iou(np.array([[3, 1, 0], [0, 2, 0], [0, 0, 0]]))), 4)
        0.7083
    """
    found = class_iou(confusion)
    return float(np.nanmean(found)) if np.isfinite(found).any() else float("nan")


def pixel_accuracy(confusion):
    """The share of the pixels that are right; NaN where there are none."""
    both, true, _ = _sums(confusion)
    return float(_share(both.sum(keepdims=True), true.sum(keepdims=True))[0])


def _sums(confusion):
    """Pixels of each class that are right, true, and predicted."""
    confusion = np.asarray(confusion, np.float64)
    return np.diag(confusion), confusion.sum(axis=1), confusion.sum(axis=0)


def _share(part, whole):
    return np.divide(part, whole, out=np.full(whole.shape, np.nan), where=whole > 0)
