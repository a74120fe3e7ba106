"""Reading one image: every format and mode, damaged files, and the geometry."""

import contextlib
import io
import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from dlzoo.data import fit_image, read_image
from dlzoo.data.images import check_image, open_image, resized_size
from dlzoo.errors import DataError

RNG = np.random.default_rng(0)


def smooth(height, width):
    """A colour picture without sharp edges, so that JPEG changes it little."""
    y, x = np.mgrid[:height, :width]
    channels = (255 * y / height, 255 * x / width, 128 + 60 * np.sin(x / 9 + y / 7))
    return np.stack(channels, axis=-1).astype(np.uint8)


@pytest.mark.parametrize(
    "suffix, options, tolerance",
    [
        ("jpg", {"quality": 98}, 8),
        ("png", {}, 0),
        ("webp", {"lossless": True}, 0),
        ("bmp", {}, 0),
        ("gif", {}, 40),  # 256 colours
    ],
)
def test_formats(tmp_path, suffix, options, tolerance):
    picture = smooth(40, 60)
    path = tmp_path / f"image.{suffix}"
    Image.fromarray(picture).save(path, **options)
    got = read_image(path)
    assert got.shape == (40, 60, 3)
    assert got.dtype == np.uint8
    assert got.flags.writeable
    assert np.abs(got.astype(int) - picture).max() <= tolerance


def test_sources_agree(tmp_path):
    path = tmp_path / "image.png"
    Image.fromarray(smooth(20, 30)).save(path)
    expected = read_image(path)
    for source in (str(path), Image.open(path), np.asarray(Image.open(path))):
        np.testing.assert_array_equal(read_image(source), expected)
    with open(path, "rb") as file:
        np.testing.assert_array_equal(read_image(file), expected)


def test_a_suffix_that_lies_does_not_matter(tmp_path):
    path = tmp_path / "image.jpg"
    Image.fromarray(smooth(20, 30)).save(path, format="PNG")
    np.testing.assert_array_equal(read_image(path), smooth(20, 30))


@pytest.mark.parametrize(
    "mode, value, rgb",
    [
        ("1", 1, (255, 255, 255)),
        ("L", 77, (77, 77, 77)),
        ("LA", (0, 0), (255, 255, 255)),  # transparent black is white
        ("LA", (40, 255), (40, 40, 40)),
        ("RGBA", (255, 0, 0, 0), (255, 255, 255)),
        ("RGBA", (255, 0, 0, 51), (255, 204, 204)),  # 20 % red on white
        ("RGBA", (10, 20, 30, 255), (10, 20, 30)),
        ("I;16", 65535, (255, 255, 255)),
        ("I;16", 0x80FF, (128, 128, 128)),
        ("I;16", 300, (1, 1, 1)),  # scaled, not clipped
    ],
)
def test_modes_of_png(tmp_path, mode, value, rgb):
    path = tmp_path / "image.png"
    Image.new(mode, (5, 4), value).save(path)
    got = read_image(path)
    assert got.shape == (4, 5, 3)
    assert (got == rgb).all()


def test_palette_with_a_transparent_colour(tmp_path):
    image = Image.new("P", (2, 1))
    image.putpalette([0, 0, 0, 200, 10, 20])
    image.putdata([0, 1])
    image.save(tmp_path / "plain.png")
    image.save(tmp_path / "clear.png", transparency=0)
    image.save(tmp_path / "clear.gif", transparency=0)
    assert read_image(tmp_path / "plain.png").tolist() == [[[0, 0, 0], [200, 10, 20]]]
    for name in ("clear.png", "clear.gif"):
        assert read_image(tmp_path / name).tolist() == [[[255] * 3, [200, 10, 20]]]


@pytest.mark.parametrize("mode, value", [("RGB", (9, 8, 7)), ("L", 9)])
def test_one_transparent_colour_without_a_palette(tmp_path, mode, value):
    Image.new(mode, (2, 2), value).save(tmp_path / "i.png", transparency=value)
    assert (read_image(tmp_path / "i.png") == 255).all()


