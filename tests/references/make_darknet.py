"""Write the goldens of Darknet's networks: `darknet/darknet-<name>.npz`.

    pip install "opencv-contrib-python-headless>=4.10,<5"    # beside what make.py needs
    python -m tests.references.make_darknet [NAME ...]

OpenCV reads the text and the drawn weights (`darknet_peer.py`), which are not kept. `boxes` are
centre and sides relative to the image, `scores` a number a class; OpenCV suppresses boxes of
version 2 by itself, which leaves scores of exactly 0.
"""

import sys
import tempfile
from pathlib import Path

from tests.references.darknet_peer import ask, peers, state, write
from tests.references.draw import image
from tests.references.make import keep
from tests.references.peers.golden import Golden

FOLDER = Path(__file__).parent / "darknet"
SIZES = {"yolo_v2": ((64, 96),), "yolo_v3": ((64, 96),)}  # of the others also:
MORE = ((64, 96), (96, 32))


def outputs(peer, folder):
    """OpenCV's answers to each size."""
    weights = write(folder / f"{peer.name}.weights", state(peer))
    answers = {}
    for size in SIZES.get(peer.name, MORE):
        found, rows = ask(folder, peer, weights, image((2, *size, 3), seed=size[0]))
        answers[size] = found | {"boxes": rows[..., :4], "scores": rows[..., 5:]}
    return answers


def main(wanted):
    import cv2

    for peer in peers():
        if not wanted or peer.name in wanted:
            row = Golden(peer.name, "darknet", None, peer.taps, peer.gain, {})
            with tempfile.TemporaryDirectory() as folder:
                keep(row, cv2.__version__, {}, outputs(peer, Path(folder)), FOLDER)


if __name__ == "__main__":
    main(sys.argv[1:])
