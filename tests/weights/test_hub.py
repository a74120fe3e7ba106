"""The Hugging Face hub, played by a local server that answers as the real one does."""

import hashlib
import importlib.util
import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from safetensors.numpy import save

from dlzoo.errors import DownloadError, MissingExtraError
from dlzoo.weights import card, fetch, fetch_hub, hub

needs_hub = pytest.mark.skipif(
    importlib.util.find_spec("huggingface_hub") is None,
    reason="huggingface_hub is not installed",
)
CONTENT = save({"fc.weight": np.arange(6, dtype="float32").reshape(2, 3)})
COMMIT = "c0ffee" + "0" * 34


class Hub(BaseHTTPRequestHandler):
    """One repository, timm/tiny, with one file; another, timm/gated, for members only."""

    def do_HEAD(self):
        self.answer()

    def do_GET(self):
        self.answer()

    def answer(self):
        self.server.asked.append(f"{self.command} {self.path}")
        if self.path == f"/timm/tiny/resolve/{COMMIT}/model.safetensors":
            return self.send(200, CONTENT)
        if not self.path.startswith(("/timm/tiny/resolve/main/", "/timm/gated/")):
            code = "RevisionNotFound" if "/timm/tiny/" in self.path else "RepoNotFound"
            return self.send(404, error=code)
        if self.path.startswith("/timm/gated/"):
            return self.send(403, error="GatedRepo")
        if self.path != "/timm/tiny/resolve/main/model.safetensors":
            return self.send(404, error="EntryNotFound")
        return self.send(200, CONTENT)

    def send(self, status, content=b"", error=None):
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("X-Repo-Commit", COMMIT)
        if error:
            self.send_header("X-Error-Code", error)
        else:
            self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)

    def log_message(self, *args):
        pass


@pytest.fixture
def local_hub():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    server.asked = []
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


CHILD = """
import json, sys
from dlzoo.weights import fetch_hub, read_tensors
try:
    tensors = read_tensors(fetch_hub(sys.argv[1])).tensors
    print(json.dumps({name: array.tolist() for name, array in tensors.items()}))
except ValueError as error:
    print(type(error).__name__, error)
"""


def run(address, endpoint, home, **environment):
    """In a process of its own: huggingface_hub reads its settings when imported."""
    command = [sys.executable, "-W", "ignore", "-c", CHILD, address]
    environment = {
        **os.environ,
        "HF_ENDPOINT": endpoint,
        "HF_HOME": str(home),
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        **environment,
    }
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


@needs_hub
def test_it_is_fetched_once(local_hub, tmp_path):
    endpoint = f"http://127.0.0.1:{local_hub.server_port}"
    for _ in range(2):
        printed = run("hf://timm/tiny", endpoint, tmp_path)
        assert json.loads(printed) == {"fc.weight": [[0, 1, 2], [3, 4, 5]]}
    assert sum(asked.startswith("GET") for asked in local_hub.asked) == 1
    # And without any network, from the cache.
    offline = run("hf://timm/tiny", "http://127.0.0.1:9", tmp_path)
    assert "fc.weight" in json.loads(offline)


@needs_hub
@pytest.mark.parametrize(
    "address, words",
    [
        ("hf://timm/none", "no such repository, or it needs a login (HF_TOKEN)"),
        ("hf://timm/gated", "its owner asks for a login. Run `hf auth login`"),
        ("hf://timm/tiny@v9", "it has no revision 'v9'"),
        ("hf://timm/tiny/other.safetensors", "it has no file 'other.safetensors'"),
    ],
)
def test_what_is_not_there(local_hub, tmp_path, address, words):
    endpoint = f"http://127.0.0.1:{local_hub.server_port}"
    printed = run(address, endpoint, tmp_path)
    assert printed.startswith(f"DownloadError {address}: ")
    assert words in printed


@needs_hub
@pytest.mark.parametrize(
    "offline",
    [pytest.param("0", marks=pytest.mark.slow), "1"],  # it retries for 20 s
)
def test_no_network(tmp_path, offline):
    printed = run("hf://timm/tiny@v1", "http://127.0.0.1:9", tmp_path, HF_HUB_OFFLINE=offline)
    for words in (
        "DownloadError hf://timm/tiny@v1: the hub cannot be reached",
        "https://huggingface.co/timm/tiny/resolve/v1/model.safetensors",
        "pass its path as weights=",
    ):
        assert words in printed


@pytest.mark.parametrize("address", ["hf://timm", "hf://", "hf://a/b c", "https://x/y"])
def test_malformed(address):
    with pytest.raises(DownloadError, match="an address of the hub is hf://organisation"):
        fetch_hub(address)


def test_only_safetensors():
    with pytest.raises(DownloadError, match=r"only .safetensors files.*pytorch_model.bin"):
        fetch_hub("hf://timm/tiny/pytorch_model.bin")


def test_without_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(MissingExtraError, match=r'pip install "dlzoo\[hub\]"'):
        fetch_hub("hf://timm/tiny")


def test_named_weights_come_through_here(monkeypatch, tmp_path):
    monkeypatch.setattr(hub, "fetch_hub", lambda address: tmp_path / address[5:])
    named = card("resnet50").find("a1_in1k")
    assert fetch(named) == tmp_path / "timm" / "resnet50.a1_in1k"
