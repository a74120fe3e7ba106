"""Loading weights that people own into our networks: find, recognise, match, assign."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dlzoo.errors import WeightsError
from dlzoo.layers.inside import sublayers
from dlzoo.models.network import BuiltAs, recorded_origin
from dlzoo.weights import Preprocessing, TensorFile, card, read_tensors
from dlzoo.weights.darknet import arrange
from dlzoo.weights.porting import LAYOUTS, LoadReport, Porting, match, recognise

DARKNET = "darknet"
RECOGNISED = 0.5  # share of our layers that a file must name to be taken for ours

_designs: dict[str, Callable[..., Any]] = {}


def register(name, make_design):
    """Make a network known to `load_weights`; `make_design` takes its options."""
    _designs[name] = make_design


def design_of(name, **options):
    """The design of a network by its name in the catalogue of cards."""
    return _designs[name](**options)


@dataclass(frozen=True)
class Source:
    """A file of weights that was found to be for a network, or for its encoder alone."""

    asked: str
    file: TensorFile
    origin: str
    porting: Porting
    preprocessing: Preprocessing | None
    notes: tuple[str, ...] = ()
    encoder_alone: bool = False


def load_weights(model, source):
    """Load weights into a network of the zoo.

    Args:
        model: A model that a builder of `dlzoo.models` made, also after saving and loading.
        source: A name on the card (`"imagenet"`), `"hf://organisation/name"`, or the path
            of a file: dlzoo's own, keras.applications, torchvision, timm or Darknet.

    Returns:
        A `LoadReport`: what was loaded, what stayed random, what was left over.

    Raises:
        dlzoo.errors.WeightsError: The file cannot be had or does not fit; then nothing
            has been assigned.

    Example:
        >>> import pathlib, tempfile, dlzoo
        >>> model = dlzoo.models.resnet18(input_shape=(32, 32, 3))
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "mine.weights.h5"
        >>> model.save_weights(path)
        >>> body = dlzoo.models.resnet18(input_shape=(32, 32, 3), classes=0)
        >>> report = dlzoo.load_weights(body, path)
        >>> report.unused
        ('head/bias', 'head/kernel')
    """
    design, origin = identify(model)
    return assign(model, open_source(design, source, origin))


def identify(model):
    """The design that a model was built from, and the origin it follows."""
    marks = [layer for layer in model.layers if isinstance(layer, BuiltAs)] or _inner(model)
    if len(marks) != 1 or marks[0].network not in _designs:
        raise WeightsError(
            f"load_weights: the model must be built by dlzoo.models, because the names of its "
            f"layers lead to those of the file; {model.name!r} is none of {sorted(_designs)}."
        )
    return _design_at(marks[0]), marks[0].origin


def _inner(model):
    """The mark of a network that is `model` but for its head, if there is one."""
    marks = [layer for layer in sublayers(model) if isinstance(layer, BuiltAs)]
    return [mark for mark in marks if mark.network in _designs and _design_at(mark).inner]


def _design_at(mark):
    return _designs[mark.network](**mark.options)


def open_source(design, weights, origin=None):
    """Find and read `weights` for a network, and learn whose conventions they follow.

    Raises:
        WeightsError: It is not there, not readable, for another network or another origin.
    """
    own = design.encoder is None or weights in card(design.name).weights_names
    path, published = _locate(design if own else design.encoder, weights, origin)
    file = read_tensors(path)
    layout, pairs, share = recognise(file.tensors, _candidates(design))
    encoder_alone = False
    if file.layout == DARKNET and DARKNET in design.layouts:  # no names to know it by
        layout, pairs, share = DARKNET, design.layouts[DARKNET], 1.0
    elif design.encoder is not None:
        of_encoder = recognise(file.tensors, _candidates(design.encoder))
        if of_encoder[-1] > share:
            encoder_alone = True
            design, (layout, pairs, share) = design.encoder, of_encoder
    if share < RECOGNISED:
        raise WeightsError(
            f"{design.name}: {path} holds weights of another network: of our layers it "
            f"names {share:.0%} at most (in {layout}'s way). Its first tensors are "
            f"{list(file.tensors)[:3]}."
        )
    allowed = (published.origin,) if published else _origins(design, layout, pairs, file)
    if origin is not None and origin not in allowed:
        raise WeightsError(
            f"{design.name}: origin must be that of the weights, because padding and "
            f"constants differ; {path} is of origin {' or '.join(map(repr, allowed))} "
            f"({layout} layout), asked was {origin!r}. Pass origin={allowed[0]!r} or leave "
            f"it out."
        )
    notes: tuple[str, ...] = ()
    if origin is None and len(allowed) > 1:
        notes = (f"The file does not tell its origin; taken as {allowed[0]!r}.",)
    return Source(
        str(weights),
        file,
        origin or allowed[0],
        Porting(pairs, LAYOUTS[layout], design.top, design.flattened, design.not_ours),
        published.preprocessing if published else None,
        notes,
        encoder_alone,
    )


def assign(model, source):
    """Put the tensors of `source` into `model`, all or nothing; return the report."""
    ours = variables(model)
    wanted = {path: tuple(variable.shape) for path, variable in ours.items()}
    porting, tensors = source.porting, source.file.tensors
    rest: tuple[str, ...] = ()
    if porting.layout.name == DARKNET:
        tensors, porting, source = _named(model.name, source, wanted)
    if source.encoder_alone:
        wanted, rest, porting = _encoder_part(wanted, porting)
    found = match(model.name, wanted, tensors, porting)
    for path, value in found.values.items():
        ours[path].assign(value)
    return LoadReport(
        source=source.asked,
        layout=source.porting.layout.name,
        origin=source.origin,
        loaded=tuple(found.values),
        random=found.random + rest,
        unused=found.unused,
        notes=source.notes + found.notes,
    )


def variables(model):
    """The variables that a file of weights has, path to variable: no random seeds."""
    return {v.path: v for v in model.variables if "seed_generator" not in v.path}


def _named(who, source, wanted):
    """The tensors of a Darknet file by name; it may have the first layers alone."""
    porting, file = source.porting, source.file
    top = porting.top
    tensors = arrange(who, file.path, file.tensors, porting.pairs, wanted, top.heads, top.step)
    there = {name.rpartition("/")[0] for name in tensors}
    pairs = [(ours, theirs) for ours, theirs in porting.pairs if theirs in there]
    alone = len(pairs) < len(porting.pairs)
    return tensors, replace(porting, pairs=pairs), replace(source, encoder_alone=alone)


def _encoder_part(wanted, porting):
    """What of our variables the encoder's file has, the rest, and how to find them.

    The file's layers above the last stage have no place.
    """
    theirs = {ours: their for ours, their in porting.pairs if ours not in porting.top.heads}
    inside = {p: shape for p, shape in wanted.items() if p.rpartition("/")[0] in theirs}
    kept = {path.rpartition("/")[0] for path in inside}
    above = tuple(their for ours, their in porting.pairs if ours not in kept)
    rest = tuple(path for path in wanted if path not in inside)
    return inside, rest, replace(porting, not_ours=porting.not_ours + above)


def _candidates(design):
    """The layouts that a file may have: those of the publishers, and our own."""
    own = design.layers or [[ours for ours, _ in next(iter(design.layouts.values()))]]
    yield from design.layouts.items()
    for layers in own.values() if isinstance(own, Mapping) else own:
        yield "dlzoo", [(layer, layer) for layer in layers]
        if design.inner:  # the whole was saved, which holds the body as a model
            heads = design.top.heads
            inside = (
                layer if layer in heads else f"{design.inner}/{layer}" for layer in layers
            )
            yield "dlzoo", list(zip(layers, inside, strict=True))


def _origins(design, layout, pairs, file):
    """The origins that a file may have, the likeliest first."""
    if told := recorded_origin(file.config):
        return (told,)
    known = design.layout_origins.get(layout, LAYOUTS[layout].origins)
    if known:
        return tuple(origin for origin in known if origin in design.origins)
    if isinstance(design.layers, Mapping):  # our own file of weights alone
        ours = [layer for layer, _ in pairs]
        return tuple(o for o, layers in design.layers.items() if list(layers) == ours)
    # Our own file of weights alone: biases before batch normalisation give some away.
    biased = any(name.endswith("/conv/bias") for name in file.tensors)
    fitting = [o for o, conventions in design.origins.items() if conventions.use_bias == biased]
    return tuple(sorted(fitting, key=lambda origin: origin != design.default_origin))


def _locate(design, weights, origin):
    """The path of a file, and its entry on the card if it has one."""
    facts = card(design.name)
    if not isinstance(weights, (str, os.PathLike)):
        raise WeightsError(
            f"{design.name}: weights must be None, a path, a name on the card "
            f"{list(facts.weights_names)} or 'hf://...'; got {weights!r}."
        )
    text = os.fspath(weights)
    if text.startswith("hf://"):
        from dlzoo.weights import fetch_hub

        return fetch_hub(text), None
    path = Path(text).expanduser()
    # Names come first: a folder called "imagenet" often lies about.
    if text not in facts.weights_names and path.exists():
        return path, None
    if path.suffix or os.sep in text:
        raise WeightsError(
            f"{design.name}: weights must be a file, a name on the card "
            f"{list(facts.weights_names)} or 'hf://...'; there is no file {text!r}."
        )
    published = facts.find(text, origin, **design.options)
    from dlzoo.weights import fetch

    return fetch(published), published
