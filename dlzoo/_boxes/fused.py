"""TensorFlow's own suppression, equal to the neutral loop and many times as fast.

Imported on TensorFlow only.
"""

import tensorflow as tf

FIRST, GROWTH = 1024, 8  # candidates that suppression starts with, and how their number grows


def suppress(boxes, scores, iou_threshold, most, score_threshold):
    """Indices `(batch, most)` and count `(batch,)` of boxes `(batch, n, 4)`."""

    def one(image):
        found = tf.raw_ops.NonMaxSuppressionV4(
            boxes=image[0],
            scores=image[1],
            max_output_size=most,
            iou_threshold=iou_threshold,
            score_threshold=score_threshold,
            pad_to_max_output_size=True,
        )
        return found.selected_indices, found.valid_outputs

    form = (tf.TensorSpec((most,), tf.int32), tf.TensorSpec((), tf.int32))
    indices, count = tf.map_fn(one, (boxes, scores), fn_output_signature=form)
    return tf.where(tf.range(most) < count[:, None], indices, 0), count


def suppress_classes(boxes, scores, iou_threshold, most, score_threshold):
    """As `class_wise_suppression`, of boxes `(batch, n, classes or 1, 4)`."""
    form = {
        "boxes": tf.TensorSpec((most, 4), tf.float32),
        "scores": tf.TensorSpec((most,), tf.float32),
        "classes": tf.TensorSpec((most,), tf.int32),
        "count": tf.TensorSpec((), tf.int32),
    }
    return tf.map_fn(
        lambda image: _one_image(image[0], image[1], iou_threshold, most, score_threshold),
        (boxes, scores),
        fn_output_signature=form,
    )


def _one_image(boxes, scores, iou_threshold, most, score_threshold):
    """The best `FIRST` scores, and more only while too few of them stay.

    What stays among the best is what stays among all: only better ones suppress a box.
    """
    places = tf.where(scores > score_threshold)  # in the order in which ties are to be taken
    places = tf.cast(places, tf.int32)
    values = tf.gather_nd(scores, places)
    total = tf.size(values)

    def best(among):
        kept, order = tf.math.top_k(values, among)  # of equal ones the lower index first
        chosen = tf.gather(places, order)
        return _suppressed(boxes, tf.shape(scores), kept, chosen, iou_threshold, most)

    def too_few(among, found):
        return (found["count"] < most) & (among < total)

    def with_more(among, _):
        among = tf.minimum(GROWTH * among, total)
        return among, best(among)

    first = tf.minimum(FIRST, total)
    return tf.while_loop(too_few, with_more, (first, best(first)))[1]


def _suppressed(boxes, shape, scores, places, iou_threshold, most):
    """Of candidates `scores (m,)`, best first, at `places (m, 2)`, those that stay.

    The fused operation leaves the order of equal scores open: it gets ranks instead.
    """
    among = tf.size(scores)
    ranks = tf.cast(among - tf.range(among), tf.float32)  # the best has the highest
    found = tf.raw_ops.CombinedNonMaxSuppression(
        boxes=boxes[None],
        scores=tf.scatter_nd(places, ranks, shape)[None],
        max_output_size_per_class=most,
        max_total_size=most,
        iou_threshold=iou_threshold,
        score_threshold=0.0,
        pad_per_class=False,
        clip_boxes=False,
    )
    count = found.valid_detections[0]
    there = tf.range(most) < count
    taken = among - tf.cast(found.nmsed_scores[0][:count], tf.int32)
    padding = [[0, most - count]]
    kept = tf.pad(tf.gather(scores, taken), padding)
    labels = tf.pad(tf.gather(places[:, 1], taken), padding, constant_values=-1)
    return {
        "boxes": tf.ensure_shape(
            tf.where(there[:, None], found.nmsed_boxes[0], 0.0), (most, 4)
        ),
        "scores": tf.ensure_shape(kept, (most,)),
        "classes": tf.ensure_shape(labels, (most,)),
        "count": count,
    }
