"""What `torch.save` and safetensors.torch write."""

import argparse

import numpy as np
import pytest

from dlzoo.errors import MissingExtraError, WeightsError
from dlzoo.weights import _torch, read_tensors

torch = pytest.importorskip("torch", reason="torch is not installed")


@pytest.fixture
def network():
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4))


def assert_same(path, network):
    tensors = read_tensors(path).tensors
    wanted = {
        name: value.numpy()
        for name, value in network.state_dict().items()
        if not name.endswith("num_batches_tracked")
    }
    assert set(tensors) == set(wanted)
    for name, array in wanted.items():
        assert tensors[name].dtype == np.float32
        np.testing.assert_array_equal(tensors[name], array)


@pytest.mark.parametrize("new", [True, False], ids=["zip", "legacy"])
@pytest.mark.parametrize(
    "wrap",
    [
        lambda network: network.state_dict(),
        lambda network: {"state_dict": network.state_dict(), "epoch": 3},
        lambda network: {"model": network.state_dict(), "args": {"lr": 0.1}},
        lambda network: torch.nn.DataParallel(network).state_dict(),
        lambda network: dict(network.named_parameters()) | dict(network.named_buffers()),
    ],
    ids=["plain", "state_dict", "model", "module.", "parameters"],
)
def test_checkpoints(network, tmp_path, wrap, new):
    path = tmp_path / "x.bin"
    torch.save(wrap(network), path, _use_new_zipfile_serialization=new)
    assert read_tensors(path).layout == "torch"
    assert_same(path, network)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_other_precisions(tmp_path, dtype):
    from safetensors.torch import save_file

    values = {"a": torch.randn(3, 5).to(dtype)}
    save_file(values, tmp_path / "x.safetensors")
    torch.save(values, tmp_path / "x.pth")
    for path in tmp_path.iterdir():
        got = read_tensors(path).tensors["a"]
        assert got.dtype == np.float32
        np.testing.assert_array_equal(got, values["a"].float().numpy())


@pytest.mark.parametrize("new", [True, False], ids=["zip", "legacy"])
def test_a_pickle_with_code_is_refused_and_not_run(tmp_path, new):
    witness = tmp_path / "it ran"

    class Evil:
        def __reduce__(self):
            return open, (str(witness), "w")

    path = tmp_path / "x.pth"
    torch.save({"a": torch.zeros(2), "b": Evil()}, path, _use_new_zipfile_serialization=new)
    with pytest.raises(WeightsError, match="could run any code, so the file is refused"):
        read_tensors(path)
    assert not witness.exists()


def test_arguments_of_a_training_are_refused_too(tmp_path):
    path = tmp_path / "x.pth"
    torch.save({"model": {"a": torch.zeros(2)}, "args": argparse.Namespace(lr=1)}, path)
    with pytest.raises(WeightsError, match=r"save model.state_dict\(\)"):
        read_tensors(path)


@pytest.mark.parametrize(
    "content, words",
    [
        ({"net": {"a": torch.zeros(2)}}, r"at its top are \['net'\]"),
        ([torch.zeros(2)], "with a list instead of a state dict"),
    ],
)
def test_no_state_dict(tmp_path, content, words):
    torch.save(content, tmp_path / "x.pth")
    with pytest.raises(WeightsError, match=words):
        read_tensors(tmp_path / "x.pth")


@pytest.mark.parametrize("new", [True, False], ids=["zip", "legacy"])
@pytest.mark.parametrize("part", [0.3, 0.9])
def test_truncated(network, tmp_path, new, part):
    path = tmp_path / "x.pth"
    torch.save(network.state_dict(), path, _use_new_zipfile_serialization=new)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * part)])
    with pytest.raises(WeightsError, match=r"x.pth: .*(cut short|damaged)"):
        read_tensors(path)


def test_without_torch(network, tmp_path, monkeypatch):
    torch.save(network.state_dict(), tmp_path / "x.pth")

    def missing(module, *, extra, purpose):
        raise MissingExtraError(f"{purpose} needs dlzoo[{extra}]")

    monkeypatch.setattr(_torch, "require", missing)
    with pytest.raises(MissingExtraError, match=r"x.pth needs dlzoo\[torch\]"):
        read_tensors(tmp_path / "x.pth")
