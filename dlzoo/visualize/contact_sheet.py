"""The mistakes of an error analysis on one page."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from dlzoo._checks import check_choice, check_positive_int
from dlzoo.data import read_image
from dlzoo.visualize.gallery import gallery

_PIXELS = 160  # the longer side that is kept of an image that is read


def contact_sheet(
    analysis: Any, *, tag: str | None = None, only: str = "mistakes", most: int = 30
) -> Figure:
    """Show wrongly answered images with label, answer and tags.

    Args:
        analysis: What `dlzoo.training.error_analysis` returned.
        tag: Only those with this tag.
        only: `"mistakes"`, or `"mislabelled"`: those whose label is probably wrong.
        most: So many at most, the surest first.

    Returns:
        A figure; `save_figure` writes it.

    Raises:
        ValueError: The tag is not known, or the examples are no images.
            `dlzoo.errors.DataError`: An image cannot be read.
    """
    check_choice("contact_sheet", "only", only, ("mistakes", "mislabelled"))
    check_positive_int("contact_sheet", "most", most)
    cases = getattr(analysis, only)
    if tag is not None:
        known = {name for case in analysis.mistakes for name in case.tags}
        check_choice("contact_sheet", "tag", tag, known)
        cases = [case for case in cases if tag in case.tags]
    shown = cases[:most]
    what = "likely wrong labels" if only == "mislabelled" else "mistakes"
    of = "" if tag is None else f" with the tag {tag!r}"
    return gallery(
        [_image(analysis, case) for case in shown],
        [_caption(case) for case in shown],
        title=f"{len(shown)} of {len(cases)} {what}{of}",
    )


def _image(analysis, case):
    if analysis.images is None:
        image = read_image(case.path)
        step = max(1, max(image.shape) // _PIXELS)
        return image[::step, ::step]
    image = np.asarray(analysis.images[case.example])
    if image.ndim not in (2, 3):
        raise ValueError(
            f"contact_sheet: the examples must be images (height, width, channels); got "
            f"arrays of shape {image.shape}."
        )
    if image.dtype != np.uint8:
        image = image * 255.0 if image.max() <= 1 else image
        image = np.clip(np.rint(image), 0, 255).astype(np.uint8)
    return read_image(image)


def _caption(case):
    lines = [f"{case.label}", f"taken for {case.predicted} ({case.probability:.0%})"]
    if case.tags:
        lines.append(", ".join(case.tags))
    return "\n".join(lines)
