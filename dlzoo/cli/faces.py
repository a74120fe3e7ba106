"""`dlzoo faces`: a gallery of people, and how well a network tells people apart."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Option, echo

from dlzoo.cli import faces_options as options
from dlzoo.cli.faces_evaluate import evaluate
from dlzoo.cli.faces_gallery import list_people, remove
from dlzoo.cli.faces_train import train
from dlzoo.cli.output import print_json

_IMAGES = "Pictures of this person: files, folders (with all below), patterns."


def enrol(
    name: Annotated[str, Argument(help="Of the person.")],
    images: Annotated[list[str], Argument(help=_IMAGES)],
    gallery: options.GalleryFolder = options.GALLERY,
    replace: Annotated[bool, Option("--replace", help="Forget earlier pictures.")] = False,
    model: options.Model = options.MODEL,
    weights: options.Weights = None,
    face: options.Which = "only",
    alignment: options.Alignment = "auto",
    detector: options.Detector = "wider_face",
    min_size: options.MinSize = 40,
) -> None:
    """Add pictures of a person, all of them or none. Ask the person first."""
    embedder = options.open_embedder(model, weights, detector, alignment, min_size)
    from dlzoo import faces
    from dlzoo.faces.people import printable

    people = faces.Gallery(gallery, embedder.made_by)
    found = faces.enrol(name, images, people, embedder, face=face, replace=replace)
    echo(f"{printable(name)}: {len(found)} pictures enrolled in {gallery}")


def identify(
    image: Annotated[Path, Argument(help="A picture, with one face or several.")],
    gallery: options.GalleryFolder = options.GALLERY,
    model: options.Model = options.MODEL,
    weights: options.Weights = None,
    threshold: options.Threshold = None,
    most: Annotated[int, Option(help="Candidates at most.")] = 3,
    alignment: options.Alignment = "auto",
    detector: options.Detector = "wider_face",
    min_size: options.MinSize = 40,
    picture: options.Picture = None,
    json: options.AsJson = False,
) -> None:
    """Say who is on a picture, of those in the gallery, or that they are not recognised."""
    from dlzoo import faces

    people = faces.Gallery(gallery)  # before the network is loaded: is there one?
    embedder = options.open_embedder(model, weights, detector, alignment, min_size)
    answers = faces.identify(image, people, embedder, threshold=threshold, most=most)
    if picture is not None:
        from dlzoo.visualize import save_figure

        save_figure(faces.show_matches(answers), picture)
    if json:
        print_json([answer.to_dict() for answer in answers])
    else:
        echo("\n".join(map(str, answers)))


faces = (
    "Enrol people, recognise and forget them; train networks and measure how well they do it.",
    {
        "enrol": enrol,
        "identify": identify,
        "list": list_people,
        "remove": remove,
        "train": train,
        "evaluate": evaluate,
    },
)
