"""Downloads against a local server, as well- and ill-behaved as real ones are."""

import dataclasses
import hashlib
import os
import re
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from dlzoo.errors import DownloadError
from dlzoo.weights import card, fetch
from dlzoo.weights.download import download
from tests.weights.server import serving

CONTENT = np.random.default_rng(0).bytes(3_000_000)
SHA = "sha256:" + hashlib.sha256(CONTENT).hexdigest()
MD5 = "md5:" + hashlib.md5(CONTENT).hexdigest()


@pytest.fixture
def site():
    with serving(CONTENT) as site:
        yield site


@pytest.fixture
def path(tmp_path):
    return tmp_path / "cache" / "weights.bin"


def partial(path):
    return path.with_name(f".{path.name}.partial")


def assert_absent(path):
    assert not path.exists()


@pytest.mark.parametrize("hash", [SHA, SHA[:15], MD5, None])
def test_once(site, path, hash):
    for _ in range(3):
        assert download(site.url, path, hash=hash) == path
        assert path.read_bytes() == CONTENT
    assert site.asked == [None]
    left = {entry.name for entry in path.parent.iterdir()}
    assert left == {"weights.bin", ".weights.bin.lock", ".weights.bin.checked"}


@pytest.mark.parametrize("hash", [SHA, None])
def test_a_cut_connection_is_taken_up_again(site, path, hash):
    site.cuts = [1_000_000, 500_000]
    download(site.url, path, hash=hash)
    assert path.read_bytes() == CONTENT
    assert site.asked == [None, "bytes=1000000-", "bytes=1500000-"]


def test_a_later_call_continues(site, path):
    site.cuts = [1_000_000, 0]
    with pytest.raises(DownloadError, match=r"1.0 MiB are kept; the same command"):
        download(site.url, path, hash=SHA)
    assert_absent(path)
    assert partial(path).stat().st_size == 1_000_000
    download(site.url, path, hash=SHA)
    assert path.read_bytes() == CONTENT
    assert site.asked[-1] == "bytes=1000000-"


def test_a_server_that_ignores_ranges(site, path):
    site.cuts, site.ranges = [1_000_000], False
    download(site.url, path, hash=SHA)
    assert path.read_bytes() == CONTENT


@pytest.mark.parametrize("hash", [SHA, None])
def test_a_file_that_changed_meanwhile_is_not_joined_to_the_old_half(site, path, hash):
    site.cuts = [1_000_000, 0]
    new, site.content = site.content, CONTENT[::-1]
    with pytest.raises(DownloadError):
        download(site.url, path, hash=hash)
    site.content, site.etag = new, '"v2"'
    download(site.url, path, hash=hash)
    assert path.read_bytes() == CONTENT


def test_without_hash_and_etag_it_starts_again(site, path):
    site.etag, site.cuts = None, [1_000_000, 0]
    with pytest.raises(DownloadError):
        download(site.url, path)
    download(site.url, path)
    assert path.read_bytes() == CONTENT
    assert set(site.asked) == {None}


def test_complete_but_not_renamed(site, path):
    """The process died between the last byte and the new name."""
    path.parent.mkdir()
    partial(path).write_bytes(CONTENT)
    download(site.url, path, hash=SHA)
    assert path.read_bytes() == CONTENT
    assert site.asked == [f"bytes={len(CONTENT)}-"]


def test_a_partial_file_longer_than_the_file(site, path):
    path.parent.mkdir()
    partial(path).write_bytes(CONTENT + b"more")
    download(site.url, path, hash=SHA)
    assert path.read_bytes() == CONTENT


@pytest.mark.parametrize("hash", ["sha256:0676ba61", "md5:" + "0" * 32])
def test_wrong_hash(site, path, hash):
    with pytest.raises(DownloadError, match="not what was published") as caught:
        download(site.url, path, hash=hash)
    kind, _, expected = hash.partition(":")
    got = hashlib.new(kind, CONTENT).hexdigest()[: len(expected)]
    assert f"{kind} {got}, not {expected}. It was deleted" in str(caught.value)
    assert_absent(path)
    assert_absent(partial(path))


def test_wrong_size_where_there_is_no_hash(site, path):
    with pytest.raises(DownloadError, match=r"it has 2.861 MiB, not 13.5"):
        download(site.url, path, megabytes=13.5)
    assert_absent(path)
    download(site.url, path, megabytes=2.861)


def test_without_a_length(site, path):
    site.length = False
    download(site.url, path, hash=SHA)
    assert path.read_bytes() == CONTENT


