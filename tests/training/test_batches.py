"""Which examples come when."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dlzoo.training import Batches


def order(batches):
    return np.concatenate([batches[i][0] for i in range(len(batches))])


@given(count=st.integers(1, 60), size=st.integers(1, 20), epoch=st.integers(0, 5))
def test_an_epoch_is_every_example_once_in_batches_of_nearly_one_size(count, size, epoch):
    batches = Batches(np.arange(count), np.arange(count) * 2, size, seed=(1, 2))
    batches.epoch = epoch
    sizes = [len(batches[i][0]) for i in range(len(batches))]
    assert sorted(order(batches)) == list(range(count))
    assert max(sizes) <= size
    assert max(sizes) - min(sizes) <= 1
    for step in range(len(batches)):
        inputs, targets = batches[step]
        np.testing.assert_array_equal(targets, inputs * 2)


def test_the_order_follows_from_seed_and_epoch():
    a = Batches(np.arange(50), np.arange(50), 8, seed=(3, 0))
    b = Batches(np.arange(50), np.arange(50), 8, seed=(3, 0))
    c = Batches(np.arange(50), np.arange(50), 8, seed=(3, 1))
    first = order(a)
    a.epoch = b.epoch = 4
    assert (order(a) == order(b)).all()
    assert (order(a) != first).any()
    assert (first != order(c)).any()


def test_without_a_seed_the_order_is_that_of_the_data():
    batches = Batches(np.arange(10), np.arange(10), 4)
    assert (order(batches) == np.arange(10)).all()


def test_weights_come_with_their_examples():
    weights = np.arange(10) / 10
    batches = Batches(np.arange(10), np.arange(10), 4, weights=weights, seed=(0,))
    inputs, _, got = batches[1]
    np.testing.assert_array_equal(got, inputs / 10)


def test_what_is_arranged_comes_after_what_is_changed():
    def change(generator, inputs, targets):
        return inputs + 100, targets

    def arrange(inputs, targets):
        return {"image": inputs, "truth": targets}, targets

    plain = Batches(np.arange(4), np.arange(4), 2, arrange=arrange)
    assert plain[0][0]["image"].tolist() == [0, 1]
    changed = Batches(np.arange(4), np.arange(4), 2, change=change, arrange=arrange)
    both, targets = changed[1]
    assert both["image"].tolist() == [102, 103]
    assert both["truth"].tolist() == targets.tolist() == [2, 3]
