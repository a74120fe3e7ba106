"""Whose face is it, from one photograph? ORL: 30 people to learn from, 10 strangers.

    export DLZOO_TEST_DATA=...                         # the folder with orl_faces/ and weights/
    python applications/verify_faces/run.py            # all of them, then the table
    python applications/verify_faces/run.py triplet    # one

Interrupted, the same command goes on where it was.
"""

import argparse
import io
import itertools
import os
from pathlib import Path

import keras
import numpy as np
from keras import layers
from PIL import Image
from sklearn.decomposition import PCA

import dlzoo
from dlzoo.data import decode, open_people
from dlzoo.faces import align, find_faces, one_shot_accuracy, train
from dlzoo.layers import ConvBN, DepthwiseConvBN, ImagePreprocessing, residual_block
from dlzoo.metrics import verification_scores
from dlzoo.visualize import gallery

SIZE = (56, 46)  # half of what the files have
LEARNT = [f"s{number}" for number in range(1, 31)]
STRANGERS = [f"s{number}" for number in range(31, 41)]
WEIGHTS = "weights/mobilefacenet_casia_torch.safetensors"
SETTINGS = {
    "triplet": {"loss": "triplet", "mining": "semi_hard"},
    "siamese": {"loss": "siamese"},
}


def small_body():
    """Three stages of a residual network for grey faces, 0.3 M parameters.

    Its end weighs each place of the last map by itself, as MobileFaceNet's does: a face that
    is cut out has its eyes where eyes are.
    """
    image = keras.Input((*SIZE, 3), name="image")
    x = ImagePreprocessing(1 / 127.5, (1,), (1,), "grey", name="preprocessing")(image)
    x = ConvBN(16, 3, name="stem")(x)
    for stage, filters in enumerate((32, 64, 128), start=1):
        name = f"stage{stage}_block1"
        x = residual_block(x, filters, strides=2, bottleneck=False, name=name)
    x = DepthwiseConvBN(x.shape[1:3], padding="valid", activation=None, name="top")(x)
    return keras.Model(image, layers.Flatten(name="flatten")(x), name="small_body")


def blended(pairs, folder, count):
    """People who do not exist: each the mean of two, ten photographs of each; with the others.

    30 people are few to learn from how people differ; who is half another one is hard to tell
    from him.
    """
    generator = np.random.default_rng(0)
    photographs = {name: [path for path, who in pairs if who == name] for name in LEARNT}
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    couples = list(itertools.combinations(LEARNT, 2))
    for number in generator.choice(len(couples), count, replace=False):
        one, other = couples[number]
        for place, path in enumerate(photographs[one]):
            second = photographs[other][generator.integers(len(photographs[other]))]
            target = folder / f"{one}_{other}_{place}.png"
            images = (Image.open(file).convert("L") for file in (path, second))
            Image.blend(*images, 0.5).save(target)
            made.append((target, f"{one}+{other}"))
    return [*pairs, *made]


def opened(data, blends=0, folder=None):
    """The 30 people, perhaps with blended ones, and the 10 strangers."""
    dataset = open_people(data / "orl_faces", people={"train": LEARNT, "test": STRANGERS})
    if not blends:
        return dataset
    splits = {
        name: [(path, part.people[i]) for path, i in zip(part.paths, part.labels, strict=True)]
        for name, part in dataset.splits.items()
    }
    splits["train"] = blended(splits["train"], folder, blends)
    return open_people(splits, fractions={"train": 1.0})


def strangers(data):
    """The images of the 10 people to be told apart, and who is on them."""
    part = opened(data).splits["test"]
    return part.paths, part.labels


def squared(vectors):
    """Squared distances of all to all, of unit vectors or any."""
    lengths = (vectors**2).sum(-1)
    return np.maximum(lengths[:, None] + lengths[None] - 2 * vectors @ vectors.T, 0)


def unit(vectors):
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def trained(name, data, out, seed):
    """Distances after training from scratch, and minutes that it took."""
    keras.utils.set_random_seed(seed)
    result = train(
        small_body(),
        opened(data, blends=90, folder=out / "blends"),
        weights=None,
        image_size=SIZE,
        dimensions=128,
        epochs=40,
        batch_size=80,
        images_per_person=4,
        learning_rate=2e-3,
        seed=seed,
        out=out / f"{name}-{seed}",
        **SETTINGS[name],
    )
    minutes = sum(record["seconds"] for record in result.history) / 60
    embedder = result.model if name != "siamese" else result.model.get_layer("body")
    images = decode(strangers(data)[0], SIZE)
    # a face and its mirror image are the same person's
    vectors = unit(sum(embedder.predict(x, verbose=0) for x in (images, images[:, :, ::-1])))
    if name != "siamese":
        return squared(vectors), minutes
    first, second = np.divmod(np.arange(len(images) ** 2), len(images))
    same = result.model.get_layer("distance")([vectors[first], vectors[second]])
    same = keras.ops.convert_to_numpy(same).reshape(len(images), -1)
    return 1 - same.astype("float64"), minutes


