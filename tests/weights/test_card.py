"""Cards agree with what the publishers' own sources print."""

import ast
import importlib.util
import json
import math
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from dlzoo.weights import (
    CAFFE,
    IMAGENET,
    INCEPTION,
    Preprocessing,
    card,
    list_models,
)
from dlzoo.weights.catalogue import CARDS

ALL = [(row, weights) for row in CARDS for weights in row.weights]


# A file a family, whose name begins as ours do.
TORCHVISION_FILES = ("resnet", "mobilenetv2", "vgg", "alexnet", "googlenet", "efficientnet")


def source(package: str, file: str) -> str:
    found = importlib.util.find_spec(package)
    if found is None:
        pytest.skip(f"{package} is not installed")
    return Path(found.submodule_search_locations[0], file).read_text()


def published_by_torchvision() -> dict[str, dict]:
    """Address to facts, from the text of torchvision's `WeightsEnum` classes."""
    facts = {}
    for file in TORCHVISION_FILES:
        for entry in source("torchvision", f"models/{file}.py").split("= Weights(")[1:]:
            if 'float("nan")' in entry:  # a body alone
                continue
            number = {
                key: float(re.search(rf'"{key}": ([\d.]+)', entry)[1])
                for key in ("acc@1", "acc@5", "_ops", "_file_size")
            }
            resize = re.search(r"resize_size=(\d+)", entry)
            number["resize"] = int(resize[1]) if resize else 256
            number["crop"] = int(re.search(r"crop_size=(\d+)", entry)[1])
            mode = re.search(r"interpolation=InterpolationMode\.(\w+)", entry)
            number["interpolation"] = mode[1].lower() if mode else "bilinear"
            facts[re.search(r'url="([^"]+)"', entry)[1]] = number
    return facts


def torchvision_parameters(name: str) -> int:
    (file,) = (file for file in TORCHVISION_FILES if name.replace("_", "").startswith(file))
    text = source("torchvision", f"models/{file}.py")
    letters = "_?".join(name.replace("_", ""))
    wanted = re.search(f"class {letters}_Weights", text, re.IGNORECASE)
    number = r'"num_params": (\d+)'
    found = re.search(number, text[wanted.start() :]) or re.search(number, text)
    return int(found[1])


def test_torchvision_rows_are_what_its_source_says():
    published = published_by_torchvision()
    rows = [(row, w) for row, w in ALL if "download.pytorch.org" in w.url]
    rows = [(row, w) for row, w in rows if row.task == "classification"]
    assert len(rows) == 25
    for row, weights in rows:
        facts = published[weights.url]
        assert weights.top1 == facts["acc@1"]
        assert weights.top5 == facts["acc@5"]
        assert weights.megabytes == facts["_file_size"]
        assert weights.preprocessing.resize == facts["resize"]
        if weights.preprocessing.size == row.input_size:
            assert row.gmacs == facts["_ops"]
        assert weights.preprocessing.size == facts["crop"]
        assert weights.preprocessing.interpolation == facts["interpolation"]
        assert weights.filename == weights.url.rpartition("/")[2]
        assert weights.hash == f"sha256:{weights.filename[-12:-4]}"
        if not weights.options.get("batch_norm"):
            assert row.parameters["torch"] == torchvision_parameters(row.name)


def test_keras_resnet_rows_are_what_its_source_says():
    tree = ast.parse(source("keras", "src/applications/resnet.py"))
    constants = {
        target.id: ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name) and target.id.isupper()
    }
    for name in ("resnet50", "resnet101", "resnet152"):
        weights = card(name).find("imagenet", origin="keras")
        assert weights.hash == f"md5:{constants['WEIGHTS_HASHES'][name][0]}"
        assert weights.url == constants["BASE_WEIGHTS_PATH"] + weights.filename
        assert weights.filename == f"{name}_weights_tf_dim_ordering_tf_kernels.h5"
        assert weights.preprocessing == CAFFE


@pytest.mark.parametrize("name", ["vgg16", "vgg19"])
def test_keras_vgg_rows_are_what_its_source_says(name):
    text = source("keras", f"src/applications/{name}.py")
    text = re.sub(r'"\s*\n\s*"', "", text)  # addresses go over two lines
    for weights_name, constant in (
        ("imagenet", "WEIGHTS_PATH"),
        ("imagenet_notop", "WEIGHTS_PATH_NO_TOP"),
    ):
        weights = card(name).find(weights_name, batch_norm=False)
        assert weights.origin == "keras"
        assert weights.url == re.search(rf'{constant} = \(\s*"([^"]+)"', text)[1]
        md5 = re.search(rf'{constant},.*?file_hash="(\w+)"', text, re.DOTALL)[1]
        assert weights.hash == f"md5:{md5}"
        assert weights.preprocessing == CAFFE


