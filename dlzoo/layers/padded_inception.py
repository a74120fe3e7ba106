"""The inception module of OpenFace: ends of different sizes, the smaller ones in zeros.

Source: Amos, Ludwiczuk and Satyanarayanan 2016, "OpenFace: A general-purpose face
recognition library with mobile applications", CMU-CS-16-118, after FaceNet's NN4
(https://arxiv.org/abs/1503.03832); Torch's `nn.Inception` and `nn.DepthConcat`.
"""

import keras
from keras import layers, ops

from dlzoo._checks import check_choice
from dlzoo.layers.branches import Branches, build_branches, end_shapes, run_branches
from dlzoo.layers.l2_pooling import L2Pooling2D

POOLS = ("l2", "max")


@keras.saving.register_keras_serializable("dlzoo")
class PaddedInception(Branches):
    """Convolutions, a pooling and perhaps a 1x1 convolution of the same input, side by side.

    The pooling has strides while the convolutions may have none, so that its map is smaller;
    it is put into the middle of zeros, one more at the bottom and right where that does not
    come out even.

    Args:
        chains: A branch a tuple of bricks `(filters, kernel_size)` or `(filters,
            kernel_size, strides)`, padded by half a kernel.
        pool: `"max"`, 3x3 with strides 2; or `"l2"`, 3x3 with strides 3.
        pool_filters: Of the 1x1 convolution after it; None for none.
        direct_filters: Of a 1x1 convolution of the input; None for none.
        use_bias, epsilon, momentum: As in `ConvBN`.

    Input:  `(batch, height, width, channels)`, sides known and at least 3.
    Output: `(batch, out_height, out_width, out)`, sides those of the largest end.

    Raises:
        ValueError: `pool` is unknown, or a side is.

    Example:
        >>> module = PaddedInception([[(16, 1), (24, 3)]], "l2", 8, direct_filters=12)
        >>> module.compute_output_shape((1, 12, 12, 32))
        (1, 12, 12, 44)
    """

    strided_padding = "symmetric"

    def __init__(self, chains, pool="max", pool_filters=None, *, direct_filters=None, **kwargs):
        super().__init__(chains, **kwargs)
        check_choice("PaddedInception", "pool", pool, POOLS)
        self.pool = pool
        self.pool_filters = pool_filters
        self.direct_filters = direct_filters
        inside = {"dtype": self.dtype_policy, "name": "pooling"}
        self.pooling = (
            L2Pooling2D(3, **inside)
            if pool == "l2"
            else layers.MaxPooling2D(3, strides=2, **inside)
        )
        self.project = self._one_by_one(pool_filters, "project")
        self.direct = self._one_by_one(direct_filters, "direct")

    @property
    def all_branches(self):
        """Also those that are no chains, in the order of the output's channels."""
        project = () if self.project is None else (self.project,)
        direct = () if self.direct is None else ((self.direct,),)
        return *self.branches, (self.pooling, *project), *direct

    def build(self, input_shape):
        if None in input_shape[1:3]:
            raise ValueError(
                f"{self.name}: height and width must be known, because zeros are put around "
                f"what is smaller; got {tuple(input_shape)}."
            )
        build_branches(self.all_branches, input_shape)

    def call(self, x, training=None):
        ends = run_branches(self.all_branches, x, training)
        sides = [max(end.shape[axis] for end in ends) for axis in (1, 2)]
        return ops.concatenate([_centred(end, sides) for end in ends], axis=-1)

    def compute_output_shape(self, input_shape):
        ends = list(end_shapes(self.all_branches, input_shape))
        sides = (max(end[axis] for end in ends) for axis in (1, 2))
        return input_shape[0], *sides, sum(end[-1] for end in ends)

    def get_config(self):
        return super().get_config() | {
            "pool": self.pool,
            "pool_filters": self.pool_filters,
            "direct_filters": self.direct_filters,
        }

    def _one_by_one(self, filters, name):
        return None if filters is None else self._convolution(filters, 1, name=name)


def _centred(x, sides):
    """`x` in the middle of zeros."""
    missing = [side - have for side, have in zip(sides, x.shape[1:3], strict=True)]
    if not any(missing):
        return x
    return ops.pad(x, ((0, 0), *((n // 2, n - n // 2) for n in missing), (0, 0)))
