"""`dlzoo.stylize` as people call it, on a tiny network."""

import signal
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

import dlzoo
from dlzoo.errors import DataError, DivergenceError
from dlzoo.style import colours, memory, pictures, running
from tests.style.small import PAINTING, PHOTO, QUICK, network, picture


@pytest.fixture(scope="module")
def model():
    return network()


@pytest.fixture(scope="module")
def default(model):
    return paint(model)


def paint(model, **changes):
    steps = []
    style = changes.pop("style", PAINTING)
    usual = {"network": model, "callback": steps.append, "every": 1} | QUICK
    found = dlzoo.stylize(changes.pop("content", PHOTO), style, **usual | changes)
    return found, steps


@pytest.mark.backend
@pytest.mark.parametrize("optimizer", ["lbfgs", "adam"])
def test_the_style_comes_and_the_loss_falls(optimizer, model):
    found, steps = paint(model, optimizer=optimizer, style_weight=100.0)
    assert (found.shape, found.dtype) == ((24, 32, 3), np.uint8)
    assert [step.number for step in steps] == list(range(1, 7))
    assert {step.total for step in steps} == {6}
    assert steps[-1].loss < steps[0].loss
    assert steps[-1].style < 0.9 * steps[0].style
    assert steps[-1].content + steps[-1].style + steps[-1].variation == pytest.approx(
        steps[-1].loss, rel=1e-5
    )
    np.testing.assert_array_equal(steps[-1].picture, found)


def test_nothing_but_content_gives_the_content(model):
    found, _ = paint(model, style_weight=0, total_variation=0)
    np.testing.assert_array_equal(found, PHOTO)


def test_coarse_to_fine(model):
    sizes = []
    paint(model, size=256, scales="auto", steps=1, callback=lambda s: sizes.append(s.picture))
    assert [each.shape for each in sizes] == [(96, 128, 3)] * 2 + [(192, 256, 3)]
    _, steps = paint(model, scales=2, steps=[3, 2], size=64)
    assert [step.picture.shape[1] for step in steps] == [32, 32, 32, 64, 64]


def test_size_none_is_the_contents_own(model):
    assert paint(model, size=None, steps=1)[0].shape == PHOTO.shape


def test_several_styles(model, default):
    other = picture(20, 20, seed=7)
    both, steps = paint(model, style=[PAINTING, other], style_blend=[3, 1])
    assert steps[-1].loss < steps[0].loss
    assert np.any(both != default[0])


def test_layers_and_their_weights(model, default):
    names = {"content_layers": "stage1_conv1", "style_layers": {"stage1_conv1": 2.0}}
    _, steps = paint(model, **names)
    _, again = paint(model, **names | {"style_layers": ["conv1_1"]})
    assert steps[-1].loss == again[-1].loss
    assert steps[-1].loss != default[1][-1].loss


def test_the_same_seed_gives_the_same_picture(model):
    first, _ = paint(model, init="noise")
    np.testing.assert_array_equal(first, paint(model, init="noise")[0])
    assert np.any(first != paint(model, init="noise", seed=1)[0])


def test_where_it_begins():
    content = PHOTO[None].astype("float32")
    assert pictures.start("content", content, 0.25, 0) is content
    noisy = pictures.start("content+noise", content, 0.1, 0)
    assert 10 < np.abs(noisy - content).mean() < 0.1 * 255
    assert (noisy == pictures.start("content+noise", content, 0.1, 0)).all()
    noise = pictures.start("noise", content, 0.1, 0)
    assert abs(np.corrcoef(noise.ravel(), content.ravel())[0, 1]) < 0.1
    own = pictures.start(PAINTING[None].astype("float32"), content, 0.1, 0)
    expected = Image.fromarray(PAINTING).resize((32, 24), Image.Resampling.BICUBIC)
    assert np.abs(own[0] - np.asarray(expected, float)).max() < 2  # not rounded


def test_the_contents_colours_stay(model):
    found, _ = paint(model, colours="content", style_weight=100.0)
    shift = found.astype(float) - PHOTO
    inside = np.all((found > 0) & (found < 255), axis=-1)
    assert inside.mean() > 0.5
    # The same is added to red, green and blue: I and Q are those of the content.
    assert np.ptp(shift, axis=-1)[inside].max() <= 1.01
    assert shift[inside].std() > 2


