"""The options of `dlzoo fine-tune`, with their words for `--help`."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

_DATA = (
    "Folder with a folder of images for each class, with `images` and `masks`, or with boxes "
    "as VOC or YOLO has them; a `.csv` with a column `path` and what is known about each "
    "image; COCO's `.json`; `tfds:NAME`."
)
_TARGETS = (
    "Of a CSV, once a column: `age=regression`, `tags=multilabel`, `id=ignore`, also `binary`, "
    "`multiclass`; `weather=sun,rain`: these columns of 0 and 1 as labels of one target; "
    "names only: learn no other columns."
)
_WEIGHTS = (
    "`imagenet`, a file, `hf://...`, or `none`: from scratch (`auto`: if none are published)."
)
_AUGMENT = (
    "Change images by these only: `shift,rotate,zoom` (without `flip`) where "
    "left and right differ (default: all that are usual for the task)."
)
_UNFREEZE = "After the head: `auto`, `head`, `last`, `all` or a number of stages."
_DUPLICATE = "The same image in two splits: `error`, `drop` or `keep`."
_BAD_BOX = "Boxes that are empty or reach beyond the image: `error`, `drop` or `clip`."
_HUMAN = "Error of people on such images, 0 to 1, for the diagnosis."
_OPTIONS = (
    "Of a segmentation or detection network, once an option: `width=16`, `upsampling=bilinear`."
)
_CLASSES = (
    "Of masks or boxes: names in the order of their numbers, `sky,road`; of masks also a file."
)
_LOSS = "Of masks: `cross_entropy`, `dice`, `focal`, or some joined by `+`."
_BORDERS = "Of masks: let borders between objects count more."

Data = Annotated[str, Argument(help=_DATA)]
Model = Annotated[str, Option(help="A name from `dlzoo models`.")]
Out = Annotated[Path, Option(help="Folder for model, report and pictures.")]
Task = Annotated[str | None, Option(help="`classification`, `segmentation` or `detection`.")]
Backbone = Annotated[
    str | None, Option(help="Of `unet_backbone`, `yolo`: a classification network.")
]
ModelOptions = Annotated[list[str] | None, Option("--model-option", help=_OPTIONS)]
Targets = Annotated[list[str] | None, Option("--target", help=_TARGETS)]
Classes = Annotated[str | None, Option(help=_CLASSES)]
Palette = Annotated[str | None, Option(help="Of masks: a file of lines `name,r,g,b`.")]
Void = Annotated[str | None, Option(help="Of masks: a name or value that does not count.")]
Weights = Annotated[str, Option(help=_WEIGHTS)]
Epochs = Annotated[str | None, Option(help="At most; `30,10`: for head and later stages.")]
BatchSize = Annotated[int | None, Option(help="Images a step.")]
LearningRate = Annotated[
    str | None, Option(help="`3e-3`, or `3e-3,1e-4`: for head and later stages.")
]
ImageSize = Annotated[str | None, Option(help="Side in pixels, or `HEIGHT,WIDTH`.")]
Crop = Annotated[str | None, Option(help="Of masks: train on windows of this size.")]
Unfreeze = Annotated[str, Option(help=_UNFREEZE)]
Augment = Annotated[str | None, Option(help=_AUGMENT)]
NoAugment = Annotated[bool, Option("--no-augment", help="No changes.")]
Optimizer = Annotated[str, Option(help="`adamw` or `sgd`.")]
Loss = Annotated[str | None, Option(help=_LOSS)]
LabelSmoothing = Annotated[float | None, Option(help="0 to 1.")]
ClassWeights = Annotated[
    str | None, Option(help="`balanced`: rare classes count as much as others.")
]
BorderWeights = Annotated[bool, Option("--border-weights", help=_BORDERS)]
Patience = Annotated[int | None, Option(help="Epochs without progress.")]
HumanError = Annotated[float | None, Option(help=_HUMAN)]
MixedBfloat16 = Annotated[bool, Option("--mixed-bfloat16", help="Half the bits.")]
Seed = Annotated[int, Option(help="Same seed, same result.")]
OnBadImage = Annotated[str, Option(help="`error` or `skip`.")]
OnDuplicate = Annotated[str, Option(help=_DUPLICATE)]
OnBadBox = Annotated[str | None, Option(help=_BAD_BOX)]
Fresh = Annotated[bool, Option("--fresh", help="Forget an earlier run.")]
Json = Annotated[bool, Option("--json", help="Print the report as JSON.")]