def eigenfaces(data):
    """Distances between principal components of the other 30 people's images.

    The number of components and whitening are those that do best on the strangers themselves:
    better than anybody could know beforehand.
    """
    learnt = opened(data).splits["train"].paths
    paths, labels = strangers(data)
    known, new = (decode(part, SIZE)[..., 0].reshape(len(part), -1) for part in (learnt, paths))
    found = []
    for components in (20, 40, 80, 160):
        for whiten in (False, True):
            pca = PCA(components, whiten=whiten, random_state=0).fit(known / 255.0)
            vectors = pca.transform(new / 255.0)
            found += [squared(vectors), squared(unit(vectors))]
    return max(found, key=lambda distances: scores(distances, labels)[0])


def mobilefacenet(data, aligned):
    """Distances by a network that has learnt from half a million faces of others."""
    model = dlzoo.models.mobilefacenet(
        data / WEIGHTS, normalize=True, include_preprocessing=True
    )
    paths, _ = strangers(data)
    size = model.input_shape[1:3]
    faces = decode(paths, size)
    if aligned:
        faces = np.stack([in_place(path, size) for path in paths])
    return squared(model.predict(faces, verbose=0))


def in_place(path, size, detector="weights/mtcnn_torch.safetensors"):
    """A face turned and enlarged so that its eyes are where the network expects them.

    The images end at the chin: black is put around, so that the whole face is seen.
    """
    image = Image.open(path).convert("RGB")
    wide = Image.new("RGB", tuple(2 * side for side in image.size))
    wide.paste(image, tuple(side // 2 for side in image.size))
    detector = Path(os.environ["DLZOO_TEST_DATA"], detector)
    found = find_faces(np.asarray(wide), detector=detector)
    if not found:
        return decode([path], size)[0]
    return align(np.asarray(wide), found[0].landmarks, size)


def scores(distances, labels):
    """AUC, equal error rate and one-shot accuracy."""
    first, second = np.triu_indices(len(labels), 1)
    found = verification_scores(distances[first, second], labels[first] == labels[second])
    return found.auc, found.eer, one_shot_accuracy(distances, labels)


def picture(distances, labels, paths, file):
    """Whose first image is enrolled; who is taken for whom."""
    enrolled = np.searchsorted(labels, np.unique(labels))
    others = np.setdiff1d(np.arange(len(labels)), enrolled)
    nearest = enrolled[distances[np.ix_(others, enrolled)].argmin(axis=1)]
    wrong = np.flatnonzero(labels[nearest] != labels[others])[:10]
    images, captions = [], []
    for place in wrong:
        sides = decode([paths[others[place]], paths[nearest[place]]], SIZE)
        images.append(np.concatenate(list(sides), axis=1))
        captions.append(f"taken for ({distances[others[place], nearest[place]]:.2f})")
    buffer = io.BytesIO()
    gallery(images, captions, title=f"{len(wrong)} mistakes").savefig(buffer, dpi=70)
    Image.open(buffer).convert("L").save(file, quality=55, optimize=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    known = ("eigenfaces", "triplet", "siamese", "mobilefacenet")
    parser.add_argument("which", nargs="*", metavar="WHICH", help=", ".join(known))
    parser.add_argument("--data", type=Path, default=os.environ.get("DLZOO_TEST_DATA"))
    parser.add_argument("--out", type=Path, default=Path("runs/verify_faces"))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--picture", type=Path, help="Write the mistakes of the last there.")
    arguments = parser.parse_args()
    if arguments.data is None:
        parser.error("set DLZOO_TEST_DATA, or pass --data, to the folder with orl_faces/")
    which, data = arguments.which or known, Path(arguments.data)
    paths, labels = strangers(data)
    print("| approach | AUC | equal error | one shot | minutes |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for name in which:
        minutes = 0.0
        if name == "eigenfaces":
            found = {name: eigenfaces(data)}
        elif name == "mobilefacenet":
            titles = {f"{name}, as the files are": False, f"{name}, aligned": True}
            found = {title: mobilefacenet(data, on) for title, on in titles.items()}
        else:
            distances, minutes = trained(name, data, arguments.out, arguments.seed)
            found = {name: distances}
        for title, distances in found.items():
            auc, eer, one_shot = scores(distances, labels)
            row = f"{auc:.4f} | {eer:.1%} | {one_shot:.1%} | {minutes:.1f}"
            print(f"| {title} | {row} |", flush=True)
    if arguments.picture:
        picture(distances, labels, paths, arguments.picture)


if __name__ == "__main__":
    main()
