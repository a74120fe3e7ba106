"""The published MobileNetV2 in int8, on photographs, calibrated on other images."""

import os
from pathlib import Path

import pytest

import dlzoo
from tests.exporting.test_int8 import NEEDED

DATA = os.environ.get("DLZOO_TEST_DATA")
EXPECTED = 0.81  # of the network of keras.applications with these weights


@pytest.fixture(scope="module")
def network():
    weights = Path(DATA, "weights", "mobilenet_v2_imagenet_keras.h5")
    return dlzoo.create_model("mobilenet_v2", weights, include_preprocessing=True)


@pytest.mark.slow
@pytest.mark.skipif(not DATA, reason="DLZOO_TEST_DATA is not set")
@pytest.mark.parametrize("form", NEEDED)
def test_int8_keeps_the_accuracy_after_other_images(form, network, tmp_path):
    for module in NEEDED[form]:
        pytest.importorskip(module, reason=f"{module} is not installed")
    photographs = sorted(Path(DATA, "imagenet_100").glob("*.jpg"))
    exported = dlzoo.export(
        network,
        tmp_path / "net",
        form,
        precision="int8",
        calibration=sorted(Path(DATA, "camvid", "train", "images").glob("*"))[::9],
        evaluate=[(path, int(path.name[:3])) for path in photographs],
    )
    float32, int8 = exported.gain.sides
    assert float32.top1 == pytest.approx(EXPECTED)
    assert int8.top1 >= float32.top1 - 0.02 - 1e-9
    assert int8.agreement >= 0.9
    assert 3.3 < float32.size / int8.size < 4.2
