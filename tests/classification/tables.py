"""Small images whose colours say what a table says about them."""

import csv

import numpy as np
from PIL import Image

from tests.classification.conftest import SIZE

KINDS = ("dull", "mixed", "pale")


def paint(folder, count=96, seed=0):
    """Write `count` images; return for each what it shows.

    Red and green are each there or not; blue has any strength, which `shade` gives in a unit
    of its own.
    """
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for number in range(count):
        red, green, blue = rng.random() < 0.5, rng.random() < 0.5, rng.random()
        colour = np.array([60 + 130 * red, 60 + 130 * green, 40 + 170 * blue])
        pixels = colour + rng.normal(0, 12, (SIZE, SIZE, 3))
        image = Image.fromarray(pixels.clip(0, 255).astype("uint8"))
        image.save(folder / f"{number}.png")
        held = [name for name, there in (("red", red), ("green", green)) if there]
        rows.append(
            {
                "path": f"{number}.png",
                "colours": ";".join(held),
                "warm": "yes" if red else "no",
                "kind": KINDS[int(red) + int(green)],
                "shade": f"{1000 + 50 * blue:.3f}",
            }
        )
    return rows


def write_table(path, rows, columns):
    """A CSV with some of the columns."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["path", *columns], extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return path


def with_holes(rows, columns, share=0.3, seed=0):
    """The rows with some cells empty; `-` where no colour is there, which is no hole."""
    rng = np.random.default_rng(seed)
    rows = [row | {"colours": row["colours"] or "-"} for row in rows]
    return [row | {column: "" for column in columns if rng.random() < share} for row in rows]
