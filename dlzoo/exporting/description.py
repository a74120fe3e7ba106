"""What an exported network is: the file `dlzoo.json` beside it."""

import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from dlzoo._files import write_json
from dlzoo.errors import DataError
from dlzoo.exporting.reading import Reading

FILE = "dlzoo.json"
LABELS = "labels.txt"
ARCHITECTURE = "architecture.json"  # Keras's layers, for `dlzoo.predict`
_SCHEMA = 1


@dataclass(frozen=True)
class Description:
    """Everything that somebody needs to use an artefact, beside its files.

    Attributes:
        name: Of the network.
        format: A key of `FORMATS`.
        precision: `"float32"`, `"bfloat16"` or `"int8"`: what it computes in.
        task: `"classification"`, `"detection"`, `"segmentation"`, `"faces"` or `"style"`.
        input_shape: Height, width (None: any) and channels of float32 RGB, 0 to 255.
        outputs: None for one array; else the names of the arrays, in their order.
        reading: How an image is brought to `input_shape`.
        labels: Names of the classes, or None.
        targets: Of a network with several answers: name to kind and labels.
        digest: Hash of the network's weights and layers.
        versions: Packages that it was made with.
        check: What the comparison with Keras found.
        quantised: Of an int8 network: from how many images, their hash, and what it gains.
    """

    name: str
    format: str
    precision: str
    task: str
    input_shape: tuple[int | None, int | None, int]
    outputs: tuple[str, ...] | None
    reading: Reading
    labels: tuple[str, ...] | None = None
    targets: dict[str, Any] | None = None
    digest: str = ""
    versions: dict[str, str] = field(default_factory=dict)
    check: dict[str, Any] = field(default_factory=dict)
    quantised: dict[str, Any] | None = None

    def at(self, **changes: Any) -> "Description":
        """The same with another format, precision or check."""
        return replace(self, **changes)

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {"schema": _SCHEMA} | asdict(self)

    def write(self, folder: Path) -> None:
        """`dlzoo.json`, and `labels.txt` with a name a line."""
        write_json(folder / FILE, self.to_dict())
        if self.labels:
            text = "".join(f"{label}\n" for label in self.labels)
            (folder / LABELS).write_text(text, encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> "Description":
        """What `write` has written.

        Raises:
            DataError: There is no such file, or it is not readable by this dlzoo.
        """
        path = folder / FILE
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
            if values.pop("schema") != _SCHEMA:
                raise ValueError("it was written by another dlzoo")
            reading = values["reading"]
            if reading["size"] is not None:
                reading["size"] = tuple(reading["size"])
            for name in ("input_shape", "outputs", "labels"):
                if values[name] is not None:
                    values[name] = tuple(values[name])
            return cls(**values | {"reading": Reading(**reading)})
        except FileNotFoundError:
            raise DataError(
                f"{folder}: there is no {FILE}, so this is no network that dlzoo exported."
            ) from None
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(f"{path}: cannot be read ({error}). Export it again.") from error


def is_exported(path: Path) -> bool:
    """Whether `path` is the folder of an exported network."""
    return (path / FILE).is_file()
