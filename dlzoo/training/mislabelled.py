"""Labels that a network contradicts more surely than it is used to."""

import numpy as np

_ROUNDING = 1e-9  # equal probabilities reach their own mean


def likely_mislabelled(probabilities: np.ndarray, labels: np.ndarray) -> list[tuple[int, int]]:
    """Examples whose label is probably wrong, and the label that is probably right.

    Confident learning (Northcutt, Jiang and Chuang 2021, https://arxiv.org/abs/1911.00068,
    section 3.1): the threshold of a class is the mean probability that its own examples
    get. An example is suspected if another class reaches that class's threshold, is the
    answer, and the label's probability is below the label's own threshold. So a network
    that is unsure of a class suspects nobody for being unsure.

    Args:
        probabilities: `(examples, classes)`, of examples that were not learnt from: a
            network remembers wrong labels that it was trained on.
        labels: Class numbers, `(examples,)`.

    Returns:
        `(example, class)`, the surest contradiction first.

    Example:
        >>> surely = [[0.9, 0.1]] * 4 + [[0.2, 0.8]] * 4
        >>> likely_mislabelled(np.array(surely), np.array([0, 0, 0, 0, 1, 1, 1, 0]))
        [(7, 1)]
    """
    count = len(labels)
    of_label = probabilities[np.arange(count), labels]
    thresholds = np.full(probabilities.shape[1], np.inf)  # of classes without examples
    for label in np.unique(labels):
        thresholds[label] = of_label[labels == label].mean() - _ROUNDING
    answers = probabilities.argmax(axis=1)
    of_answer = probabilities[np.arange(count), answers]
    suspected = (
        (answers != labels)
        & (of_answer >= thresholds[answers])
        & (of_label < thresholds[labels])
    )
    numbers = np.flatnonzero(suspected)
    order = np.argsort(of_label[numbers] - of_answer[numbers], kind="stable")
    return [(int(number), int(answers[number])) for number in numbers[order]]
