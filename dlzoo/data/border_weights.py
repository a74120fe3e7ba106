"""Weights that make a network learn the thin borders between touching objects."""

import hashlib
from collections.abc import Collection, Sequence

import numpy as np

from dlzoo._cache import cache_dir
from dlzoo._checks import check_between, check_choice
from dlzoo._files import atomic_path
from dlzoo._progress import track
from dlzoo.data.mask_codes import VOID
from dlzoo.data.mask_examples import MaskDataset

_FAR = 6  # in sigmas: further than that the second term is below 2e-7 of w0


def border_weights(
    mask: np.ndarray,
    objects: int | Collection[int] = 1,
    *,
    w0: float = 10.0,
    sigma: float = 5.0,
    class_weights: Sequence[float] | np.ndarray | None = None,
) -> np.ndarray:
    """`w_c(x) + w0 * exp(-(d1(x) + d2(x))**2 / (2 sigma**2))`, a weight for each pixel.

    Ronneberger et al. 2015, https://arxiv.org/abs/1505.04597, equation 2: d1 and d2 are the
    distances to the nearest and the second nearest object. The second term is for pixels
    that belong to no object, where less than two objects are near it is 0.

    Args:
        mask: Class numbers `(height, width)`; 255 is void and gets 0.
        objects: The class, or classes, whose connected parts (by sides, not corners) are
            the objects.
        w0: The weight where two objects touch.
        sigma: In pixels.
        class_weights: `w_c`: a number a class; None means 1 for all.

    Returns:
        float32 `(height, width)`.

    Example:
        >>> cells = np.array([[1, 0, 1, 1, 1, 1]])
        >>> border_weights(cells).round(2)
        array([[ 1.  , 10.23,  1.  ,  1.  ,  1.  ,  1.  ]], dtype=float32)
    """
    check_between("border_weights", "w0", w0, 0, 1e6)
    check_between("border_weights", "sigma", sigma, 0.1, 1e4, unit=" pixels")
    mask = np.asarray(mask)
    wanted = [objects] if isinstance(objects, int) else list(objects)
    foreground = np.isin(mask, wanted)
    nearest, second = _two_distances(foreground, _FAR * sigma)
    weights = np.ones(mask.shape)
    if class_weights is not None:
        weights = np.asarray(class_weights, float)[np.where(mask == VOID, 0, mask)]
    border = w0 * np.exp(-((nearest + second) ** 2) / (2 * sigma**2))
    weights = weights + np.where(foreground, 0.0, border)
    weights[mask == VOID] = 0
    return weights.astype(np.float32)


def border_weight_maps(
    dataset: MaskDataset,
    split: str,
    size: tuple[int, int] | None = None,
    objects: int | Collection[int] = 1,
    *,
    w0: float = 10.0,
    sigma: float = 5.0,
    class_weights: Sequence[float] | np.ndarray | None = None,
) -> np.ndarray:
    """`border_weights` of all masks of a split, computed once and kept in the cache.

    Args:
        dataset: From `open_masks`.
        split: Which.
        size: Height and width, as in `MaskExamples.read`; None where all masks are of one
            size.
        objects, w0, sigma, class_weights: As in `border_weights`.

    Returns:
        float32 `(n, height, width)`; a file in the cache is mapped, not read.
    """
    check_choice("border_weight_maps", "split", split, dataset.splits)
    examples = dataset.splits[split]
    balance = None if class_weights is None else [float(w) for w in class_weights]
    wanted = [objects] if isinstance(objects, int) else sorted(objects)
    key = repr((dataset.fingerprint, split, size, wanted, w0, sigma, balance))
    name = hashlib.sha256(key.encode()).hexdigest()[:32]
    path = cache_dir() / "border-weights" / f"{name}.npy"
    if not path.is_file():
        maps = []
        for index in track(range(len(examples)), "Weighing borders"):
            _, mask = examples.read(index, size)
            maps.append(border_weights(mask, wanted, w0=w0, sigma=sigma, class_weights=balance))
            if maps[-1].shape != maps[0].shape:
                raise ValueError(
                    f"border_weight_maps: size must be given, because the masks have several "
                    f"sizes; got {maps[0].shape} and {maps[-1].shape}."
                )
        with atomic_path(path) as temporary:
            np.save(temporary, np.stack(maps))
    return np.load(path, mmap_mode="r")


def _two_distances(foreground, far):
    """Distances to the nearest and the second nearest object, infinite beyond `far`."""
    from scipy import ndimage  # takes a second, which only this needs

    parts, _ = ndimage.label(foreground)
    nearest = np.full(foreground.shape, np.inf)
    second = np.full(foreground.shape, np.inf)
    margin = int(np.ceil(far))
    for number, place in enumerate(ndimage.find_objects(parts), 1):
        around = tuple(slice(max(side.start - margin, 0), side.stop + margin) for side in place)
        distance = ndimage.distance_transform_edt(parts[around] != number)
        first, then = nearest[around], second[around]
        then[:] = np.minimum(then, np.maximum(first, distance))
        first[:] = np.minimum(first, distance)
    return nearest, second
