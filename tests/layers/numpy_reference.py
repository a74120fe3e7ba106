"""The blocks in float64 NumPy, written from the papers: slow loops, no backend."""

import numpy as np


def convolve(x, kernel, strides, padding, depthwise=False):
    """Correlation of `(batch, h, w, in)` with `(kh, kw, in, out)`, zeros around."""
    kh, kw = kernel.shape[:2]
    pads = [
        _pads(side, k, strides, padding) for side, k in zip(x.shape[1:3], (kh, kw), strict=True)
    ]
    x = np.pad(x, ((0, 0), *pads, (0, 0)))
    rows = (x.shape[1] - kh) // strides + 1
    columns = (x.shape[2] - kw) // strides + 1
    out = np.zeros(
        (x.shape[0], rows, columns, kernel.shape[2] if depthwise else kernel.shape[3])
    )
    for row in range(rows):
        for column in range(columns):
            top, left = row * strides, column * strides
            window = x[:, top : top + kh, left : left + kw, :]
            if depthwise:
                out[:, row, column] = np.einsum("bhwc,hwc->bc", window, kernel[..., 0])
            else:
                out[:, row, column] = np.einsum("bhwc,hwco->bo", window, kernel)
    return out


def _pads(side, kernel, strides, padding):
    if padding == "symmetric":
        return kernel // 2, kernel // 2
    if padding == "end" and strides > 1:
        return 0, kernel // 2
    total = max((-(-side // strides) - 1) * strides + kernel - side, 0)
    return total // 2, total - total // 2


ACTIVATIONS = {
    "relu": lambda x: np.maximum(x, 0),
    "relu6": lambda x: np.clip(x, 0, 6),
    "linear": lambda x: x,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "silu": lambda x: x / (1 + np.exp(-x)),
}


def conv_bn(x, layer):
    weights = {v.path.rpartition("/")[2]: np.asarray(w, "float64") for v, w in _weights(layer)}
    depthwise = layer.filters is None
    x = convolve(x, weights["kernel"], layer.strides, layer.padding, depthwise)
    x = x + weights.get("bias", 0)
    x = (x - weights["moving_mean"]) / np.sqrt(weights["moving_variance"] + layer.epsilon)
    return ACTIVATIONS[layer.activation.__name__](weights["gamma"] * x + weights["beta"])


def residual(x, layer):
    y = x
    for part in layer.branch:
        y = conv_bn(y, part)
    shortcut = conv_bn(x, layer.project) if hasattr(layer, "project") else x
    return np.maximum(y + shortcut, 0)


def separable_block(x, layer):
    return conv_bn(conv_bn(x, layer.depthwise), layer.pointwise)


def inverted_residual(x, layer):
    y = x if layer.expand is None else conv_bn(x, layer.expand)
    y = conv_bn(conv_bn(y, layer.depthwise), layer.project)
    return y + x if layer.strides == 1 and x.shape == y.shape else y


def mbconv(x, layer):
    y = x if layer.expand is None else conv_bn(x, layer.expand)
    y = conv_bn(squeeze_excite(conv_bn(y, layer.depthwise), layer.excite), layer.project)
    return y + x if layer.strides == 1 and x.shape == y.shape else y


def squeeze_excite(x, layer):
    (reduce, reduce_bias), (expand, expand_bias) = (
        [np.asarray(w, "float64") for _, w in _weights(part)]
        for part in (layer.reduce, layer.expand)
    )
    mean = x.mean(axis=(1, 2), keepdims=True)
    middle = convolve(mean, reduce, 1, "symmetric") + reduce_bias
    middle = ACTIVATIONS[layer.activation.__name__](middle)
    gate = ACTIVATIONS["sigmoid"](convolve(middle, expand, 1, "symmetric") + expand_bias)
    return x * gate


def _weights(layer):
    return zip(layer.variables, layer.get_weights(), strict=True)