def test_truncated_without_a_length_is_seen_by_the_hash(site, path):
    site.length, site.cuts = False, [1_000_000]
    with pytest.raises(DownloadError, match="not what was published"):
        download(site.url, path, hash=SHA)
    assert_absent(path)


def test_a_web_page_with_status_200(site, path):
    site.content, site.type = b"<!DOCTYPE html><html>Sign in</html>", "text/html"
    with pytest.raises(DownloadError, match="answered with a web page"):
        download(site.url, path, hash=SHA)
    assert_absent(path)
    assert_absent(partial(path))


def test_an_empty_answer(site, path):
    site.content = b""
    with pytest.raises(DownloadError):
        download(site.url, path)
    assert_absent(path)


@pytest.mark.parametrize(
    "status, words",
    [
        (404, "answered 404 Not Found. The file is no longer there"),
        (403, "answered 403 Forbidden. The address may need a login"),
        (503, "answered 503 Service Unavailable. Try again later"),
    ],
)
def test_refusals(site, path, status, words):
    site.status = status
    with pytest.raises(DownloadError, match=words) as caught:
        download(site.url, path, hash=SHA)
    assert "put it at " + str(path) in str(caught.value)
    assert_absent(path)


def test_time_out(site, path):
    site.silent.clear()
    with pytest.raises(DownloadError, match="stopped answering"):
        download(site.url, path, hash=SHA, timeout=0.2)
    assert_absent(path)


def test_nobody_there(path):
    with serving(b"") as site:
        url = site.url
    with pytest.raises(DownloadError) as caught:
        download(url, path, hash="sha256:0676ba61", megabytes=97.781)
    text = str(caught.value)
    for words in (
        "weights.bin: the server cannot be reached; is there a network?",
        f"download {url} (97.781 MiB, sha256:0676ba61) and put it at {path}",
        "or pass its path as weights=",
    ):
        assert words in text


def test_only_the_web(path):
    with pytest.raises(DownloadError, match="only https:// and http://"):
        download("file:///etc/passwd", path)


def test_a_file_put_there_by_hand(path):
    path.parent.mkdir()
    path.write_bytes(CONTENT)
    url = "http://127.0.0.1:9/"  # not needed
    assert download(url, path, hash=SHA) == path
    path.write_bytes(CONTENT[:-5])
    with pytest.raises(DownloadError, match=r"weights.bin: not the published file.*Delete it"):
        download(url, path, hash=SHA)
    assert path.exists()  # it is not ours to delete


def test_a_cached_file_is_not_hashed_again(site, path, monkeypatch):
    download(site.url, path, hash=SHA)
    monkeypatch.setattr(hashlib, "file_digest", None)
    download(site.url, path, hash=SHA)


def test_fetch_uses_the_cache_folder(site, tmp_path, monkeypatch):
    monkeypatch.setenv("DLZOO_CACHE", str(tmp_path / "here"))
    published = card("resnet18").find("imagenet")
    local = dataclasses.replace(published, url=site.url, hash=SHA)
    assert fetch(local) == tmp_path / "here" / "weights" / "resnet18-f37072fd.pth"


CHILD = """
import sys
from pathlib import Path
from dlzoo.weights.download import download
url, path, hash = sys.argv[1:]
print(len(download(url, path, hash=hash).read_bytes()))
"""


def child(site, path):
    command = [sys.executable, "-c", CHILD, site.url, str(path), SHA]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_two_processes_at_once(site, path):
    site.silent.clear()
    children = [child(site, path) for _ in range(3)]
    wait_until(lambda: site.asked)
    time.sleep(0.5)  # the others come while the first one waits for its answer
    site.silent.set()
    for process in children:
        assert process.communicate(timeout=60)[0] == f"{len(CONTENT)}\n"
    assert site.asked == [None]  # one of them fetched it for all
    assert path.read_bytes() == CONTENT


def test_a_killed_process_blocks_nobody(site, path):
    site.silent.clear()
    victim = child(site, path)
    wait_until(lambda: site.asked)
    os.kill(victim.pid, signal.SIGKILL)
    victim.communicate()
    site.silent.set()
    done = threading.Thread(target=download, args=(site.url, path), kwargs={"hash": SHA})
    done.start()
    done.join(timeout=20)
    assert not done.is_alive()
    assert path.read_bytes() == CONTENT


def wait_until(condition, seconds=30):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_the_folder_cannot_be_written(site, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match=re.escape(str(tmp_path / "file"))):
        download(site.url, tmp_path / "file" / "weights.bin", hash=SHA)