def test_cmyk_jpeg_is_not_inverted(tmp_path):
    Image.new("CMYK", (8, 8), (0, 255, 255, 0)).save(tmp_path / "red.jpg")
    np.testing.assert_allclose(read_image(tmp_path / "red.jpg")[0, 0], [254, 0, 0], atol=2)


def test_the_first_frame_of_a_gif(tmp_path):
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("red", "blue")]
    frames[0].save(tmp_path / "i.gif", save_all=True, append_images=frames[1:])
    assert (read_image(tmp_path / "i.gif") == (255, 0, 0)).all()


def test_integer_images_in_memory():
    image = Image.fromarray(np.full((2, 2), 513, np.int32))
    assert (read_image(image) == 2).all()
    with pytest.raises(DataError, match=r"16-bit, 0\.\.65535; got 70000\.\.70000"):
        read_image(Image.fromarray(np.full((2, 2), 70000, np.int32)))
    with pytest.raises(DataError, match="uint8; got float32"):
        read_image(Image.fromarray(np.zeros((2, 2), np.float32)))


def save_turned(path, picture, orientation, **options):
    """Save `picture` so that it is upright only when `orientation` is applied."""
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    image = Image.fromarray(picture)
    if orientation in undo:
        image = image.transpose(undo[orientation])
    exif = Image.Exif()
    exif[0x0112] = orientation
    image.save(path, exif=exif, **options)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("size", [None, (10, 24)])
def test_exif_orientation(tmp_path, orientation, size):
    picture = smooth(30, 50)
    for name in ("i.png", "i.webp"):
        save_turned(tmp_path / name, picture, orientation, lossless=True)
        got = read_image(tmp_path / name, size)
        np.testing.assert_array_equal(got, read_image(picture, size))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_with_reduced_decoding(tmp_path, orientation):
    picture = smooth(400, 640)
    save_turned(tmp_path / "i.jpg", picture, orientation, quality=95)
    got = read_image(tmp_path / "i.jpg", (32, 48)).astype(int)
    assert np.abs(got - read_image(picture, (32, 48))).max() <= 6


@pytest.mark.parametrize("name", ["i.jpg", "i.png", "i.webp"])
def test_what_is_upright_is_not_turned_again(tmp_path, name):
    save_turned(tmp_path / name, smooth(30, 50), 6)
    image = open_image(tmp_path / name)
    np.testing.assert_array_equal(read_image(image), read_image(tmp_path / name))
    assert fit_image(image, (30, 50)).shape == read_image(image).shape


def test_nonsense_orientation_is_ignored(tmp_path):
    save_turned(tmp_path / "i.png", smooth(4, 6), 99)
    np.testing.assert_array_equal(read_image(tmp_path / "i.png"), smooth(4, 6))


def torchvision_by_hand(image, resize, crop):
    """`Resize(resize)` and `CenterCrop(crop)` as torchvision writes them, for PIL."""
    width, height = image.size
    short, long = sorted((width, height))
    new_short, new_long = resize, int(resize * long / short)
    size = (new_short, new_long) if width <= height else (new_long, new_short)
    image = image.resize(size, Image.Resampling.BILINEAR)
    top = round((image.height - crop) / 2.0)
    left = round((image.width - crop) / 2.0)
    return np.asarray(image.crop((left, top, left + crop, top + crop)))


@pytest.mark.parametrize(
    "shape", [(300, 400), (401, 303), (256, 256), (97, 500), (60, 41), (1000, 999)]
)
def test_geometry_is_torchvisions(shape):
    image = Image.fromarray(RNG.integers(0, 256, (*shape, 3), dtype=np.uint8))
    got = read_image(image, 224, crop_fraction=0.875)
    np.testing.assert_array_equal(got, torchvision_by_hand(image, 256, 224))


@pytest.mark.parametrize("shape", [(50, 2000), (2000, 50), (7, 900)])
def test_the_geometry_of_long_pictures_too(shape):
    image = Image.fromarray(RNG.integers(0, 256, (*shape, 3), dtype=np.uint8))
    got = read_image(image, 56, crop_fraction=0.875).astype(int)
    assert np.abs(got - torchvision_by_hand(image, 64, 56)).max() <= 1