def test_matched_colours_have_the_contents_mean_and_covariance(model, default):
    style = colours.matched_colours(PAINTING[None].astype("f4"), 0.2 * PHOTO[None] + 100)
    got, want = style.reshape(-1, 3), (0.2 * PHOTO + 100).reshape(-1, 3)
    np.testing.assert_allclose(got.mean(axis=0), want.mean(axis=0), atol=0.01)
    np.testing.assert_allclose(np.cov(got.T), np.cov(want.T), rtol=0.02, atol=0.05)
    found, _ = paint(model, colours="matched")
    assert np.any(found != default[0])


def test_mixed_precision(model, default):
    half, steps = paint(model, mixed_bfloat16=True)
    assert steps[-1].loss < steps[0].loss
    assert np.abs(half - default[0].astype(float)).mean() < 25


def test_files(model, tmp_path):
    paths = [tmp_path / name for name in ("photo.png", "painting.jpg")]
    for path, array in zip(paths, (PHOTO, PAINTING), strict=True):
        Image.fromarray(array).save(path)
    out = tmp_path / "new" / "out.png"
    found, _ = paint(model, content=paths[0], style=str(paths[1]), out=out, keep=True, every=2)
    np.testing.assert_array_equal(dlzoo.data.read_image(out), found)
    left = sorted(path.name for path in out.parent.iterdir())
    assert left == ["out-0002.png", "out-0004.png", "out-0006.png", "out.png"]


class Interrupted(KeyboardInterrupt):
    """Ctrl-C at some step."""


def interrupt(at):
    def callback(step):
        if step.number == at:
            raise Interrupted

    return callback


