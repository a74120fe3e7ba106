"""Building blocks: `keras.layers.Layer`, one idea a file."""

from dlzoo import _registration
from dlzoo.layers.adaptive_average_pooling import AdaptiveAveragePooling2D
from dlzoo.layers.adaptive_instance_normalization import AdaIN
from dlzoo.layers.arithmetic import output_side, zeros_around
from dlzoo.layers.auxiliary import AuxiliaryHead, AuxiliaryOutputs
from dlzoo.layers.batch_normalization import BatchNormalization
from dlzoo.layers.box_labels import BoxLabels
from dlzoo.layers.class_labels import ClassLabels
from dlzoo.layers.conv_bn import ConvBN, DepthwiseConvBN
from dlzoo.layers.corner_upsampling import CornerUpsampling2D
from dlzoo.layers.cosine_scores import CosineScores
from dlzoo.layers.crop_like import CropLike
from dlzoo.layers.depthwise_separable import DepthwiseSeparableConv2D
from dlzoo.layers.edge_filter import EdgeFilter, edge_filter
from dlzoo.layers.gram_matrix import GramMatrix
from dlzoo.layers.grouped_conv import GroupedConv2D
from dlzoo.layers.image_preprocessing import ImagePreprocessing
from dlzoo.layers.inception import InceptionModule
from dlzoo.layers.inception_residual import InceptionReduction, InceptionResidual
from dlzoo.layers.instance_normalization import InstanceNormalization
from dlzoo.layers.inverted_dropout import InvertedDropout
from dlzoo.layers.inverted_residual import InvertedResidual
from dlzoo.layers.l2_normalize import L2Normalize
from dlzoo.layers.l2_pooling import L2Pooling2D
from dlzoo.layers.learned_distance import LearnedDistance
from dlzoo.layers.local_response_normalization import LocalResponseNormalization
from dlzoo.layers.match_sides import MatchSides
from dlzoo.layers.mbconv import MBConv
from dlzoo.layers.object_scores import ObjectScores
from dlzoo.layers.pad_to_multiple import PadToMultiple
from dlzoo.layers.padded_inception import PaddedInception
from dlzoo.layers.pair_scores import PairScores
from dlzoo.layers.pixel_labels import PixelLabels
from dlzoo.layers.prelu import PReLU
from dlzoo.layers.radial_basis import RadialBasis
from dlzoo.layers.random_warp import RandomWarp
from dlzoo.layers.reflection_conv import ReflectionConv2D
from dlzoo.layers.reflection_padding import ReflectionPadding2D
from dlzoo.layers.region_proposals import Proposals, RegionProposalHead
from dlzoo.layers.reorg import Reorg, leaky_tenth
from dlzoo.layers.residual import ConvolutionalBlock, IdentityBlock, residual_block
from dlzoo.layers.roi_align import RoIAlign
from dlzoo.layers.roi_detections import RoIDetections
from dlzoo.layers.roi_pool import RoIPool
from dlzoo.layers.sampled_rois import SampledRoIs, WithLots
from dlzoo.layers.separable_block import SeparableBlock
from dlzoo.layers.squeeze_excite import SqueezeExcite
from dlzoo.layers.stochastic_depth import StochasticDepth
from dlzoo.layers.sub_sampling import SubSampling, scaled_tanh
from dlzoo.layers.table_conv import TableConv2D
from dlzoo.layers.upsampling import BilinearUpsampling2D
from dlzoo.layers.window_grid import WindowGrid
from dlzoo.layers.yolo import ObjectnessPrior, YOLOBoxes, YOLOCandidates
from dlzoo.layers.yolo_detections import YOLODetections

__all__ = [
    "AdaIN",
    "AdaptiveAveragePooling2D",
    "AuxiliaryHead",
    "AuxiliaryOutputs",
    "BatchNormalization",
    "BilinearUpsampling2D",
    "BoxLabels",
    "ClassLabels",
    "ConvBN",
    "ConvolutionalBlock",
    "CornerUpsampling2D",
    "CosineScores",
    "CropLike",
    "DepthwiseConvBN",
    "DepthwiseSeparableConv2D",
    "EdgeFilter",
    "GramMatrix",
    "GroupedConv2D",
    "IdentityBlock",
    "ImagePreprocessing",
    "InceptionModule",
    "InceptionReduction",
    "InceptionResidual",
    "InstanceNormalization",
    "InvertedDropout",
    "InvertedResidual",
    "L2Normalize",
    "L2Pooling2D",
    "LearnedDistance",
    "LocalResponseNormalization",
    "MBConv",
    "MatchSides",
    "ObjectScores",
    "ObjectnessPrior",
    "PReLU",
    "PadToMultiple",
    "PaddedInception",
    "PairScores",
    "PixelLabels",
    "Proposals",
    "RadialBasis",
    "RandomWarp",
    "ReflectionConv2D",
    "ReflectionPadding2D",
    "RegionProposalHead",
    "Reorg",
    "RoIAlign",
    "RoIDetections",
    "RoIPool",
    "SampledRoIs",
    "SeparableBlock",
    "SqueezeExcite",
    "StochasticDepth",
    "SubSampling",
    "TableConv2D",
    "WindowGrid",
    "WithLots",
    "YOLOBoxes",
    "YOLOCandidates",
    "YOLODetections",
    "edge_filter",
    "leaky_tenth",
    "output_side",
    "residual_block",
    "scaled_tanh",
    "zeros_around",
]

_registration.register()
