"""Real images for comparing what two forms of a network answer."""

from typing import Any

import numpy as np

from dlzoo.data.channels import in_channels
from dlzoo.data.images import read_image
from dlzoo.data.sources import image_sources
from dlzoo.exporting.description import Description

_SMALL = (256, 320)  # of images that are taken in their own size
_MOST = 16


def sample_images(description: Description, images: Any = None) -> np.ndarray:
    """Images as the network takes them, float32 `(n, height, width, channels)`.

    Args:
        description: Of the network.
        images: Where from; None: two photographs that come with scikit-learn, and their
            mirror images.

    Raises:
        DataError: One cannot be read.
    """
    if images is None:
        sources = _photographs(description)
    else:
        _, sources = image_sources("export", images)
    read = [description.reading(source) for source in sources[:_MOST]]
    alike = [image for image in read if image.shape == read[0].shape]
    return in_channels(np.stack(alike).astype(np.float32), description.input_shape[-1])


def _photographs(description):
    from sklearn.datasets import load_sample_images

    found = load_sample_images().images
    if description.reading.way == "own":
        found = [read_image(image, _SMALL) for image in found]
    return [*found, *(image[:, ::-1].copy() for image in found)]
