import pytest

from benchmarks import gpu


def test_who_trains():
    who = list(gpu.contestants("resnet50", gpu.Size(8), "cpu", ["jax", "torch"], (False, True)))
    names = [each.name for each in who]
    assert names[:3] == ["dlzoo, JAX", "dlzoo, PyTorch", "dlzoo, PyTorch, compiled"]
    environment = who[0].environment
    assert (environment["KERAS_BACKEND"], environment["JAX_PLATFORMS"]) == ("jax", "cpu")
    assert "CUDA_VISIBLE_DEVICES" not in gpu.environment("torch", "cuda")


@pytest.mark.slow
def test_all_of_it_tiny_on_a_cpu(capsys):
    backend = "tensorflow"
    pytest.importorskip(backend, reason="tensorflow is not installed")
    gpu.main(
        ["--device", "cpu", "--tiny", "--eager", "--models", "resnet18", "--backends", backend]
    )
    text = capsys.readouterr().out
    assert "### Training resnet18, batch 2, 32 px" in text
    assert "| dlzoo, TensorFlow | " in text
    assert "### Style transfer, VGG-19, 64 px" in text
    assert "Not measured: dlzoo" not in text