@pytest.mark.parametrize("side", [32, 64, 160])
def test_reduced_decoding_does_not_show(test_data, side):
    differences = []
    for path in (test_data / "photographs_with_faces").glob("*.jpg"):
        with Image.open(path) as image:  # images in memory are decoded in full
            expected = read_image(image, side).astype(int)
        differences.append(np.abs(read_image(path, side) - expected).mean())
    assert 0 < np.mean(differences) < 1.5  # of 255


def test_reading_does_not_change_an_image_in_memory(tmp_path):
    Image.fromarray(smooth(400, 400)).save(tmp_path / "i.jpg")
    with Image.open(tmp_path / "i.jpg") as image:
        read_image(image, 16)
        assert image.size == (400, 400)


@given(
    shape=st.tuples(st.integers(1, 400), st.integers(1, 400)),
    target=st.tuples(st.integers(1, 64), st.integers(1, 64)),
    fraction=st.floats(0.5, 1.0),
)
def test_resized_size_covers_and_keeps_the_aspect(shape, target, fraction):
    height, width = resized_size(shape, target, fraction)
    cover = [int(side / fraction + 1e-6) for side in target]
    assert height >= cover[0] >= target[0]
    assert width >= cover[1] >= target[1]
    assert height == cover[0] or width == cover[1]  # the smallest that covers
    assert abs(height - width * shape[0] / shape[1]) <= max(1, shape[0] / shape[1])


@settings(max_examples=50, deadline=None)
@given(
    shape=st.tuples(st.integers(1, 80), st.integers(1, 80)),
    target=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    fraction=st.sampled_from([1.0, 0.96, 0.875, 0.5]),
    kind=st.sampled_from(["nearest", "bilinear", "bicubic", "lanczos"]),
)
def test_exact_size_for_any_aspect(shape, target, fraction, kind):
    picture = np.full((*shape, 3), (1, 128, 254), np.uint8)
    got = read_image(picture, target, crop_fraction=fraction, interpolation=kind)
    assert got.shape == (*target, 3)
    assert (got == (1, 128, 254)).all()  # no border was made up


@pytest.mark.parametrize("shape", [(1, 20_000), (20_000, 1)])
def test_a_line_takes_no_more_memory_than_another_image(shape):
    line = np.full((*shape, 3), 5, np.uint8)
    assert read_image(line, 224).shape == (224, 224, 3)  # resized whole: 1 GB


def test_the_centre_is_kept():
    picture = np.zeros((10, 30, 3), np.uint8)
    picture[:, 10:20] = 255
    assert (read_image(picture, 10) == 255).all()
    assert (read_image(picture.transpose(1, 0, 2), 10) == 255).all()


@pytest.mark.parametrize("shape", [(6, 5), (6, 5, 1), (6, 5, 3)])
def test_arrays(shape):
    array = RNG.integers(0, 256, shape, dtype=np.uint8)
    expected = np.broadcast_to(array.reshape(6, 5, -1), (6, 5, 3))
    np.testing.assert_array_equal(read_image(array), expected)


def test_array_with_alpha_is_put_on_white():
    array = np.zeros((2, 2, 4), np.uint8)
    assert (read_image(array) == 255).all()


