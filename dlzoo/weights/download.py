"""Published weights, fetched once: resumed, checked, and whole or absent.

While a file arrives it is `.<name>.partial` beside its place; only a complete one with
the right hash gets the final name. `.<name>.checked` remembers that a file was checked,
so that neither a download nor a file put there by hand is hashed at every start.
"""

import errno
import hashlib
import http.client
import os
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from dlzoo._cache import cache_dir
from dlzoo._lock import locked
from dlzoo._progress import progress_bar
from dlzoo.errors import DownloadError
from dlzoo.weights.facts import Weights
from dlzoo.weights.formats import looks_like_web_page

_MIB = 2**20
_CHUNK = 2**18  # bytes
_ATTEMPTS = 5  # connections that break, each of which brought something
_TIMEOUT = 30.0  # seconds of silence


def fetch(weights: Weights, *, timeout: float = _TIMEOUT) -> Path:
    """The file of published weights in the cache, downloaded if it is not there yet.

    The cache is the folder named by `DLZOO_CACHE`, else the platform's; what comes from
    Hugging Face is kept in that program's own cache. Weights at `package:` came with dlzoo.

    Args:
        weights: From a card.
        timeout: Seconds without a byte after which a connection counts as broken.

    Raises:
        DownloadError: It cannot be fetched or is damaged; says what to do by hand.
    """
    if weights.url.startswith("hf://"):
        from dlzoo.weights.hub import fetch_hub

        return fetch_hub(weights.url)
    if _shipped(weights):
        return _place(weights)
    return download(
        weights.url,
        _place(weights),
        hash=weights.hash,
        megabytes=weights.megabytes,
        timeout=timeout,
    )


def cached(weights: Weights) -> Path | None:
    """The file of published weights where it is here already, else None.

    What comes from Hugging Face is in that program's cache, which is not looked into.
    """
    path = _place(weights)
    there = path.is_file() and not weights.url.startswith("hf://")
    return path if there else None


def _shipped(weights: Weights) -> bool:
    return weights.url.startswith("package:")


def _place(weights: Weights) -> Path:
    if _shipped(weights):
        return Path(__file__).with_name(weights.filename)
    return cache_dir() / "weights" / weights.filename


def download(
    url: str,
    path: str | os.PathLike,
    *,
    hash: str | None = None,
    megabytes: float | None = None,
    timeout: float = _TIMEOUT,
) -> Path:
    """Download `url` to `path`, unless it is there; continue where an earlier try ended.

    Args:
        url: An `https://` or `http://` address.
        path: Where the file goes.
        hash: `"md5:..."` or `"sha256:..."`, whole or the first digits.
        megabytes: Its size in MiB; decides only where there is no hash.
        timeout: Seconds without a byte after which a connection counts as broken.

    Raises:
        DownloadError: Nothing is then under `path`, or what was there before.
    """
    job = _Job(url, Path(path), hash, megabytes, timeout)
    if not url.startswith(("https://", "http://")):
        raise DownloadError(f"{url}: only https:// and http:// addresses are fetched.")
    if _is_there(job):
        return job.path
    job.path.parent.mkdir(parents=True, exist_ok=True)
    with locked(job.beside("lock")):
        if not _is_there(job):  # another process may have fetched it meanwhile
            _receive(job)
            _check(job, job.beside("partial"), delete=True)
            os.replace(job.beside("partial"), job.path)
            job.beside("etag").unlink(missing_ok=True)
            _remember(job)
    return job.path


class _Job(NamedTuple):
    url: str
    path: Path
    hash: str | None
    megabytes: float | None
    timeout: float

    def beside(self, suffix: str) -> Path:
        return self.path.with_name(f".{self.path.name}.{suffix}")

    def failed(self, reason: str) -> DownloadError:
        facts = [f"{self.megabytes:g} MiB"] if self.megabytes else []
        facts += [self.hash] if self.hash else []
        what = f" ({', '.join(facts)})" if facts else ""
        return DownloadError(
            f"{self.path.name}: {reason} To do it by hand, download {self.url}{what} "
            f"and put it at {self.path}, or pass its path as weights=."
        )


def _is_there(job: _Job) -> bool:
    if not job.path.is_file():
        return False
    try:
        known = job.beside("checked").read_text(encoding="ascii")
    except OSError:
        known = ""
    if known != _identity(job):
        _check(job, job.path, delete=False)  # put there by hand, or replaced since
        _remember(job)
    return True


def _identity(job: _Job) -> str:
    return f"{job.path.stat().st_size} {job.hash}"


def _remember(job: _Job) -> None:
    with suppress(OSError):  # a cache that can only be read still serves
        job.beside("checked").write_text(_identity(job), encoding="ascii")