def test_keras_mobilenet_v2_rows_are_what_its_source_says():
    text = source("keras", "src/applications/mobilenet_v2.py")
    base = re.search(r'BASE_WEIGHT_PATH = \(\s*"([^"]+)"', text)[1]
    alphas = ast.literal_eval(re.search(r"if alpha not in (\[[^\]]+\])", text)[1])
    for alpha in alphas:
        weights = card("mobilenet_v2").find("imagenet", alpha=alpha)
        assert weights.origin == "keras"
        assert weights.hash is None
        assert weights.preprocessing == INCEPTION
        assert weights.url == (
            f"{base}mobilenet_v2_weights_tf_dim_ordering_tf_kernels_{alpha}_224.h5"
        )


def test_keras_efficientnet_rows_are_what_its_source_says():
    text = source("keras", "src/applications/efficientnet.py")
    base = re.search(r'BASE_WEIGHTS_PATH = "([^"]+)"', text)[1]
    hashes = dict(re.findall(r'"(b\d)": \(\s+"(\w+)"', text))
    assert sorted(hashes) == [f"b{phi}" for phi in range(8)]
    for variant, md5 in hashes.items():
        weights = card(f"efficientnet_{variant}").find("imagenet", origin="keras")
        assert weights.url == f"{base}efficientnet{variant}.h5"
        assert weights.hash == f"md5:{md5}"


def test_keras_mobilenet_rows_are_what_its_source_says():
    text = source("keras", "src/applications/mobilenet.py")
    base = re.search(r'BASE_WEIGHT_PATH = \(\s*"([^"]+)"', text)[1]
    names = {
        float(alpha): part
        for alpha, part in re.findall(r'alpha == ([\d.]+):\s+alpha_text = "(\w+)"', text)
    }
    names[0.25] = re.search(r'else:\s+alpha_text = "(\w+)"', text)[1]
    sizes = ast.literal_eval(re.search(r"rows not in (\[[^\]]+\])", text)[1])
    rows = [w for w in card("mobilenet").weights if w.origin == "keras"]
    assert {(w.options["alpha"], w.preprocessing.size) for w in rows} == {
        (alpha, size) for alpha in names for size in sizes
    }
    for weights in rows:
        alpha, size = weights.options["alpha"], weights.preprocessing.size
        assert weights.url == f"{base}mobilenet_{names[alpha]}_{size}_tf.h5"
        assert weights.name == ("imagenet" if size == 224 else f"imagenet_{size}")
        assert weights.hash is None
        assert weights.preprocessing == INCEPTION.at(size=size)


TIMM = """
import json, sys, torch
register = torch.library.register_fake
torch.library.register_fake = lambda name, *args, **options: (
    (lambda function: function) if str(name).startswith("torchvision::")
    else register(name, *args, **options)
)
import timm
print(json.dumps({name: timm.get_pretrained_cfg(name).to_dict() for name in sys.argv[1:]}))
"""


def timm_cfgs(names: list[str]) -> dict[str, dict]:
    for package in ("timm", "torch", "torchvision"):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed")
    command = [sys.executable, "-W", "ignore", "-c", TIMM, *names]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


@pytest.mark.slow
def test_timm_rows_are_what_timm_says():
    rows = [weights for _, weights in ALL if weights.url.startswith("hf://timm/")]
    assert len(rows) == 72
    published = timm_cfgs([weights.url.removeprefix("hf://timm/") for weights in rows])
    for weights in rows:
        model = weights.url.removeprefix("hf://timm/")
        facts, ours = published[model], weights.preprocessing
        assert facts["hf_hub_id"].startswith("timm/")
        assert weights.name == facts["tag"]
        assert weights.licence.lower() == facts["license"]
        assert ours.interpolation == facts["interpolation"]
        unit = ours.scale * 255  # timm's mean and std are of pixels between 0 and 1
        colours = np.array([ours.mean, ours.std]) / unit
        np.testing.assert_allclose(colours, [facts["mean"], facts["std"]], rtol=1e-12)
        # The training crop where timm trains at this size, else its test crop.
        trained_at = facts["input_size"][1]
        assert ours.size == max(224, trained_at)
        crop = "crop_pct" if ours.size == trained_at else "test_crop_pct"
        assert ours.crop_fraction == facts[crop]


@pytest.mark.slow
@pytest.mark.parametrize(
    "name, builder",
    [
        ("resnet50", "ResNet50"),
        ("resnet101", "ResNet101"),
        ("resnet152", "ResNet152"),
        ("mobilenet", "MobileNet"),
        ("mobilenet_v2", "MobileNetV2"),
        ("efficientnet_b0", "EfficientNetB0"),
        ("efficientnet_b7", "EfficientNetB7"),
    ],
)
def test_parameters_are_those_of_keras_applications(name, builder):
    import keras

    model = getattr(keras.applications, builder)(weights=None)
    count = sum(math.prod(weight.shape) for weight in model.trainable_weights)
    assert card(name).parameters["keras"] == count