@pytest.mark.parametrize("optimizer, at", [("lbfgs", 8), ("adam", 5)])
def test_it_goes_on_after_ctrl_c(model, optimizer, at, tmp_path, monkeypatch):
    monkeypatch.setattr(running, "SEGMENT", 2)
    arguments = {"optimizer": optimizer, "scales": 2, "steps": 4, "size": 48}  # 6 + 4 steps
    expected, _ = paint(model, **arguments)
    arguments["out"] = tmp_path / "out.png"
    with pytest.raises(Interrupted):
        paint(model, callback=interrupt(at), **arguments)
    assert dlzoo.data.read_image(arguments["out"]).shape == (36, 48, 3)  # the latest
    found, steps = paint(model, **arguments)
    assert steps[0].number == 2 * ((at - 1) // 2) + 1
    np.testing.assert_array_equal(found, expected)
    assert [path.name for path in tmp_path.iterdir()] == ["out.png"]


def test_other_settings_begin_anew(model, tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(running, "SEGMENT", 2)
    out = tmp_path / "out.png"
    for changes in ({"seed": 3}, {"fresh": True}):
        with pytest.raises(Interrupted):
            paint(model, callback=interrupt(5), out=out)
        assert paint(model, out=out, **changes)[1][0].number == 1
    (record,) = [found for found in caplog.records if found.name == "dlzoo"]
    assert "unfinished picture with other settings" in record.getMessage()


KILLED = """
import dlzoo, sys
from dlzoo.style import running
from tests.style.small import *
running.SEGMENT = 2
print("ready", flush=True)
found = dlzoo.stylize(PHOTO, PAINTING, network=network(), size=32, scales=1, steps=60,
    out=sys.argv[1], every=1, callback=lambda step: print(step.number, flush=True))
"""


@pytest.mark.slow
def test_it_goes_on_after_kill_9(tmp_path):
    def start(out):
        command = [sys.executable, "-c", KILLED, str(out)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    process = start(tmp_path / "out.png")
    while process.stdout.readline().strip() != "31":
        assert process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert dlzoo.data.read_image(tmp_path / "out.png").shape == (24, 32, 3)
    both = [start(tmp_path / name) for name in ("out.png", "undisturbed.png")]
    numbers = [process.communicate(timeout=120)[0].split() for process in both]
    assert int(numbers[0][1]) >= 31
    assert int(numbers[1][1]) == 1
    first, second = ((tmp_path / f"{name}.png").read_bytes() for name in ("out", "undisturbed"))
    assert first == second


def test_what_people_have_on_their_disks(tmp_path):
    kinds = {
        "grey": Image.fromarray(PHOTO[..., 0]),
        "sixteen": Image.fromarray(PHOTO[..., 0].astype("uint16") << 8),
        "alpha": Image.fromarray(np.dstack([PHOTO, PHOTO[..., :1]])),
        "palette": Image.fromarray(PHOTO).convert("P"),
    }
    for name, image in kinds.items():
        image.save(tmp_path / f"{name}.png")
        found = pictures.read_picture(tmp_path / f"{name}.png", "the content")
        assert (found.shape, found.dtype) == ((1, 24, 32, 3), np.float32)
        assert 60 < found.mean() < 220
    upright = Image.fromarray(PHOTO)
    exif = upright.getexif()
    exif[0x0112] = 6
    upright.save(tmp_path / "turned.jpg", exif=exif)
    turned = pictures.read_picture(tmp_path / "turned.jpg", "the content")
    assert turned.shape == (1, 32, 24, 3)


def test_twelve_megapixels(model):
    photo = np.zeros((3000, 4000, 3), "uint8")
    photo[::7] = 200
    assert paint(model, content=photo, steps=1)[0].shape == (24, 32, 3)


def test_bad_pictures_are_named(model, tmp_path):
    broken = tmp_path / "broken.jpg"
    Image.fromarray(PHOTO).save(broken)
    broken.write_bytes(broken.read_bytes()[:300])
    with pytest.raises(DataError, match=r"the content: .*broken.jpg: .*damaged or truncated"):
        paint(model, content=broken)
    with pytest.raises(DataError, match=r"style 2: .*nowhere.png: there is no such file"):
        paint(model, style=[PAINTING, tmp_path / "nowhere.png"])
    narrow = np.zeros((40, 1, 3), "uint8")
    with pytest.raises(ValueError, match=r"content must be larger, .* it has 32 x 1 pixels"):
        paint(model, content=narrow)
    with pytest.raises(ValueError, match="style 1 must be larger"):
        paint(model, style=narrow)
    assert paint(model, content=np.zeros((64, 4, 3), "uint8"), scales=4)[0].shape == (32, 2, 3)


def test_memory_is_looked_at_before_the_work(model, monkeypatch):
    monkeypatch.setattr(memory, "available", lambda: 10**6)
    with pytest.raises(ValueError, match=r"size must be at most about [0-9]+ here") as caught:
        paint(model, size=4000)
    assert "3000 x 4000 pixels" in str(caught.value)
    limit = int(str(caught.value).split("about ")[1].split()[0])
    assert paint(model, size=limit, style_scale=0.5, steps=1)[0].shape[1] == limit


def test_available_memory():
    known = memory.available()
    assert known is None or 10**7 < known < 10**14


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"size": 8}, "size must be a whole number of at least 16"),
        ({"size": 48.5}, "size must be a whole number"),
        ({"scales": 0}, "scales .or 'auto'. must be"),
        ({"steps": [1, 2]}, r"one for each scale, coarse to fine; got \[1, 2\]"),
        ({"steps": 0}, "steps must be"),
        ({"optimizer": "sgd"}, "optimizer must be one of"),
        ({"optimizer": "lbfgs", "learning_rate": 1.0}, "learning_rate is for optimizer='adam'"),
        ({"origin": "gatys"}, "origin must be one of"),
        ({"content_weight": -1.0}, "content_weight must be between 0"),
        ({"content_weight": 0, "style_weight": 0}, "must not both be 0"),
        ({"style_blend": [1.0, 2.0]}, "style_blend must have one weight for each of the 1"),
        ({"style_blend": [0]}, "style_blend must not all be 0"),
        ({"style_layers": ["conv7_1"]}, "names must be stages"),
        ({"init": "white"}, "init .or a picture. must be one of"),
        ({"noise": 2}, "noise must be between 0 and 1"),
        ({"colours": "blue"}, "colours must be one of"),
        ({"pooling": "min"}, "pooling must be one of"),
        ({"seed": -1}, "seed must be"),
        ({"every": 0}, "every must be"),
        ({"keep": True}, "keep .with out. must be one of"),
        ({"out": "picture.txt"}, "out must be a picture's file name that ends in one of"),
        ({"style": []}, "style must be a picture or a list"),
    ],
)
def test_what_it_refuses(model, arguments, message):
    with pytest.raises(ValueError, match=message):
        paint(model, **arguments)


def test_a_loss_that_is_no_number():
    broken = network()
    broken.weights[0].assign(np.full(broken.weights[0].shape, np.nan))
    with pytest.raises(DivergenceError, match="no longer a number at step 1"):
        paint(broken)
