"""Weights from the Hugging Face hub, `hf://organisation/name` (extra `hub`)."""

import re
from pathlib import Path

from dlzoo._checks import require
from dlzoo.errors import DownloadError

_ADDRESS = re.compile(
    r"hf://(?P<repository>[\w.-]+/[\w.-]+)(@(?P<revision>[^/]+))?(/(?P<file>.+))?"
)
_FILE = "model.safetensors"  # what the hub's own programs write


def fetch_hub(address: str) -> Path:
    """The safetensors file at an address, in the cache that other programs use as well.

    Args:
        address: `hf://organisation/name`, with `@revision` (a branch, tag or commit)
            and with `/file.safetensors` where the file is not `model.safetensors`.

    Raises:
        DownloadError: It cannot be fetched; says what to do by hand.
        MissingExtraError: The package huggingface_hub is not installed.
    """
    repository, revision, filename = parse_address(address)
    hub = require("huggingface_hub", extra="hub", purpose=f"Fetching {address}")
    try:
        return Path(hub.hf_hub_download(repository, filename, revision=revision))
    except hub.errors.LocalEntryNotFoundError as error:  # what it raises when offline
        raise _failed(address, "the hub cannot be reached; is there a network?") from error
    except hub.errors.GatedRepoError as error:
        reason = "its owner asks for a login. Run `hf auth login`, or set HF_TOKEN."
        raise _failed(address, reason) from error
    except hub.errors.RepositoryNotFoundError as error:
        reason = "there is no such repository, or it needs a login (HF_TOKEN)."
        raise _failed(address, reason) from error
    except hub.errors.RevisionNotFoundError as error:
        raise _failed(address, f"it has no revision {revision!r}.") from error
    except hub.errors.EntryNotFoundError as error:
        reason = (
            f"it has no file {filename!r}. Name the one that it has: "
            f"hf://{repository}/FILE.safetensors."
        )
        raise _failed(address, reason) from error
    except OSError as error:
        raise _failed(address, f"the hub answered with an error ({error}).") from error


def parse_address(address: str) -> tuple[str, str | None, str]:
    """Repository, revision and file.

    Example:
        >>> parse_address("hf://timm/resnet50.a1_in1k@main")
        ('timm/resnet50.a1_in1k', 'main', 'model.safetensors')
    """
    match = _ADDRESS.fullmatch(address)
    if match is None:
        raise DownloadError(
            f"an address of the hub is hf://organisation/name, with @revision or /file "
            f"if need be; got {address!r}."
        )
    filename = match["file"] or _FILE
    if not filename.endswith(".safetensors"):
        raise DownloadError(
            f"{address}: only .safetensors files are read from the hub, because others "
            f"can hold code; got {filename!r}."
        )
    return match["repository"], match["revision"], filename


def _failed(address: str, reason: str) -> DownloadError:
    repository, revision, filename = parse_address(address)
    page = f"https://huggingface.co/{repository}/resolve/{revision or 'main'}/{filename}"
    return DownloadError(
        f"{address}: {reason} To do it by hand, download {page} and pass its path as weights=."
    )
