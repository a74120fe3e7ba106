"""Cards: what is published about a network, and where its weights are.

Units: pixels are 0..255 before preprocessing; sizes of files are MiB (2**20 bytes), as
torchvision prints them; accuracies are per cent on the ImageNet validation set, one crop;
parameters are the trainable ones for the published classes, without batch-norm statistics.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal


@dataclass(frozen=True)
class Preprocessing:
    """What a network expects: `(pixels * scale - mean) / std`, channels in the given order.

    Attributes:
        scale: Factor on pixels of 0..255.
        mean, std: One number a channel, in `channel_order`, after scaling, or one for all.
        channel_order: `"rgb"`, `"bgr"`, or `"grey"`: luminance, one channel.
        size: Side of the square that the network is shown, in pixels.
        crop_fraction: The shorter side is resized to `size / crop_fraction` before the
            centre is cropped.
        interpolation: How it is resized.

    Example:
        >>> print(INCEPTION)
        RGB / 127.5 - 1; 224 px from the centre of 256 (bilinear)
        >>> IMAGENET.at(interpolation="bicubic", crop_fraction=0.95).resize
        236
    """

    scale: float
    mean: tuple[float, ...]
    std: tuple[float, ...]
    channel_order: Literal["rgb", "bgr", "grey"] = "rgb"
    size: int = 224
    crop_fraction: float = 0.875
    interpolation: Literal["bilinear", "bicubic"] = "bilinear"

    @property
    def resize(self) -> int:
        """The shorter side before the centre crop, in pixels."""
        return round(self.size / self.crop_fraction)

    def at(self, **changes: Any) -> "Preprocessing":
        """The same with another size, crop or interpolation."""
        return replace(self, **changes)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    def __str__(self) -> str:
        factor = "" if self.scale == 1 else f" / {1 / self.scale:g}"
        text = f"{self.channel_order.upper()}{factor}"
        if any(self.mean):
            text += f" - {_one_or_all(self.mean)}"
        if set(self.std) != {1.0}:
            text = f"({text}) / {_one_or_all(self.std)}"
        crop = f"{self.size} px from the centre of {self.resize}"
        return f"{text}; {crop} ({self.interpolation})"


# The three ways in which ImageNet networks are fed.
CAFFE = Preprocessing(1.0, (103.939, 116.779, 123.68), (1.0, 1.0, 1.0), "bgr")
INCEPTION = Preprocessing(1 / 127.5, (1.0, 1.0, 1.0), (1.0, 1.0, 1.0))
IMAGENET = Preprocessing(1 / 255, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


@dataclass(frozen=True)
class Weights:
    """One published file of weights.

    Attributes:
        name: What `weights=` calls it, e.g. `"imagenet"`.
        origin: Whose conventions it follows: `"keras"`, `"torch"`, ...
        url: Its official address, `https://...` or `hf://organisation/repository`.
        filename: Its name in the cache.
        hash: `"md5:..."` or `"sha256:..."`, whole or the first digits; None where the
            source publishes none.
        megabytes: Published size in MiB, or None.
        top1, top5: Published accuracy in per cent, or None.
        licence: SPDX identifier.
        preprocessing: What the network expects of its images.
        labels: Name of the list of class names, see `dlzoo.weights.labels`.
        options: Arguments of the builder that these weights are for, e.g. `alpha`.
        note: Where the numbers come from, if that matters.
    """

    name: str
    origin: str
    url: str
    filename: str
    hash: str | None
    megabytes: float | None
    top1: float | None
    top5: float | None
    licence: str
    preprocessing: Preprocessing
    labels: str = "imagenet"
    options: Mapping[str, Any] = field(default_factory=dict, hash=False)
    note: str = ""

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    def __str__(self) -> str:
        options = "".join(f", {key}={value}" for key, value in self.options.items())
        return f"{self.name!r} (origin={self.origin!r}{options})"


@dataclass(frozen=True)
class Card:
    """What is published about one network; `find` gives a file of its weights.

    Attributes:
        parameters: Origin to published number of trainable parameters.
        gmacs: Multiply-adds of one image at `input_size`, in 10**9: of convolutions and
            fully connected layers, as papers and torchvision count. (timm's tables add two
            for each value that batch normalisation scales: 4 % of MobileNetV2.)
        origin_gmacs: The same for an origin that differs, e.g. where the stride sits.
        input_size: Side of the published input, in pixels.
        minimum_size: Smallest side that the network accepts, in pixels.
        default_origin: What `origin=None` means without weights.
        channels: Of the published input; 1 is grey.
        classes: That it was published for; None where it is no classifier.
        preprocessing: What it expects of images under an origin that nothing is published
            for.

    Example:
        >>> from dlzoo.weights import card
        >>> resnet = card("resnet50")
        >>> resnet.find("imagenet").origin
        'keras'
        >>> resnet.find("imagenet", origin="torch").hash
        'sha256:0676ba61'
    """

    name: str
    task: str
    title: str
    paper: str
    year: int
    parameters: Mapping[str, int] = field(hash=False)
    gmacs: float
    input_size: int
    minimum_size: int
    weights: tuple[Weights, ...]
    default_origin: str
    channels: int = 3
    classes: int | None = 1000
    preprocessing: Preprocessing | None = None
    origin_gmacs: Mapping[str, float] = field(default_factory=dict, hash=False)

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """The published input: height, width, channels."""
        return self.input_size, self.input_size, self.channels

    @property
    def origins(self) -> tuple[str, ...]:
        """The origins that the network can be built for, the default one first."""
        rest = (origin for origin in self.parameters if origin != self.default_origin)
        return (self.default_origin, *rest)

    @property
    def weights_names(self) -> tuple[str, ...]:
        """The names that `weights=` understands, in the order of the card."""
        return tuple(dict.fromkeys(weights.name for weights in self.weights))

    def gmacs_of(self, origin: str) -> float:
        """Published multiply-adds of one image under the conventions of `origin`, in 10**9."""
        return self.origin_gmacs.get(origin, self.gmacs)

    def find(self, weights_name: str, origin: str | None = None, **options: Any) -> Weights:
        """The file that `weights_name` means, of `origin` or else of the default one.

        Args:
            weights_name: One of `weights_names`.
            origin: Where the name exists for several origins: which one.
            **options: Arguments of the builder that change shapes, e.g. `alpha=0.5`.

        Raises:
            ValueError: No such weights; the message lists those that exist.
        """
        found = [
            weights
            for weights in self.weights
            if weights.name == weights_name
            and origin in (None, weights.origin)
            # An option that a file does not name makes no difference to it.
            and all(weights.options.get(key, options[key]) == options[key] for key in options)
        ]
        if not found:
            wanted = [f"weights {weights_name!r}"]
            wanted += [f"origin={origin!r}"] if origin is not None else []
            wanted += [f"{key}={value!r}" for key, value in options.items()]
            existing = "; ".join(str(weights) for weights in self.weights) or "none"
            raise ValueError(
                f"{self.name}: nothing is published for {' with '.join(wanted)}. "
                f"There are: {existing}. For a file of your own pass its path."
            )
        return min(found, key=lambda weights: weights.origin != self.default_origin)

    def preprocessing_for(self, origin: str | None = None) -> Preprocessing:
        """What images a network of `origin` expects, as its first published weights do."""
        origin = origin or self.default_origin
        for weights in self.weights:
            if weights.origin == origin:
                return weights.preprocessing
        if self.preprocessing is not None:
            return self.preprocessing
        origins = sorted({weights.origin for weights in self.weights})
        raise ValueError(
            f"{self.name}: origin must be one of {origins} to know what images it "
            f"expects; got {origin!r}."
        )

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    def __str__(self) -> str:
        from dlzoo.weights._print import describe

        return describe(self)


def _one_or_all(numbers: tuple[float, ...]) -> str:
    if len(set(numbers)) == 1:
        return f"{numbers[0]:g}"
    return "(" + ", ".join(f"{number:g}" for number in numbers) + ")"