def test_every_row_is_complete():
    for row, weights in ALL:
        assert row.default_origin in row.parameters
        assert weights.origin in row.parameters
        assert weights.url.startswith(("https://", "hf://timm/", "package:"))
        # A body alone has no head, hence no accuracy.
        if row.task == "classification" and weights.name != "imagenet_notop":
            assert 40 < weights.top1 < weights.top5 < 100
        assert weights.licence in {
            "MIT",
            "BSD-3-Clause",
            "Apache-2.0",
            "CC-BY-4.0",
            "GPL-3.0",
            "LicenseRef-YOLO",  # "Darknet is public domain."
        }
    for row in CARDS:
        keys = [(w.name, w.origin, str(w.options)) for w in row.weights]
        assert len(set(keys)) == len(keys)
    files = [w.url if w.url.startswith("hf://") else w.filename for _, w in ALL]
    assert len(set(files)) == len(files)  # two in one cache would overwrite each other


def test_find_prefers_the_default_origin():
    resnet = card("resnet50")
    assert resnet.find("imagenet").origin == "keras"
    assert resnet.find("imagenet", origin="torch").origin == "torch"
    assert resnet.find("imagenet_v2").origin == "torch"
    assert card("resnet18").find("imagenet").origin == "torch"


def test_find_by_options():
    mobilenet = card("mobilenet_v2")
    assert mobilenet.find("imagenet").options == {"alpha": 1.0}
    assert mobilenet.find("imagenet", alpha=0.35).options == {"alpha": 0.35}
    assert mobilenet.find("ra_in1k", alpha=1.4).url.endswith("mobilenetv2_140.ra_in1k")
    assert mobilenet.find("imagenet", origin="torch", alpha=1.0).megabytes == 13.555


@pytest.mark.parametrize(
    "name, arguments, words",
    [
        ("resnet50", {"weights_name": "coco"}, ["'coco'", "'imagenet' (origin='keras')"]),
        (
            "resnet34",
            {"weights_name": "imagenet", "origin": "keras"},
            ["origin='keras'", "'a1_in1k' (origin='torch')", "pass its path"],
        ),
        (
            "mobilenet_v2",
            {"weights_name": "imagenet", "alpha": 0.6},
            ["alpha=0.6", "alpha=0.35"],
        ),
    ],
)
def test_find_lists_what_there_is(name, arguments, words):
    with pytest.raises(ValueError, match=f"^{name}: nothing is published") as caught:
        card(name).find(**arguments)
    for word in words:
        assert word in str(caught.value)


def test_preprocessing_for():
    assert card("resnet50").preprocessing_for() == CAFFE
    assert card("resnet50").preprocessing_for("torch") == IMAGENET
    assert card("mobilenet_v2").preprocessing_for("keras") == INCEPTION
    with pytest.raises(ValueError, match=r"must be one of \['torch'\].*got 'keras'"):
        card("resnet18").preprocessing_for("keras")


@pytest.mark.parametrize(
    "constant, mode", [(CAFFE, "caffe"), (INCEPTION, "tf"), (IMAGENET, "torch")]
)
def test_preprocessing_is_that_of_keras(constant, mode):
    from keras.applications.imagenet_utils import preprocess_input

    pixels = np.random.default_rng(0).uniform(0, 255, (1, 4, 4, 3)).astype("float32")
    theirs = preprocess_input(pixels.copy(), data_format="channels_last", mode=mode)
    np.testing.assert_allclose(apply(constant, pixels), theirs, rtol=1e-5, atol=1e-5)


def apply(preprocessing: Preprocessing, pixels):
    if preprocessing.channel_order == "bgr":
        pixels = pixels[..., ::-1]
    return (pixels * preprocessing.scale - preprocessing.mean) / preprocessing.std


def test_list_models():
    assert list_models() == sorted(list_models())
    assert list_models("resnet*", task="classification") == [
        "resnet101",
        "resnet152",
        "resnet18",
        "resnet34",
        "resnet50",
    ]
    assert list_models("vit*") == []
    with pytest.raises(
        ValueError, match=r"task must be one of \['classification', 'detection', 'faces', 'segm"
    ):
        list_models(task="detectoin")


def test_unknown_network():
    with pytest.raises(ValueError, match="'resnet51'; did you mean 'resnet50'"):
        card("resnet51")
    with pytest.raises(ValueError, match=r"'zzz'; there are: .*mobilenet_v2, .*resnet101"):
        card("zzz")


def test_card_prints_and_converts():
    row = card("resnet50")
    text = str(row)
    for word in ("25,583,592", "arxiv.org/abs/1512.03385", "80.9", "sha256:11ad3fa6"):
        assert word in text
    assert text.isascii()
    back = json.loads(json.dumps(row.to_dict()))
    assert back["weights"][0]["hash"] == row.weights[0].hash
    assert back["weights"][0]["preprocessing"]["channel_order"] == "bgr"
