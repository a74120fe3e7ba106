"""`dlzoo.predictor`: the same answers as Keras, by any engine, from any thread."""

import json
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import keras
import numpy as np
import pytest
from PIL import Image

import dlzoo
from dlzoo.errors import DataError
from dlzoo.exporting import ENGINES, FORMATS, formats
from dlzoo.exporting.engines import answering_by
from dlzoo.weights import IMAGENET
from tests.exporting.networks import SIDE, classifier, photographs

INSTALLED = [name for name, form in ENGINES.items() if FORMATS[form].installed()]
HERE = [name for name in INSTALLED if "tensorflow" in FORMATS[ENGINES[name]].writers]


def pixels(count=5, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, SIDE, SIDE, 3), np.uint8)


def folders(tmp_path):
    """What is in the cache."""
    return [path for path in (tmp_path / "cache" / "predictors").iterdir() if path.is_dir()]


@pytest.fixture(scope="module")
def fast(model, tmp_path_factory):
    """By one engine, for tests of what all have in common."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DLZOO_CACHE", str(tmp_path_factory.mktemp("cache")))
        return dlzoo.predictor(model, HERE[0], batch_size=4)


@pytest.mark.parametrize("engine", HERE)
def test_every_engine_answers_as_keras_for_batches_of_any_size(model, engine):
    fast = dlzoo.predictor(model, engine, batch_size=4)
    assert (fast.engine, fast.precision, fast.task) == (engine, "float32", "classification")
    assert fast.labels == tuple(f"class {n}" for n in range(5))
    for count in (1, 3, 4, 9):
        images = pixels(count, seed=count)
        expected = model.predict_on_batch(images)
        assert count < 9 or len(set(expected.argmax(1))) > 1  # the images matter
        np.testing.assert_allclose(fast(images), expected, atol=1e-5)
        np.testing.assert_allclose(fast(images.astype("float32")), expected, atol=1e-5)


def test_one_image_and_images_of_other_sizes_are_read_as_predict_reads_them(model, fast):
    assert fast(pixels(1)[0]).shape == (1, 5)
    images = photographs(7)
    expected = dlzoo.predict(model, images, top=5)
    for row, wanted in zip(fast(images), expected, strict=True):
        found = dict(zip(fast.labels, row, strict=True))
        assert [found[name] for name in wanted.labels] == pytest.approx(
            wanted.probabilities, abs=1e-5
        )


def test_a_thousand_images_from_four_threads_and_one_that_is_corrupt(fast, tmp_path):
    images = photographs(1000)
    bad = tmp_path / "bad.jpg"
    Image.fromarray(images[0]).save(bad)
    bad.write_bytes(bad.read_bytes()[:300])
    images[500] = bad
    alone = list(fast.each(images))

    with ThreadPoolExecutor(4) as pool:
        quarters = [images[start : start + 250] for start in range(0, 1000, 250)]
        together = [
            one for part in pool.map(lambda q: list(fast.each(q)), quarters) for one in part
        ]

    assert len(together) == len(alone) == 1000
    for place, (one, other) in enumerate(zip(alone, together, strict=True)):
        if place == 500:
            for found in (one, other):
                assert found.answer is None
                assert found.source == str(bad)
                assert "bad.jpg" in str(found.error)
            continue
        assert one.error is other.error is None
        np.testing.assert_allclose(one.answer, other.answer, atol=1e-6)
    answers = np.stack([one.answer for one in alone if one.error is None])
    assert len(np.unique(answers.round(4), axis=0)) > 900  # each its own


def test_a_call_raises_what_each_reports(fast, tmp_path):
    (tmp_path / "a.png").write_bytes(b"no image")
    with pytest.raises(DataError, match=r"a\.png"):
        fast([pixels(1)[0], tmp_path / "a.png"])


def test_floats_of_another_size_or_scaled_already_are_refused(fast):
    with pytest.raises(ValueError, match=r"predictor: images of floats must have .* \(24, 24"):
        fast(np.full((1, 30, 30, 3), 100.0))
    with pytest.raises(ValueError, match="predictor: pixels must be 0 to 255, because"):
        fast(pixels(2) / 255.0)


def test_what_was_made_is_kept_and_found_by_content(model, tmp_path, monkeypatch):
    from dlzoo.exporting import compiled

    dlzoo.predictor(model, "tensorflow")
    (made,) = (
        folder for folder in (tmp_path / "cache" / "predictors").iterdir() if folder.is_dir()
    )
    monkeypatch.setattr(compiled, "write", lambda *_: pytest.fail("it was there already"))
    model.save(tmp_path / "model.keras")
    again = dlzoo.predictor(tmp_path / "model.keras", "tensorflow")
    np.testing.assert_allclose(again(pixels()), model.predict_on_batch(pixels()), atol=1e-5)
    monkeypatch.undo()
    monkeypatch.setenv("DLZOO_CACHE", str(tmp_path / "cache"))
    other = classifier(seed=1)
    assert not np.allclose(dlzoo.predictor(other, "tensorflow")(pixels()), again(pixels()))
    assert json.loads((made / "dlzoo.json").read_text())["format"] == "saved_model"


def test_a_file_that_was_left_half_written_is_not_used(model, tmp_path, monkeypatch):
    from dlzoo.exporting import compiled

    def dies(model, folder, description):
        (folder / "half").touch()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(compiled, "write", dies)
        with pytest.raises(KeyboardInterrupt):
            dlzoo.predictor(model, "tensorflow")
    assert not folders(tmp_path)
    assert dlzoo.predictor(model, "tensorflow")(pixels()).shape == (5, 5)


def test_what_a_killed_process_left_is_cleared_away(model, tmp_path):
    dlzoo.predictor(model, "tensorflow")
    (made,) = folders(tmp_path)
    left = made.rename(made.with_name(f".partial-{made.name}"))
    (left / "half").touch()
    dlzoo.predictor(model, "tensorflow")
    assert folders(tmp_path) == [made]
    assert not (made / "half").exists()


@pytest.mark.slow
def test_two_processes_at_once_share_the_cache(model, tmp_path):
    model.save(tmp_path / "model.keras")
    program = textwrap.dedent(
        f"""
        import numpy as np, dlzoo
        fast = dlzoo.predictor({str(tmp_path / "model.keras")!r}, "tensorflow")
        print(float(fast(np.full((1, {SIDE}, {SIDE}, 3), 99, "uint8")).max()))
        """
    )
    running = [
        subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = [process.communicate()[0].splitlines()[-1] for process in running]
    assert [process.returncode for process in running] == [0, 0]
    assert said[0] == said[1]
    assert len(folders(tmp_path)) == 1


def test_predict_by_an_engine_gives_keras_s_answers_and_leaves_the_model_as_it_was(model):
    images = photographs(5)
    plain = dlzoo.predict(model, images)
    fast = dlzoo.predict(model, images, engine=HERE[0])
    for one, other in zip(plain, fast, strict=True):
        assert one.labels == other.labels
        assert one.probabilities == pytest.approx(other.probabilities, abs=1e-5)
    assert "predict_on_batch" not in vars(model)


def test_predict_takes_an_exported_folder(model, tmp_path):
    form = ENGINES[HERE[0]]
    dlzoo.export(model, tmp_path / "out", form)
    images = photographs(5)
    for one, other in zip(
        dlzoo.predict(model, images), dlzoo.predict(tmp_path / "out", images), strict=True
    ):
        assert one.labels == other.labels
        assert one.probabilities == pytest.approx(other.probabilities, abs=1e-5)
    (tmp_path / "out" / "architecture.json").unlink()
    with pytest.raises(DataError, match=r"architecture\.json: the layers .* cannot be read"):
        dlzoo.predict(tmp_path / "out", images)
    assert dlzoo.predictor(tmp_path / "out")(images).shape == (5, 5)


@pytest.mark.slow
def test_an_exported_folder_is_opened_without_keras(model, tmp_path):
    dlzoo.export(model, tmp_path / "out", ENGINES[HERE[0]])
    program = textwrap.dedent(
        f"""
        import sys, numpy as np, dlzoo
        fast = dlzoo.predictor({str(tmp_path / "out")!r})
        print(fast(np.full((2, {SIDE}, {SIDE}, 3), 99, "uint8")).shape, "keras" in sys.modules)
        """
    )
    said = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert said.stdout.splitlines()[-1] == "(2, 5) False"


@pytest.mark.backend
def test_images_that_may_not_be_written_to(model):
    images = pixels(3).astype("float32")
    images.flags.writeable = False
    answers = dlzoo.predictor(model, keras.backend.backend())(images)
    np.testing.assert_allclose(answers, model.predict_on_batch(images.copy()), atol=1e-5)


def test_auto_takes_what_can_be_written_here(model, monkeypatch):
    real = formats._importable
    missing = {"openvino", "tf2onnx", "onnxscript"}
    monkeypatch.setattr(formats, "_importable", lambda m: not missing & set(m) and real(m))
    assert dlzoo.predictor(model).engine == keras.backend.backend()


@pytest.mark.parametrize("given", [IMAGENET, "included"])
def test_predict_of_a_model_that_was_told_how_it_takes_pixels(given, tmp_path):
    image = keras.Input((SIDE, SIDE, 3))
    bare = keras.layers.Dense(5)(keras.layers.GlobalAveragePooling2D()(image))
    model = keras.Model(image, bare)
    options = {} if given == "included" else {"preprocessing": given}
    dlzoo.export(model, tmp_path / "net", ENGINES[HERE[0]], preprocessing=given)
    found = [dlzoo.predict(tmp_path / "net", photographs(3), **options)]
    if options:
        found.append(dlzoo.predict(model, photographs(3), **options))
        found.append(dlzoo.predict(model, photographs(3), engine=HERE[0], **options))
    for answers in found:
        assert [one.labels for one in answers] == [one.labels for one in found[0]]
        for one, other in zip(answers, found[0], strict=True):
            assert one.probabilities == pytest.approx(other.probabilities, abs=1e-5)
    with pytest.raises(ValueError, match="calibration must be None for"):
        dlzoo.predictor(tmp_path / "net", calibration=photographs(10))


def test_two_may_predict_with_one_model_at_once(model, fast):
    first, second = answering_by(model, fast), answering_by(model, fast)
    with ExitStack() as stack:
        stack.enter_context(first)
        second.__enter__()
    second.__exit__(None, None, None)
    assert "predict_on_batch" not in vars(model)


def test_bad_arguments():
    model = classifier()
    with pytest.raises(ValueError, match=r"engine must be one of .*; got 'tensorrt'"):
        dlzoo.predictor(model, "tensorrt")
    with pytest.raises(
        ValueError, match=r"predictor: precision must be one of .* for saved_mod"
    ):
        dlzoo.predictor(model, "tensorflow", "int4")
    with pytest.raises(ValueError, match="batch_size must be a whole number"):
        dlzoo.predictor(model, batch_size=0)
    with pytest.raises(DataError, match="there is no such model"):
        dlzoo.predictor("nowhere.keras")
    image = keras.Input((8, 8, 3))
    bare = keras.Model(image, keras.layers.Conv2D(1, 3)(image))
    with pytest.raises(ValueError, match="preprocessing must be given"):
        dlzoo.predictor(bare)
    two = keras.Model([image, keras.Input((4,), name="other")], bare(image))
    with pytest.raises(ValueError, match="export: the model must take one image"):
        dlzoo.predictor(two, preprocessing="included")
