"""Files that other programs wrote, read under normalised names."""

import os
import warnings
from pathlib import Path

import keras
import numpy as np
import pytest
from safetensors.numpy import save_file

from dlzoo.weights import read_tensors

RNG = np.random.default_rng(0)


def fill(model):
    """Random numbers everywhere, or a swap of two tensors would not be seen."""
    for weight in model.weights:
        if "seed" not in weight.path:
            weight.assign(RNG.normal(size=weight.shape).astype("float32"))
    return model


def expected(model) -> dict[str, np.ndarray]:
    """Path of each variable, as Keras itself gives it, to its numbers."""
    found = {}
    for weight in model.weights:
        if "seed_generator" not in weight.path:
            array = keras.ops.convert_to_numpy(weight)
            found[weight.path.replace("depthwise_kernel", "kernel")] = array
    return found


def assert_same(tensors, model):
    wanted = expected(model)
    assert sorted(tensors) == sorted(wanted)
    for name, array in wanted.items():
        np.testing.assert_array_equal(tensors[name], array, err_msg=name)


@keras.saving.register_keras_serializable("tests.weights")
class Brick(keras.layers.Layer):
    """Convolution and normalisation, held as attributes, as dlzoo's own blocks do."""

    def __init__(self, filters=4, **kwargs):
        super().__init__(**kwargs)
        self.filters = filters
        self.convolution = keras.layers.Conv2D(filters, 3, use_bias=False, name="conv")
        self.norm = keras.layers.BatchNormalization(name="bn")

    def build(self, shape):
        self.convolution.build(shape)
        self.norm.build(self.convolution.compute_output_shape(shape))

    def call(self, x, training=None):
        return self.norm(self.convolution(x), training=training)

    def compute_output_shape(self, shape):
        return self.convolution.compute_output_shape(shape)

    def get_config(self):
        return super().get_config() | {"filters": self.filters}


@keras.saving.register_keras_serializable("tests.weights")
class Block(keras.layers.Layer):
    """Two levels deep, with a list of layers and a dropout that has a seed."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.reduce = Brick(name="reduce")
        self.rest = [Brick(name="first"), Brick(name="second")]
        self.dropout = keras.layers.Dropout(0.5, seed=1)

    def build(self, shape):
        for brick in (self.reduce, *self.rest):
            brick.build(shape)
            shape = brick.compute_output_shape(shape)

    def call(self, x, training=None):
        for brick in (self.reduce, *self.rest):
            x = brick(x, training=training)
        return self.dropout(x, training=training)

    def compute_output_shape(self, shape):
        for brick in (self.reduce, *self.rest):
            shape = brick.compute_output_shape(shape)
        return shape


@pytest.fixture(scope="module")
def composite():
    """Every kind of layer that the networks have, ours and Keras's, nested models too."""
    layers = keras.layers
    head = keras.Sequential(
        [layers.Dense(3, name="hidden"), layers.BatchNormalization(name="bn")], name="head"
    )
    image = keras.Input((16, 16, 3))
    x = Block(name="stage1_block1")(image)
    x = Brick(name="stem")(x)
    x = layers.DepthwiseConv2D(3, name="depthwise")(x)
    x = layers.BatchNormalization(scale=False, name="no_gamma")(x)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dense(2, name="answer")(head(x))
    model = fill(keras.Model(image, x))
    model.compile("adam", "mse")
    model.fit(np.zeros((1, 16, 16, 3)), np.zeros((1, 2)), verbose=0)  # optimizer state
    return model


@pytest.mark.parametrize("file", ["x.weights.h5", "x.keras", "x.h5"])
def test_composite_layers_in_every_layout(composite, tmp_path, file):
    path = tmp_path / file
    save = composite.save_weights if ".weights." in file else composite.save
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Keras does not like .h5
        save(path)
    read = read_tensors(path)
    assert read.layout == "keras"
    assert "stage1_block1/second/conv/kernel" in read.tensors
    assert "head/bn/moving_variance" in read.tensors
    assert_same(read.tensors, composite)


@pytest.fixture(scope="module", params=["mobilenet_v2", "resnet50"])
def application(request):
    if request.param == "resnet50":
        return fill(
            keras.applications.ResNet50(weights=None, input_shape=(32, 32, 3), classes=2)
        )
    return fill(
        keras.applications.MobileNetV2(
            weights=None, alpha=0.35, input_shape=(32, 32, 3), classes=2
        )
    )


@pytest.mark.slow
@pytest.mark.parametrize("file", ["x.weights.h5", "x.keras", "x.h5"])
def test_keras_applications(application, tmp_path, file):
    save = application.save_weights if ".weights." in file else application.save
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        save(tmp_path / file)
    assert_same(read_tensors(tmp_path / file).tensors, application)


def test_config_of_an_archive(composite, tmp_path):
    composite.save(tmp_path / "x.keras")
    read = read_tensors(tmp_path / "x.keras")
    assert read.config["class_name"] == "Functional"
    composite.save_weights(tmp_path / "x.weights.h5")
    assert read_tensors(tmp_path / "x.weights.h5").config is None


