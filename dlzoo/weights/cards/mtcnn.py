"""MTCNN: the three networks of facenet-pytorch, whose weights are those of the authors.

Hashes: of the files in facenet-pytorch 2.6.0 on PyPI, which are those of its repository.
"""

from dlzoo.weights.facts import Card, Preprocessing, Weights

# A commit, so that the address leads to the same bytes for ever.
_FOLDER = (
    "https://github.com/timesler/facenet-pytorch/raw/"
    "787da06156087cd6b616fe6608213722bddc30cd/data"
)


def _card(which, side, parameters, multiply_adds, megabytes, sha256):
    preprocessing = Preprocessing(1 / 128, (127.5 / 128,), (1.0,), size=side, crop_fraction=1.0)
    return Card(
        name=f"mtcnn_{which}",
        task="faces",
        title="Joint Face Detection and Alignment using Multi-task Cascaded Convolutional "
        "Networks",
        paper="https://arxiv.org/abs/1604.02878",
        year=2016,
        parameters={"torch": parameters},
        gmacs=multiply_adds / 1e9,
        input_size=side,
        minimum_size=side,
        weights=(
            Weights(
                name="wider_face",
                origin="torch",
                url=f"{_FOLDER}/{which}.pt",
                filename=f"mtcnn-{which}.pt",
                hash=f"sha256:{sha256}",
                megabytes=megabytes,
                top1=None,
                top5=None,
                licence="MIT",
                preprocessing=preprocessing,
                labels="",
            ),
        ),
        default_origin="torch",
        classes=None,
        preprocessing=preprocessing,
    )


# Multiply-adds are counted by hand, convolutions first.
CARDS = (
    _card(
        "pnet",
        12,
        6_632,
        10 * 10 * 270 + 3 * 3 * 1_440 + 4_608 + 6 * 32,
        0.027,
        "a2a71925e0b9996a42f63e47efc1ca19043e69558b5c523b978d611dfae49c8f",
    ),
    _card(
        "rnet",
        24,
        100_178,
        22 * 22 * 756 + 9 * 9 * 12_096 + 3 * 3 * 12_288 + 576 * 128 + 6 * 128,
        0.384,
        "bbb937de72efc9ef83b186c49f5f558467a1d7e3453a8ece0d71a886633f6a86",
    ),
    _card(
        "onet",
        48,
        389_040,
        46 * 46 * 864
        + 21 * 21 * 18_432
        + 8 * 8 * 36_864
        + 3 * 3 * 32_768
        + 1152 * 256
        + 16 * 256,
        1.487,
        "165bfbe42940416ccfb977545cf0e976d5bf321f67083ae2aaaa5c764280118d",
    ),
)
