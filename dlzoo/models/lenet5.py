"""LeNet-5: the convolutional network that read cheques.

Source: LeCun, Bottou, Bengio and Haffner 1998, "Gradient-based learning applied to document
recognition", http://yann.lecun.com/exdb/publis/pdf/lecun-98.pdf, section II.B.

Origins:

- `"course"`, the form in which it is taught and built today: rectifiers, max pooling, all
  maps connected, fully connected layers of 120 and 84 units, softmax. 61,706 parameters.
- `"paper"`: the squashing function `1.7159 tanh(2 x / 3)`; sub-sampling with a trainable
  coefficient and bias a map; the sixteen maps of C3 connected by Table I; C5 and F6; and
  radial basis units as output. 60,000 parameters, the number that the paper gives. The
  codes of the output differ from the paper's pictures of characters: see `RadialBasis`.

Images are grey. With `include_preprocessing=True` colour comes in and becomes luminance;
bright ink on black, as in MNIST, becomes the paper's -0.1 (ground) to 1.175 (ink). The head
reads the whole feature map, so a network is for images of one size.

Example:
    >>> model = lenet5(classes=10)
    >>> model.input_shape, model.output_shape, model.count_params()
    ((None, 32, 32, 1), (None, 10), 61706)
"""

from keras import initializers, layers

from dlzoo._checks import check_input_shape
from dlzoo.layers import RadialBasis, SubSampling, TableConv2D, scaled_tanh
from dlzoo.models.classifier import Conventions, Design, classifier, head_dtype
from dlzoo.models.classifier import head as softmax_head
from dlzoo.weights.porting import Top

COURSE, PAPER = Conventions(), Conventions(use_bias=True)


def body(image, conventions):
    """Wire the body: to the second pooling, in the paper to C5."""
    return papers_body(image) if conventions is PAPER else courses_body(image)


def courses_body(image):
    """Two convolutions, each with its pooling."""
    x = layers.Conv2D(6, 5, activation="relu", name="stage1_conv", **_he())(image)
    x = layers.MaxPooling2D(2, name="stage2_pool")(x)
    x = layers.Conv2D(16, 5, activation="relu", name="stage2_conv", **_he())(x)
    return layers.MaxPooling2D(2, name="top_pool")(x)


def papers_body(image):
    """The paper's C1, S2, C3, S4 and C5."""
    x = layers.Conv2D(6, 5, activation=scaled_tanh, name="c1", **_small(25))(image)
    x = SubSampling(name="s2")(x)
    x = TableConv2D(5, activation=scaled_tanh, name="c3")(x)
    x = SubSampling(name="s4")(x)
    return layers.Conv2D(120, 5, activation=scaled_tanh, name="c5", **_small(400))(x)


def flat(x, conventions):
    """The feature map as a vector for the head."""
    if None in x.shape[1:3]:
        raise ValueError(
            "lenet5: height and width must be given for a head, because it reads every pixel "
            f"of the feature map; got one of {tuple(x.shape)}. Pass "
            "input_shape=(height, width, 1), or classes=0."
        )
    return layers.Flatten(name="flatten")(x)


def head(x, classes, activation, conventions):
    """Fully connected layers and scores; "head" is the last."""
    if conventions is not PAPER:
        x = layers.Dense(120, activation="relu", name="fc1", **_he())(x)
        x = layers.Dense(84, activation="relu", name="fc2", **_he())(x)
        return softmax_head(x, classes, activation, conventions)
    exact = {"dtype": head_dtype()}  # 84 squared differences add up what is rounded before
    x = layers.Dense(84, activation=scaled_tanh, name="f6", **_small(120), **exact)(x)
    x = RadialBasis(classes, name="head", **exact)(x)
    return layers.Activation(activation, name="scores", **exact)(x)


def _he():
    return {"kernel_initializer": "he_normal"}


def _small(inputs):
    """Uniform within 2.4 / fan-in (appendix A)."""
    limit = 2.4 / inputs
    return {"kernel_initializer": initializers.RandomUniform(-limit, limit)}


def check_shape(who, input_shape, facts):
    """Sides of 32 and more: the paper's C5 sees all of 5x5."""
    check_input_shape(
        who,
        input_shape,
        minimum=facts.minimum_size,
        because="less leaves nothing for the paper's last convolution",
    )


LENET5 = Design(
    name="lenet5",
    body=body,
    origins={"course": COURSE, "paper": PAPER},
    to_vector=flat,
    head=head,
    top=Top(hidden=("fc1", "fc2", "f6")),
    layers={
        "course": ("stage1_conv", "stage2_conv", "fc1", "fc2", "head"),
        "paper": ("c1", "s2", "c3", "s4", "c5", "f6", "head"),
    },
    check_shape=check_shape,
)


@classifier(LENET5)
def lenet5():
    """LeNet-5, 61,706 parameters (origin `"paper"`: 60,000).

    Arguments and result as in `dlzoo.models.build`.
    """
