"""Looking at mistakes: which kind would be worth most to repair, and which labels are wrong."""

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from dlzoo._text import columns
from dlzoo.training.answers import class_numbers, examples_of, probabilities_of
from dlzoo.training.mislabelled import likely_mislabelled
from dlzoo.training.tags import find_tags, write_cases

_UNTAGGED = "(no tag)"


@dataclass(frozen=True)
class Tag:
    """What one tag is worth.

    Attributes:
        name: Of the tag.
        examples: How many examples have it.
        mistakes: How many of them are answered wrongly.
        share: Of all mistakes; shares add up to more than 1 if mistakes have several tags.
        ceiling: The accuracy if all its mistakes were repaired and nothing else changed.
    """

    name: str
    examples: int
    mistakes: int
    share: float
    ceiling: float


@dataclass(frozen=True)
class Case:
    """A wrong answer.

    Attributes:
        example: Its number in the data, from 0.
        path: Of the image; `"example 3"` where there is none.
        label, predicted: Names of classes.
        probability, probability_of_label: Of the answer and of the label.
        mislabelled: The label is probably wrong, and the answer right.
        tags: Names.
    """

    example: int
    path: str
    label: str
    predicted: str
    probability: float
    probability_of_label: float
    mislabelled: bool
    tags: tuple[str, ...]


@dataclass(frozen=True)
class ErrorAnalysis:
    """Mistakes by tag; `dlzoo.visualize.contact_sheet` shows them.

    Attributes:
        examples: Number of examples.
        accuracy: Fraction of right answers.
        tags: Worth of each tag, the most mistakes first. Without tags: of each confusion.
        mistakes: Every wrong answer, the surest first.
        images: The examples, where they were given as an array.
    """

    examples: int
    accuracy: float
    tags: tuple[Tag, ...]
    mistakes: tuple[Case, ...]
    images: Any = field(default=None, repr=False, compare=False)

    @property
    def mislabelled(self) -> tuple[Case, ...]:
        """The mistakes that are probably those of the labels, the surest first."""
        found = [case for case in self.mistakes if case.mislabelled]
        return tuple(sorted(found, key=lambda c: c.probability_of_label - c.probability))

    def to_dict(self) -> dict[str, Any]:
        """Plain values, without the images."""
        return {
            "examples": self.examples,
            "accuracy": self.accuracy,
            "tags": [asdict(tag) for tag in self.tags],
            "mistakes": [asdict(case) | {"tags": list(case.tags)} for case in self.mistakes],
        }

    def to_csv(self, path: str | os.PathLike) -> None:
        """Write a row a mistake, with a column `tags` to fill in (`;` between tags).

        The file, filled in, can be given as `tags` to `error_analysis`.
        """
        write_cases(path, [_row(case) for case in self.mistakes])

    def __str__(self) -> str:
        suspects = len(self.mislabelled)
        lines = [
            f"{len(self.mistakes)} mistakes in {self.examples} examples "
            f"({self.accuracy:.1%} right); {suspects} of them may be wrong labels."
        ]
        if self.tags:
            rows = [["tag", "examples", "mistakes", "of all", "right if repaired"]]
            rows += [
                [t.name, str(t.examples), str(t.mistakes), f"{t.share:.1%}", f"{t.ceiling:.1%}"]
                for t in self.tags
            ]
            lines.append(columns(rows, right=range(1, 5)))
        return "\n".join(lines)


