"""How well outlines are found."""

import numpy as np

from dlzoo._checks import check_between, check_positive_int

VOID = 255


def boundary_counts(truth, predicted, classes, tolerance=2.0, void=VOID):
    """Pixels of outlines, and how many are near the other outline, class by class.

    A pixel is on the outline of its class if a neighbour to the left, right, above or below
    is of another class; neither the border of the image nor void makes an outline, and what
    is predicted where the truth is void is left out.

    Args:
        truth, predicted: Class numbers `(height, width)`.
        classes: How many.
        tolerance: How many pixels apart, from centre to centre, still is near.
        void: Label of true pixels that count for nothing; None where there are none.

    Returns:
        int64 `(classes, 4)`: of each class the true outline's pixels, those of them near the
        predicted one, the predicted outline's pixels, those of them near the true one.

    Example:
        >>> truth, predicted = np.array([[0, 0, 1, 1, 1]]), np.array([[0, 1, 1, 1, 1]])
        >>> boundary_counts(truth, predicted, 2, tolerance=0.5).tolist()
        [[1, 0, 1, 0], [1, 0, 1, 0]]
    """
    check_positive_int("boundary_counts", "classes", classes, minimum=2)
    check_between("boundary_counts", "tolerance", tolerance, 0, 1e4, unit=" pixels")
    from scipy import ndimage  # takes a second, which only this needs

    truth, predicted = np.asarray(truth), np.asarray(predicted)
    if truth.shape != predicted.shape or truth.ndim != 2:
        raise ValueError(
            f"boundary_counts: truth and predicted must both be (height, width); got "
            f"{truth.shape} and {predicted.shape}."
        )
    ignored = np.zeros(truth.shape, bool) if void is None else truth == void
    outlines = [_outlines(labels, ignored) for labels in (truth, predicted)]
    counts = np.zeros((classes, 4), np.int64)
    for number in range(classes):
        true, found = (
            outline & (labels == number)
            for outline, labels in zip(outlines, (truth, predicted), strict=True)
        )
        row = [true.sum(), 0, found.sum(), 0]
        if true.any() and found.any():
            row[1] = (ndimage.distance_transform_edt(~found)[true] <= tolerance).sum()
            row[3] = (ndimage.distance_transform_edt(~true)[found] <= tolerance).sum()
        counts[number] = row
    return counts


class BoundaryF1:
    """The boundary F1 score of each class (Csurka et al. 2013, section 3).

    "What is a good evaluation measure for semantic segmentation?", BMVC 2013: in each image
    the harmonic mean of precision (share of the predicted outline near the true one) and
    recall (the reverse), averaged over the images that have the class in truth or prediction.

    Args:
        classes, tolerance, void: As in `boundary_counts`. The paper's tolerance is 0.75 % of
            the image's diagonal: `0.0075 * hypot(height, width)`.

    Example:
        >>> score = BoundaryF1(2, tolerance=1.0)
        >>> score.update(np.array([[0, 0, 1, 1, 1]]), np.array([[0, 1, 1, 1, 1]]))
        >>> score.result()
        array([1., 1.])
    """

    def __init__(self, classes, tolerance=2.0, void=VOID):
        self.classes = classes
        self.tolerance = tolerance
        self.void = void
        self._sum = np.zeros(classes)
        self._images = np.zeros(classes, np.int64)

    def update(self, truth, predicted):
        """Take an image: class numbers `(height, width)`."""
        counts = boundary_counts(truth, predicted, self.classes, self.tolerance, self.void)
        true, recalled, found, precise = counts.T.astype(float)
        there = true + found > 0
        # Harmonic mean of precise / found and recalled / true; 0 where either is.
        precision, recall = (
            np.divide(part, whole, out=np.zeros(self.classes), where=whole > 0)
            for part, whole in ((precise, found), (recalled, true))
        )
        both = precision + recall
        f1 = np.divide(2 * precision * recall, both, out=np.zeros(self.classes), where=both > 0)
        self._sum += np.where(there, f1, 0)
        self._images += there

    def result(self):
        """A score a class; NaN where the class had no outline in any image."""
        some = self._images > 0
        return np.divide(self._sum, self._images, out=np.full(self.classes, np.nan), where=some)

    def mean(self):
        """The mean of `result` over the classes that have one."""
        found = self.result()
        return float(np.nanmean(found)) if np.isfinite(found).any() else float("nan")


def _outlines(labels, ignored):
    """Pixels with a neighbour of another class, both counting."""
    edge = np.zeros(labels.shape, bool)
    for axis in (0, 1):
        ahead = [slice(None)] * 2
        behind = [slice(None)] * 2
        ahead[axis], behind[axis] = slice(1, None), slice(None, -1)
        one, two = tuple(ahead), tuple(behind)
        differ = (labels[one] != labels[two]) & ~ignored[one] & ~ignored[two]
        edge[one] |= differ
        edge[two] |= differ
    return edge