def _check(job: _Job, path: Path, *, delete: bool) -> None:
    """Raise unless `path` has the published hash, or the size where there is none."""
    size = path.stat().st_size
    if job.hash:
        kind, _, expected = job.hash.partition(":")
        with open(path, "rb") as file:
            # md5 is what keras.applications publishes: against accidents, not attacks.
            got = hashlib.file_digest(
                file, lambda: hashlib.new(kind, usedforsecurity=False)
            ).hexdigest()
        got = got[: len(expected)]
        problem = f"{kind} {got}, not {expected}" if got != expected else ""
    elif job.megabytes and abs(size / _MIB - job.megabytes) > 0.001:
        problem = f"{size / _MIB:.3f} MiB, not {job.megabytes:g}"
    else:
        problem = "no bytes at all" if size == 0 else ""
    if not problem:
        return
    if delete:
        path.unlink()
        raise job.failed(
            f"what arrived from {job.url} is not what was published: it has {problem}. "
            f"It was deleted. A proxy may have changed it; try again."
        )
    raise DownloadError(
        f"{path}: not the published file: it has {problem}. Delete it, and it is "
        f"downloaded from {job.url}."
    )


def _receive(job: _Job) -> None:
    """Fill `.partial` completely, over as many connections as it takes."""
    for attempt in range(_ATTEMPTS):
        before = _size(job.beside("partial"))
        try:
            received, total = _connect(job)
        except urllib.error.HTTPError as error:
            error.close()
            raise job.failed(_explain_status(error.code, error.reason)) from error
        except (http.client.HTTPException, OSError) as error:
            if getattr(error, "errno", None) == errno.ENOSPC:
                raise job.failed(
                    f"the disk of {job.path.parent} is full. Free some space, or name "
                    f"another folder in DLZOO_CACHE."
                ) from error
            if getattr(error, "filename", None):  # about our files, not the network
                raise
            received, total, reason = _size(job.beside("partial")), None, _explain(error)
        else:
            reason = "the connection ended early."
        if total is not None and received >= total:
            return
        if received <= before or attempt == _ATTEMPTS - 1:
            kept = (
                f" {received / _MIB:.1f} MiB are kept; the same command continues there."
                if received
                else ""
            )
            raise job.failed(reason + kept)


def _connect(job: _Job) -> tuple[int, int | None]:
    """Use one connection as far as it goes; (bytes that we have, bytes of the file)."""
    partial, have = job.beside("partial"), _size(job.beside("partial"))
    try:
        response = _open(job, have)
    except urllib.error.HTTPError as error:
        if error.code != http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE or not have:
            raise
        error.close()
        if error.headers.get("Content-Range") == f"bytes */{have}":
            return have, have  # it was complete, only not yet checked
        partial.unlink()  # longer than the file: of something else
        response, have = _open(job, 0), 0
    with response:
        resumed = response.status == http.HTTPStatus.PARTIAL_CONTENT
        if not resumed:
            have = 0  # the server ignores Range, or has another file now
            _keep_etag(job, response.headers.get("ETag"))
        length = response.headers.get("Content-Length")
        total = have + int(length) if length else None
        first = response.read(_CHUNK)
        if not resumed and looks_like_web_page(first[:512]):
            raise job.failed(
                f"{job.url} answered with a web page instead of the file; a login, "
                f"consent or proxy page may be in the way."
            )
        with open(partial, "ab" if resumed else "wb") as file:
            received = _copy(job, response, first, file, have, total)
    # Without a length the end of the connection is the end of the file.
    return received, received if total is None else total


def _open(job: _Job, have: int) -> Any:
    headers = {"User-Agent": "dlzoo", "Accept-Encoding": "identity"}
    etag = ""
    with suppress(OSError):
        etag = job.beside("etag").read_text(encoding="ascii")
    # Two halves of different files must not be joined unseen.
    if have and (etag or job.hash):
        headers["Range"] = f"bytes={have}-"
        if etag:
            headers["If-Range"] = etag
    request = urllib.request.Request(job.url, headers=headers)
    return urllib.request.urlopen(request, timeout=job.timeout)


def _keep_etag(job: _Job, etag: str | None) -> None:
    if etag and etag.startswith('"') and etag.isascii():  # weak ones do not identify
        job.beside("etag").write_text(etag, encoding="ascii")
    else:
        job.beside("etag").unlink(missing_ok=True)


def _copy(
    job: _Job,
    response: Any,
    first: bytes,
    file: BinaryIO,
    have: int,
    total: int | None,
) -> int:
    """Append `first` and the rest of the response; the size of the file then."""
    expected = total or round((job.megabytes or 0) * _MIB)
    try:
        with progress_bar() as bar:
            task = bar.add_task(job.path.name, total=round(expected / _MIB), note="MiB")
            chunk = first
            while chunk:
                file.write(chunk)
                have += len(chunk)
                bar.update(task, completed=have // _MIB)
                chunk = response.read(_CHUNK)
    finally:  # what has come stays, for the next connection
        file.flush()
        os.fsync(file.fileno())
    return have


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _explain_status(status: int, reason: str) -> str:
    hints = {
        403: " The address may need a login, or this network may be shut out.",
        404: " The file is no longer there.",
        410: " The file is no longer there.",
    }
    hint = hints.get(status, " Try again later." if status >= 500 else "")
    return f"the server answered {status} {reason}.{hint}"


def _explain(error: Exception) -> str:
    cause = getattr(error, "reason", error)
    if isinstance(cause, TimeoutError):
        return "the server stopped answering (time-out)."
    if isinstance(error, urllib.error.URLError):
        return f"the server cannot be reached; is there a network? ({cause})"
    return f"the connection broke ({cause})."