def test_the_name_of_the_file_says_nothing(composite, tmp_path):
    composite.save_weights(tmp_path / "x.weights.h5")
    renamed = (tmp_path / "x.weights.h5").rename(tmp_path / "model.safetensors")
    assert_same(read_tensors(renamed).tensors, composite)


def test_names_of_old_keras(tmp_path):
    """What tf.keras and Keras 1 and 2 wrote: ":0", other scopes, chunked attributes."""
    import h5py

    path = tmp_path / "old.h5"
    with h5py.File(path, "w") as file:
        file.attrs["layer_names0"] = np.array([b"conv1", b"relu"])
        file.attrs["layer_names1"] = np.array([b"bn1", b"inner", b"dw"])
        contents = {
            "conv1": ["conv1/kernel:0", "conv1/bias:0"],
            "relu": [],
            "bn1": [f"batch_normalization_7/{leaf}:0" for leaf in ("gamma", "moving_mean")],
            "inner": ["a/kernel:0", "b/kernel:0"],
            "dw": ["dw/depthwise_kernel:0"],
        }
        for layer, names in contents.items():
            group = file.create_group(layer)
            group.attrs["weight_names"] = np.array([name.encode() for name in names], "S")
            for number, name in enumerate(names):
                group[name] = np.full(2, number, "float32")
    assert {name: array[0] for name, array in read_tensors(path).tensors.items()} == {
        "conv1/kernel": 0,
        "conv1/bias": 1,
        "bn1/gamma": 0,
        "bn1/moving_mean": 1,
        "inner/a/kernel": 0,
        "inner/b/kernel": 1,
        "dw/kernel": 0,
    }


def test_a_separable_convolution_keeps_both_kernels(tmp_path):
    model = keras.Sequential(
        [keras.Input((8, 8, 3)), keras.layers.SeparableConv2D(4, 3, name="both")]
    )
    model.save_weights(tmp_path / "x.weights.h5")
    names = {"both/depthwise_kernel", "both/pointwise_kernel", "both/bias"}
    assert set(read_tensors(tmp_path / "x.weights.h5").tensors) == names


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_of_keras(tmp_path, dtype):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, dtype=dtype)])
    model.save_weights(tmp_path / "x.weights.h5")
    kernel = read_tensors(tmp_path / "x.weights.h5").tensors[model.layers[0].name + "/kernel"]
    assert kernel.dtype == np.float32
    own = keras.ops.convert_to_numpy(keras.ops.cast(model.layers[0].kernel, "float32"))
    np.testing.assert_array_equal(kernel, own)


def test_safetensors(tmp_path):
    written = {
        "module.conv.weight": RNG.normal(size=(4, 3, 3, 3)).astype("float32"),
        "module.half": RNG.normal(size=5).astype("float16"),
        "module.double": RNG.normal(size=()),
        "module.bn.num_batches_tracked": np.array(3),
    }
    save_file(written, tmp_path / "x.safetensors")
    read = read_tensors(tmp_path / "x.safetensors")
    assert read.layout == "torch"
    assert set(read.tensors) == {"conv.weight", "half", "double"}
    for name, array in read.tensors.items():
        assert array.dtype == np.float32
        np.testing.assert_array_equal(array, written[f"module.{name}"].astype("float32"))


def test_it_prints_and_converts(tmp_path):
    save_file({"a": np.zeros((2, 3), "float32")}, tmp_path / "x.safetensors")
    read = read_tensors(tmp_path / "x.safetensors")
    assert str(read).endswith("x.safetensors: 1 tensors in the torch layout, 6 numbers")
    assert read.to_dict()["shapes"] == {"a": [2, 3]}


real = pytest.mark.skipif(
    "DLZOO_TEST_DATA" not in os.environ, reason="DLZOO_TEST_DATA is not set"
)


@real
def test_a_published_keras_file():
    """The names are those that keras.applications gives its layers."""
    folder = Path(os.environ["DLZOO_TEST_DATA"], "weights")
    read = read_tensors(folder / "mobilenet_v2_imagenet_keras.h5")
    model = keras.applications.MobileNetV2(weights=None)
    model.load_weights(folder / "mobilenet_v2_imagenet_keras.h5")
    assert_same(read.tensors, model)


@real
@pytest.mark.parametrize(
    "file, count",
    [
        ("mobilefacenet_casia_torch.safetensors", 1_019_136),
        ("mtcnn_torch.safetensors", 495_850),
    ],
)
def test_published_torch_files(file, count):
    from safetensors.numpy import load_file

    path = Path(os.environ["DLZOO_TEST_DATA"], "weights", file)
    tensors, theirs = read_tensors(path).tensors, load_file(path)
    assert sum(array.size for array in tensors.values()) == count
    for name, array in tensors.items():
        np.testing.assert_array_equal(array, theirs[name])
