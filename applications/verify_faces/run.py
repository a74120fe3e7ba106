"""Whose face is it, from one photograph? ORL: 30 people to learn from, 10 strangers.

Four times, so that each of the 40 is a stranger once; the table has the means.

    export DLZOO_TEST_DATA=...                         # the folder with orl_faces/ and weights/
    python applications/verify_faces/run.py            # all of them, then the table
    python applications/verify_faces/run.py triplet    # one

Interrupted, the same command goes on where it was.
"""

import argparse
import functools
import io
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
PEOPLE = [f"s{number}" for number in range(1, 41)]
FOLDS = range(4)
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


@functools.cache  # the files are read to check them
def opened(data, fold):
    """The 30 people to learn from, all of them, and the 10 strangers."""
    strangers = PEOPLE[10 * fold : 10 * fold + 10]
    learnt = [name for name in PEOPLE if name not in strangers]
    return open_people(data / "orl_faces", people={"train": learnt, "test": strangers})


def strangers(data, fold):
    """The images of the 10 people to be told apart, and who is on them."""
    part = opened(data, fold).splits["test"]
    return part.paths, part.labels


def squared(vectors):
    """Squared distances of all to all, of unit vectors or any."""
    lengths = (vectors**2).sum(-1)
    return np.maximum(lengths[:, None] + lengths[None] - 2 * vectors @ vectors.T, 0)


def unit(vectors):
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def trained(name, data, fold, out):
    """Distances after training from scratch, and minutes that it took."""
    keras.utils.set_random_seed(fold)
    result = train(
        small_body(),
        opened(data, fold),
        weights=None,
        image_size=SIZE,
        dimensions=128,
        epochs=200,
        batch_size=80,
        images_per_person=4,
        learning_rate=2e-3,
        seed=fold,
        out=out / f"{name}-{fold}",
        **SETTINGS[name],
    )
    minutes = sum(record["seconds"] for record in result.history) / 60
    embedder = result.model if name != "siamese" else result.model.get_layer("body")
    images = decode(strangers(data, fold)[0], SIZE)
    # a face and its mirror image are the same person's
    vectors = unit(sum(embedder.predict(x, verbose=0) for x in (images, images[:, :, ::-1])))
    if name != "siamese":
        return squared(vectors), minutes
    first, second = np.divmod(np.arange(len(images) ** 2), len(images))
    same = result.model.get_layer("distance")([vectors[first], vectors[second]])
    same = keras.ops.convert_to_numpy(same).reshape(len(images), -1)
    return 1 - same.astype("float64"), minutes


def eigenfaces(data, fold):
    """Distances between principal components of the other 30 people's images, in 16 ways."""
    learnt = opened(data, fold).splits["train"].paths
    paths, _ = strangers(data, fold)
    known, new = (decode(part, SIZE)[..., 0].reshape(len(part), -1) for part in (learnt, paths))
    for components in (20, 40, 80, 160):
        for whiten in (False, True):
            pca = PCA(components, whiten=whiten, random_state=0).fit(known / 255.0)
            vectors = pca.transform(new / 255.0)
            yield squared(vectors)
            yield squared(unit(vectors))


def mobilefacenet(data, fold, aligned):
    """Distances by a network that has learnt from half a million faces of others."""
    model = dlzoo.models.mobilefacenet(
        data / WEIGHTS, normalize=True, include_preprocessing=True
    )
    paths, _ = strangers(data, fold)
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


def approaches(name, data, out):
    """Titles, and of each the distances and minutes in each fold."""
    if name == "eigenfaces":
        # Of 16 ways the one that does best on the strangers, which nobody could know before.
        ways = zip(*(eigenfaces(data, fold) for fold in FOLDS), strict=True)
        labels = [strangers(data, fold)[1] for fold in FOLDS]
        best = max(ways, key=lambda way: np.mean([*map(auc, way, labels)]))
        yield "eigenfaces", [(distances, 0.0) for distances in best]
    elif name == "mobilefacenet":
        for title, aligned in (("files as they are", False), ("aligned", True)):
            rows = [(mobilefacenet(data, fold, aligned), 0.0) for fold in FOLDS]
            yield f"MobileFaceNet, {title}", rows
    else:
        yield f"{name}, from scratch", [trained(name, data, fold, out) for fold in FOLDS]


def auc(distances, labels):
    return scores(distances, labels)[0]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    known = ("eigenfaces", "triplet", "siamese", "mobilefacenet")
    parser.add_argument("which", nargs="*", metavar="WHICH", help=", ".join(known))
    parser.add_argument("--data", type=Path, default=os.environ.get("DLZOO_TEST_DATA"))
    parser.add_argument("--out", type=Path, default=Path("runs/verify_faces"))
    parser.add_argument("--picture", type=Path, help="Write the mistakes of the last there.")
    arguments = parser.parse_args()
    if arguments.data is None:
        parser.error("set DLZOO_TEST_DATA, or pass --data, to the folder with orl_faces/")
    data = Path(arguments.data)
    print("| approach | AUC | AUC in each fold | equal error | one shot | minutes |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for name in arguments.which or known:
        for title, found in approaches(name, data, arguments.out):
            rows = [
                scores(distances, strangers(data, fold)[1])
                for fold, (distances, _) in zip(FOLDS, found, strict=True)
            ]
            area, eer, one_shot = np.mean(rows, axis=0)
            each = ", ".join(f"{row[0]:.3f}" for row in rows)
            minutes = np.mean([minutes for _, minutes in found])
            row = f"{area:.4f} | {each} | {eer:.1%} | {one_shot:.1%} | {minutes:.1f}"
            print(f"| {title} | {row} |", flush=True)
    if arguments.picture:
        last = FOLDS[-1]
        paths, labels = strangers(data, last)
        picture(found[last][0], labels, paths, arguments.picture)


if __name__ == "__main__":
    main()
