"""Bad files and copies, where what an image shows is no class."""

from collections.abc import Mapping
from pathlib import Path

from dlzoo.data.audit import FileCheck, remove_bad, settle_duplicates
from dlzoo.data.folders import Listing
from dlzoo.errors import DataError


def settle(
    who: str,
    listing: Listing,
    files: Mapping[Path, FileCheck],
    on_bad_image: str,
    on_duplicate: str,
) -> set[Path]:
    """Take bad files and copies out of a listing, and give the files that can be used.

    Args:
        who: For errors.
        listing: (image, what it shows) of each split; what images show is compared, where
            two are the same, and not named.
        files: What was found in each file, also in those that are not in the listing.
        on_bad_image, on_duplicate: As in `open_images`.
    """
    if not {"all", "train"} & set(listing.splits):
        raise DataError(
            f"{who}: there are no training images, only {', '.join(listing.splits)}."
        )
    # under one label, so that no class can be missing; the notes are shared
    splits = {s: [(path, "any class") for path, _ in p] for s, p in listing.splits.items()}
    remove_bad(Listing(splits, listing.notes), dict(files), on_bad_image)
    usable = {path for path, check in files.items() if not check.problem}
    for split, part in listing.splits.items():
        listing.splits[split] = [pair for pair in part if pair[0] in usable]
    settle_duplicates(listing, dict(files), on_duplicate)
    return usable
