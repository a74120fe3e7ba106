"""Keeping the content's colours.

Source: Gatys, Bethge, Hertzmann and Shechtman 2016, https://arxiv.org/abs/1606.05897:
luminance-only transfer (section 4.2) and colour matching (4.1). Pictures are float
`(1, height, width, 3)`, RGB of 0 to 255.
"""

import numpy as np

from dlzoo.layers.image_preprocessing import LUMINANCE

_EPSILON = 1e-3  # squared grey levels: a grey picture has no spread in two directions


def luminance(picture: np.ndarray) -> np.ndarray:
    """The Y of YIQ, in all three channels."""
    grey = picture @ np.array(LUMINANCE, picture.dtype)
    return np.repeat(grey[..., None], 3, axis=-1)


def matched_luminance(style: np.ndarray, content: np.ndarray) -> np.ndarray:
    """The style's luminance with the mean and the deviation of the content's (equation 10)."""
    style, content = luminance(style), luminance(content)
    scale = content.std() / max(style.std(), _EPSILON)
    return np.clip((style - style.mean()) * scale + content.mean(), 0, 255)


def with_colours_of(content: np.ndarray, picture: np.ndarray) -> np.ndarray:
    """The luminance of `picture` with the I and Q of `content`, of the same size.

    To change Y alone is to add the same to red, green and blue.
    """
    return np.clip(content + luminance(picture) - luminance(content), 0, 255)


def matched_colours(style: np.ndarray, content: np.ndarray) -> np.ndarray:
    """The style with the mean and the covariance of the content's colours.

    `x -> S_c^(1/2) S_s^(-1/2) (x - m_s) + m_c`: the solution of equation 5 that moves
    colours least for its kind (the paper's "image analogies" one).
    """
    pixels = style.reshape(-1, 3).astype("float64")
    goal = content.reshape(-1, 3).astype("float64")
    change = _power(_covariance(goal), 0.5) @ _power(_covariance(pixels), -0.5)
    found = (pixels - pixels.mean(axis=0)) @ change.T + goal.mean(axis=0)
    return np.clip(found, 0, 255).astype("float32").reshape(style.shape)


def _covariance(pixels):
    deviations = pixels - pixels.mean(axis=0)
    return deviations.T @ deviations / len(pixels) + _EPSILON * np.eye(3)


def _power(matrix, exponent):
    values, vectors = np.linalg.eigh(matrix)
    return vectors * values**exponent @ vectors.T