def error_analysis(
    model: Any,
    data: Any,
    tags: Any = None,
    *,
    classes: Sequence[str] | None = None,
    size: int | tuple[int, int] | None = None,
    batch_size: int = 32,
) -> ErrorAnalysis:
    """Count mistakes by kind, to see what is worth working on.

    The course's procedure: look at about a hundred mistakes of the dev set and note what
    is special about each. If 5 of 100 are dogs, work on dogs takes an error of 10 % to
    9.5 % at best; if 50 are, to 5 %. First without tags: `to_csv` writes the list, in
    which a person fills in the column `tags`; then with that file as `tags`.

    Args:
        model: A classifier from raw RGB images to probabilities, such as `fine_tune`
            makes; its folder, or a `.keras` file; or the probabilities themselves,
            `(examples, classes)`, or `(examples,)` of the second of two classes.
        data: Examples that were not learnt from: a split of `dlzoo.data.open_images(...)`,
            or `(inputs, labels)`. Inputs are paths or an array; labels are class numbers
            or names.
        tags: A CSV file with a column `path` and either `tags` (`;` between them) or one
            column a tag; a dict from path to tags; or tags for each example in order.
            Without paths, the examples are called "example 0", "example 1" ...
        classes: Names of the classes, if the model does not carry them.
        size: Of the images, where the model takes any.
        batch_size: Images at once.

    Raises:
        ValueError: Data, classes and probabilities do not fit together.
            `dlzoo.errors.DataError`: A file cannot be read.

    Example:
        >>> probabilities = [[0.9, 0.1], [0.7, 0.3], [0.2, 0.8], [0.6, 0.4]]
        >>> data = ["a.jpg", "b.jpg", "c.jpg", "d.jpg"], ["cat", "dog", "dog", "dog"]
        >>> print(error_analysis(probabilities, data, {"b.jpg": "small; blurry"}))
        2 mistakes in 4 examples (50.0% right); 0 of them may be wrong labels.
        tag       examples  mistakes  of all  right if repaired
        small            1         1   50.0%              75.0%
        blurry           1         1   50.0%              75.0%
        (no tag)         3         1   50.0%              75.0%
    """
    inputs, labels, paths = examples_of(data)
    probabilities, own = probabilities_of(model, inputs, size, batch_size)
    if len(probabilities) != len(labels):
        raise ValueError(
            f"error_analysis: there must be probabilities for each of the {len(labels)} "
            f"examples; got {len(probabilities)}."
        )
    labels, names = class_numbers(labels, classes, own, probabilities.shape[1])
    found = find_tags(tags, paths)
    mistakes = _mistakes(probabilities, labels, names, paths, found)
    kinds = found if any(found) else None
    return ErrorAnalysis(
        len(labels),
        1 - len(mistakes) / len(labels),
        _worth(mistakes, kinds, len(labels)),
        mistakes,
        None if isinstance(inputs, list) else inputs,
    )


def _mistakes(probabilities, labels, names, paths, tags):
    answers = probabilities.argmax(axis=1)
    suspected = {number for number, _ in likely_mislabelled(probabilities, labels)}
    wrong = np.flatnonzero(answers != labels)
    order = wrong[np.argsort(-probabilities[wrong, answers[wrong]], kind="stable")]
    return tuple(
        Case(
            int(number),
            paths[number],
            names[labels[number]],
            names[answers[number]],
            float(probabilities[number, answers[number]]),
            float(probabilities[number, labels[number]]),
            int(number) in suspected,
            tags[number],
        )
        for number in order
    )


def _worth(mistakes, tags, examples):
    """A row for each tag, the most mistakes first."""
    if tags is None:
        kinds = [(f"{case.label} taken for {case.predicted}",) for case in mistakes]
        tagged = Counter(kind for names in kinds for kind in names)
    else:
        kinds = [case.tags or (_UNTAGGED,) for case in mistakes]
        tagged = Counter(name for names in tags for name in names or (_UNTAGGED,))
    wrong = Counter(name for names in kinds for name in names)
    right = examples - len(mistakes)
    rows = [
        Tag(
            name,
            count,
            wrong[name],
            wrong[name] / len(mistakes),
            (right + wrong[name]) / examples,
        )
        for name, count in tagged.items()
        if mistakes and (wrong[name] or name != _UNTAGGED)
    ]
    return tuple(sorted(rows, key=lambda row: (row.name == _UNTAGGED, -row.mistakes)))


def _row(case):
    numbers = f"{case.probability:.4f}", f"{case.probability_of_label:.4f}"
    likely = case.predicted if case.mislabelled else ""
    return [case.path, case.label, case.predicted, *numbers, likely, "; ".join(case.tags)]
