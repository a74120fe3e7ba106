"""Building blocks: `keras.layers.Layer`, one idea a file."""

from dlzoo import _registration
from dlzoo.layers.adaptive_average_pooling import AdaptiveAveragePooling2D
from dlzoo.layers.auxiliary import AuxiliaryHead, AuxiliaryOutputs
from dlzoo.layers.batch_normalization import BatchNormalization
from dlzoo.layers.class_labels import ClassLabels
from dlzoo.layers.conv_bn import ConvBN, DepthwiseConvBN
from dlzoo.layers.depthwise_separable import DepthwiseSeparableConv2D
from dlzoo.layers.grouped_conv import GroupedConv2D
from dlzoo.layers.image_preprocessing import ImagePreprocessing
from dlzoo.layers.inception import InceptionModule
from dlzoo.layers.inverted_dropout import InvertedDropout
from dlzoo.layers.inverted_residual import InvertedResidual
from dlzoo.layers.local_response_normalization import LocalResponseNormalization
from dlzoo.layers.radial_basis import RadialBasis
from dlzoo.layers.residual import ConvolutionalBlock, IdentityBlock, residual_block
from dlzoo.layers.squeeze_excite import SqueezeExcite
from dlzoo.layers.sub_sampling import SubSampling, scaled_tanh
from dlzoo.layers.table_conv import TableConv2D

__all__ = [
    "AdaptiveAveragePooling2D",
    "AuxiliaryHead",
    "AuxiliaryOutputs",
    "BatchNormalization",
    "ClassLabels",
    "ConvBN",
    "ConvolutionalBlock",
    "DepthwiseConvBN",
    "DepthwiseSeparableConv2D",
    "GroupedConv2D",
    "IdentityBlock",
    "ImagePreprocessing",
    "InceptionModule",
    "InvertedDropout",
    "InvertedResidual",
    "LocalResponseNormalization",
    "RadialBasis",
    "SqueezeExcite",
    "SubSampling",
    "TableConv2D",
    "residual_block",
    "scaled_tanh",
]

_registration.register()
