"""`dlzoo faces list` and `remove`: who is in a gallery, and is not any more."""

from typing import Annotated

from typer import Argument, echo

from dlzoo.cli import faces_options as options
from dlzoo.cli.output import print_json, print_table


def list_people(
    gallery: options.GalleryFolder = options.GALLERY, json: options.AsJson = False
) -> None:
    """List who is in the gallery, with how many pictures, and since when."""
    from dlzoo.faces import Gallery
    from dlzoo.faces.people import printable

    found = Gallery(gallery).people()
    if json:
        print_json([person.to_dict() for person in found])
        return
    rows = [(printable(p.name), str(p.images), f"{p.added:%Y-%m-%d %H:%M}") for p in found]
    print_table(("name", "pictures", "since (UTC)"), rows, right=[1])


def remove(
    name: Annotated[str, Argument(help="Of the person.")],
    gallery: options.GalleryFolder = options.GALLERY,
) -> None:
    """Remove a person from every file of the gallery."""
    from dlzoo.faces import Gallery
    from dlzoo.faces.people import printable

    count = Gallery(gallery).remove(name)
    echo(f"{printable(name)}: {count} embeddings removed from every file of {gallery}")
