"""A gallery of a million embeddings of 128 numbers: enrolling, exact and indexed search.

    python -m benchmarks.gallery [--count 1000000] [--queries 200]

The embeddings are synthetic: people at random places of the unit sphere, five images of each
around them, so that two images of a person are 0.78 apart (squared, of 4) in the mean and those
of two people 2. Queries are further images of enrolled people. What is compared is what
`Gallery.search` answers, with LanceDB's table on this machine's disk and warm caches.
"""

import argparse
import resource
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.side_by_side import machine, publish
from dlzoo.faces import Gallery, MadeBy

SIDE = 128
IMAGES = 5  # of a person
SPREAD = 0.8  # length of what an image differs by from its person
BATCH = 50_000
BAR = "recall at 1 of 0.98 at 20 ms"


def unit(vectors):
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def images_of(people, rng):
    """An image of each row of `people`."""
    return unit(people + SPREAD * rng.normal(size=people.shape) / np.sqrt(SIDE))


def milliseconds(function, *arguments, **options):
    start = time.perf_counter()
    result = function(*arguments, **options)
    return 1000 * (time.perf_counter() - start), result


def enrol(gallery, people, count, rng):
    """Enrol `count` images, `IMAGES` a person, batch by batch."""
    for start in range(0, count, BATCH):
        numbers = np.arange(start, min(start + BATCH, count)) // IMAGES
        names = [f"person {number}" for number in numbers]
        gallery.enrol_many(names, images_of(people[numbers], rng))


def searched(gallery, queries, exact):
    """Median and 95th percentile of the time in ms, and the answers."""
    for query in queries[:5]:
        gallery.search(query, exact=exact)
    pairs = [milliseconds(gallery.search, query, exact=exact) for query in queries]
    times = [spent for spent, _ in pairs]
    return statistics.median(times), float(np.percentile(times, 95)), [m for _, (m,) in pairs]


def measured(count, queries):
    """Rows of the table."""
    rng = np.random.default_rng(0)
    people = unit(rng.normal(size=(-(-count // IMAGES), SIDE)))
    chosen = rng.integers(0, len(people), queries)
    asked = images_of(people[chosen], rng)
    with tempfile.TemporaryDirectory() as folder:
        gallery = Gallery(folder, MadeBy("synthetic", "0", SIDE))
        spent, _ = milliseconds(enrol, gallery, people, count, rng)
        yield "enrolled, in batches of 50,000", f"{len(gallery):,} in {spent / 1000:.1f} s"
        yield "disk, without index", f"{megabytes(folder):,.0f} MB"
        middle, most, exact = searched(gallery, asked, exact=True)
        yield "exact search", f"{middle:.1f} ms (95 %: {most:.1f} ms)"
        spent, _ = milliseconds(gallery.build_index)
        yield "building the index", f"{spent / 1000:.1f} s"
        yield "disk, with index", f"{megabytes(folder):,.0f} MB"
        middle, most, found = searched(gallery, asked, exact=False)
        yield "indexed search", f"{middle:.1f} ms (95 %: {most:.1f} ms)"
        near = [f.distance <= e.distance + 1e-6 for f, e in zip(found, exact, strict=True)]
        yield "recall at 1: as near as exact search", f"{np.mean(near):.3f}"
        for kind, matches in (("exact", exact), ("indexed", found)):
            right = [m.name == f"person {n}" for m, n in zip(matches, chosen, strict=True)]
            yield f"the right person, {kind}", f"{np.mean(right):.3f}"
        spent, _ = milliseconds(gallery.remove, "person 7")
        yield "removing a person, all files anew", f"{spent / 1000:.1f} s"
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    own = people.nbytes / 2**20
    yield "memory at most", f"{peak:,.0f} MB ({own:,.0f} MB are the program's own data)"


def megabytes(folder):
    return sum(p.stat().st_size for p in Path(folder).rglob("*") if p.is_file()) / 1e6


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--queries", type=int, default=200)
    arguments = parser.parse_args()
    text = f"# A gallery of {arguments.count:,} embeddings of {SIDE} numbers, CPU\n\n"
    text += "| what | |\n| --- | --- |\n"
    for what, value in measured(arguments.count, arguments.queries):
        print(f"{what}: {value}", flush=True)
        text += f"| {what} | {value} |\n"
    text += f"\nSearch times are medians of {arguments.queries}. The bar: {BAR}.\n\n"
    publish("gallery", text + machine("dlzoo", "lancedb", "numpy"))


if __name__ == "__main__":
    main()
