"""OpenVINO's intermediate representation: `model.xml` and `model.bin`."""

from pathlib import Path

from dlzoo.exporting.formats._products import sums_in_32_bits
from dlzoo.exporting.formats._streams import Streams

FILE = "model.xml"


def write(model, folder: Path) -> None:
    import keras
    import openvino

    if keras.backend.backend() == "torch":
        from dlzoo.exporting.formats._program import program

        source = program(model)
    else:
        from dlzoo.exporting.formats._traced import traced

        source = traced(model).get_concrete_function()
    converted = openvino.convert_model(source)
    openvino.save_model(converted, folder / FILE, compress_to_fp16=False)


def quantise(source: Path, folder: Path, images) -> None:
    """int8 from the float32 files in `source`, with the ranges that `images` give."""
    import nncf
    import openvino
    from nncf.quantization.advanced_parameters import (
        AdvancedQuantizationParameters,
        OverflowFix,
        QuantizationParameters,
    )
    from nncf.quantization.range_estimator import RangeEstimatorParametersSet

    # NNCF's own choice, ranges from means, and for each channel before depthwise convolutions,
    # hangs on the images: MobileNetV2 (0.81) had a top-1 of 0.81 after its like and 0.55 after
    # street scenes with their masks; with extremes instead of means 0.59 after blood cells.
    # With one range for all channels, too, it was 0.82 or 0.83 after seven kinds of images.
    ranges = AdvancedQuantizationParameters(
        activations_quantization_params=QuantizationParameters(per_channel=False),
        activations_range_estimator_params=RangeEstimatorParametersSet.MINMAX,
        overflow_fix=OverflowFix.DISABLE if sums_in_32_bits() else OverflowFix.FIRST_LAYER,
    )
    quantised = nncf.quantize(
        openvino.Core().read_model(source / FILE),
        nncf.Dataset([image[None] for image in images]),
        preset=nncf.QuantizationPreset.MIXED,
        subset_size=len(images),
        advanced_parameters=ranges,
    )
    openvino.save_model(quantised, folder / FILE, compress_to_fp16=False)


def load(folder: Path, description, *, batch_size, threads=None):
    return Streams(folder / FILE, description, threads)