@pytest.mark.parametrize(
    "array, message",
    [
        (np.zeros((4, 4, 3), np.float32), r"got float32 in \[0, 0\]. It was rescaled"),
        (np.full((4, 4, 3), -0.5), r"got float64 in \[-0.5, -0.5\]. It was rescaled"),
        (np.full((4, 4, 3), 200.0), r"got float64 in \[200, 200\]. Convert it"),
        (np.zeros((4, 4, 3), np.int64), r"got int64 in \[0, 0\]. Convert it"),
        (np.zeros((4, 4, 3), complex), "got complex128"),
        (np.zeros((4, 4, 2), np.uint8), r"1, 3 or 4 channels .*got shape \(4, 4, 2\)"),
        (np.zeros((1, 4, 4, 3), np.uint8), r"no batch axis; got shape \(1, 4, 4, 3\)"),
        (np.zeros((0, 4, 3), np.uint8), r"got shape \(0, 4, 3\)"),
        (np.zeros(4, np.uint8), r"got shape \(4,\)"),
    ],
)
def test_wrong_arrays(array, message):
    with pytest.raises(DataError, match=message):
        read_image(array)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"size": 0}, "size must be a whole number of at least 1; got 0"),
        ({"size": (8, 8, 3)}, "size must be a whole number or .height, width."),
        ({"size": 8, "crop_fraction": 1.5}, "crop_fraction must be between"),
        ({"size": 8, "interpolation": "cubic"}, "interpolation must be one of"),
    ],
)
def test_wrong_options(options, message):
    with pytest.raises(ValueError, match=message):
        read_image(smooth(8, 8), **options)


def jpeg_bytes(picture):
    file = io.BytesIO()
    Image.fromarray(picture).save(file, format="JPEG")
    return file.getvalue()


def png_bytes(picture):
    file = io.BytesIO()
    Image.fromarray(picture).save(file, format="PNG")
    return file.getvalue()


DAMAGED = [
    (b"", "the file is empty"),
    (b"<!DOCTYPE html><html><body>404</body></html>", "an HTML page"),
    (b"hello world, this is a text", "no image: it must be one of JPEG, PNG"),
    (jpeg_bytes(smooth(64, 64))[:700], "damaged or truncated"),
    (jpeg_bytes(smooth(64, 64))[:100], "damaged or truncated"),
    (png_bytes(smooth(64, 64))[:-200], "damaged or truncated"),
    (png_bytes(smooth(64, 64))[:20], "damaged or truncated"),
    (b"GIF89a" + bytes(3), "damaged"),
    (b"RIFF\x10\x00\x00\x00WEBPVP8 " + bytes(20), "damaged"),
]


@pytest.mark.parametrize("content, message", DAMAGED, ids=range(len(DAMAGED)))
def test_damaged_files_are_named(tmp_path, content, message):
    path = tmp_path / "broken.jpg"
    path.write_bytes(content)
    for read in (
        lambda: read_image(path),
        lambda: read_image(path, 8),
        lambda: check_image(content, str(path)),
    ):
        with pytest.raises(DataError, match=message) as caught:
            read()
        assert str(caught.value).startswith(f"{path}: ")


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_damage_is_a_data_error_or_an_image(data):
    content = bytearray(data.draw(st.sampled_from(WHOLE)))
    for place in data.draw(st.lists(st.integers(0, len(content) - 1), max_size=4)):
        content[place] = data.draw(st.integers(0, 255))
    content = bytes(content[: data.draw(st.integers(0, len(content)))])
    with contextlib.suppress(DataError):
        assert read_image(io.BytesIO(content), 8).shape == (8, 8, 3)


WHOLE = [jpeg_bytes(smooth(24, 24)), png_bytes(smooth(24, 24))]


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(DataError, match=r"nowhere\.jpg: there is no such file"):
        read_image(tmp_path / "nowhere.jpg")
    with pytest.raises(DataError, match="this is a folder, not an image"):
        read_image(tmp_path)


@pytest.mark.skipif(os.name != "posix" or os.getuid() == 0, reason="root may read all")
def test_locked_file(tmp_path):
    path = tmp_path / "locked.png"
    path.write_bytes(png_bytes(smooth(4, 4)))
    path.chmod(0)
    with pytest.raises(DataError, match="permission denied"):
        read_image(path)


@pytest.mark.parametrize("side", [10_000, 40_000])
def test_decompression_bombs_are_refused(tmp_path, monkeypatch, side):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 40_000_000)
    Image.new("1", (side, side)).save(tmp_path / "bomb.png")
    with pytest.raises(DataError, match=r"bomb\.png: the image has too many pixels"):
        read_image(tmp_path / "bomb.png", 8)
