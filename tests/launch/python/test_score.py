"""Model.score: equal to `chorus predict`, whatever kind of frame the rows are."""
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import chorus_cvr
from conftest import part


def assert_equal(actual, expected, tolerance=0.0):
    for name in ("pctr", "pcvr", "pctcvr"):
        np.testing.assert_allclose(getattr(actual, name), getattr(expected, name), rtol=0, atol=tolerance)


def without_labels(frame):
    return {name: column for name, column in frame.items() if name not in ("click", "sale")}


def test_scores_are_those_of_predict(world, model):
    expected = chorus_cvr.predict(world.run, world.test_log)
    scores = model.score(without_labels(world.test))
    assert len(scores) == 300 and len(np.unique(scores.pctr)) > 50
    assert_equal(scores, expected, 1e-6)
    assert_equal(chorus_cvr.predict(world.run, world.test), expected, 1e-6)


def test_frames_of_all_kinds_say_the_same(world, model):
    expected = model.score(world.test)
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(world.test)
    assert_equal(model.score(frame), expected)
    frame["user"] = frame["user"].astype("category")
    frame["item"] = frame["item"].astype("Int64")
    frame["age"] = frame["age"].astype("Float64")
    assert_equal(model.score(frame[reversed(frame.columns)]), expected)
    assert_equal(model.score(frame.iloc[10:20]), chorus_cvr.Scores(*(getattr(expected, name)[10:20] for name in
                                                                   ("pctr", "pcvr", "pctcvr"))), 1e-7)
    assert list(expected.to_pandas(frame.index).columns) == ["pctr", "pcvr", "pctcvr"]


def test_arrow_tables_are_read_in_place(world, model):
    pyarrow = pytest.importorskip("pyarrow")
    expected = model.score(world.test)
    seen = pyarrow.array([list(cell.items()) for cell in world.test["seen"]],
                         pyarrow.map_(pyarrow.int64(), pyarrow.float32()))
    table = pyarrow.table({**world.test, "seen": seen,
                           "user": pyarrow.array(world.test["user"]).dictionary_encode(),
                           "age": pyarrow.array(world.test["age"], from_pandas=True)})
    assert_equal(model.score(table), expected)
    chunks = pyarrow.concat_tables([table.slice(0, 7), table.slice(7)])
    assert_equal(model.score(chunks), expected)
    assert_equal(model.score(table.slice(100, 50)), model.score(part(world.test, slice(100, 150))))


def test_texts_are_read_as_import_reads_them(world, model):
    as_text = dict(world.test)
    as_text["seen"] = ["|".join(f"{id}:{factor}" for id, factor in cell.items()) for cell in world.test["seen"]]
    as_text["tags"] = ["|".join(cell) for cell in world.test["tags"]]
    as_text["item"] = [str(item) for item in world.test["item"]]
    as_text["age"] = ["" if age != age else str(age) for age in world.test["age"]]
    assert_equal(model.score(as_text), model.score(world.test))


def test_ids_are_equal_in_every_integer_type_and_as_floats(world, model):
    expected = model.score(world.test)
    for kind in (np.int8, np.uint16, np.int32, np.uint64, np.float32, np.float64, object, str):
        assert_equal(model.score({**world.test, "item": world.test["item"].astype(kind)}), expected)


def test_arrays_in_cells_are_lists(world):
    # In a process of its own: with Python's debug allocator, memory that was freed is not what it was.
    code = f"""
import numpy as np, chorus_cvr
from conftest import make_frame
model, rows = chorus_cvr.Model.load({str(world.export)!r}), make_frame(300, seed=2)
expected = model.score(rows)
rows["tags"] = [np.array(cell, dtype=object) for cell in rows["tags"]]
rows["item"] = [np.array([item]) for item in rows["item"]]
rows["seen"] = [np.array(list(cell.items()) + [None], dtype=object)[:-1] for cell in rows["seen"]]
assert np.array_equal(model.score(rows).pctcvr, expected.pctcvr)
"""
    environment = {**os.environ, "PYTHONMALLOC": "debug"}
    environment["PYTHONPATH"] = os.pathsep.join([environment.get("PYTHONPATH", ""), os.path.dirname(__file__)])
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_ids_of_several_kinds_are_what_each_is_alone(world, model):
    rows = part(world.test, slice(0, 4))
    expected = model.score({**rows, "item": [100000, 3, 20000000000, 7]})
    for item in ([100000.0, "3", 2e10, 7], ["100000", 3.0, 20000000000, 7.0], [100000, 3.0, 2e10, "7.0"]):
        assert_equal(model.score({**rows, "item": item}), expected)
    assert_equal(model.score({**rows, "item": [0.0001, "3", 4, 5]}), model.score({**rows, "item": ["0.0001", 3, 4, 5]}))


def test_missing_cells_are_missing_however_they_are_written(world, model):
    rows = part(world.test, slice(0, 6))
    rows["user"] = [None] * 6
    rows["age"] = [float("nan")] * 6
    expected = model.score(rows)
    pandas = pytest.importorskip("pandas")
    assert_equal(model.score({**rows, "user": [""] * 6, "age": [pandas.NA] * 6}), expected)
    assert_equal(model.score({**rows, "user": np.full(6, np.nan), "age": [None, float("nan")] * 3}), expected)


def test_contexts_may_be_a_frame_of_their_own(world, model):
    contexts = {name: world.test[name][::2] for name in ("user", "seen", "age")}
    exposures = {name: world.test[name] for name in ("item", "tags", "price")}
    expected = model.score(world.test)
    assert_equal(model.score(exposures, contexts, np.arange(300) // 2), expected, 1e-7)
    with pytest.raises(chorus_cvr.InvalidArgument, match="exposure 3 has context 150; expected: a row of 150"):
        model.score(exposures, contexts, [0, 0, 1, 150] + [0] * 296)
    with pytest.raises(chorus_cvr.InvalidArgument, match="context_of: found an array of float64"):
        model.score(exposures, contexts, np.arange(300) / 2)
    with pytest.raises(TypeError):
        model.score(exposures, contexts)


def test_columns_that_are_shorter_than_the_frame_are_refused(model):
    class Column:
        name, kind, values = "user", "object", ["a", "b"]

    with pytest.raises(ValueError, match="column 'user' has another number of rows than the first one"):
        model._scorer.score(3, [Column])


def test_threads_score_at_the_same_time(world, model):
    expected = model.score(world.test)
    with ThreadPoolExecutor(4) as pool:
        for scores in pool.map(lambda _: model.score(world.test), range(20)):
            assert_equal(scores, expected)


def test_columns_that_are_missing_or_of_a_wrong_type_are_named(world, model):
    rows = dict(world.test)
    del rows["item"], rows["age"]
    with pytest.raises(chorus_cvr.NotFound, match="there is no column 'age', 'item'; the frame has: 'click'"):
        model.score(rows)
    with pytest.raises(chorus_cvr.InvalidArgument,
                       match="^column 'price': row 1: found 'cheap', expected a finite number"):
        model.score({**world.test, "price": ["1", "cheap"] * 150})
    with pytest.raises(chorus_cvr.InvalidArgument, match="column 'price': found lists"):
        model.score({**world.test, "price": [[1.0]] * 300})
    with pytest.raises(chorus_cvr.InvalidArgument, match="column 'item': row 0: found bytes"):
        model.score({**world.test, "item": [b"1"] * 300})
    with pytest.raises(chorus_cvr.InvalidArgument, match="column 'item': row 0: found 2 ids, expected one"):
        model.score({**world.test, "item": [[1, 2]] * 300})
    with pytest.raises(chorus_cvr.InvalidArgument, match="column 'seen': row 0: found an id without a factor"):
        model.score({**world.test, "seen": [[1, 2]] * 300})
    with pytest.raises(chorus_cvr.InvalidArgument, match="column 'item': found datetime64"):
        model.score({**world.test, "item": np.zeros(300, "datetime64[s]")})
    with pytest.raises(chorus_cvr.InvalidArgument, match="unequal numbers of rows: .*'item' 2"):
        model.score({**world.test, "item": np.zeros(2, np.int64)})
    with pytest.raises(chorus_cvr.InvalidArgument, match="found int, expected a pandas DataFrame"):
        model.score(7)


def test_no_rows_have_no_scores(model, world):
    assert len(model.score(part(world.test, slice(0, 0)))) == 0


def test_a_model_says_what_it_is(world, model):
    assert model.method == "ESMM" and model.step > 0
    features = {feature.name: feature for feature in model.features}
    assert list(features) == ["user", "seen", "age", "item", "tags", "price"]
    assert features["seen"].has_values and features["seen"].context and not features["item"].context
    assert "ESMM" in repr(model)


def test_products_may_be_of_bfloat16(world, model):
    try:
        rounded = chorus_cvr.Model.load(world.export, precision="BF16")
    except chorus_cvr.FailedPrecondition as error:
        pytest.skip(str(error))
    scores, expected = rounded.score(world.test), model.score(world.test)
    assert not np.array_equal(scores.pctr, expected.pctr)
    np.testing.assert_allclose(scores.pctr, expected.pctr, rtol=0.05)
    with pytest.raises(chorus_cvr.InvalidArgument, match='found "FP8", expected FP32 or BF16'):
        chorus_cvr.Model.load(world.export, precision="FP8")


def test_damaged_exports_are_refused_by_name(world, tmp_path):
    with pytest.raises(chorus_cvr.NotFound, match="no export of a model"):
        chorus_cvr.Model.load(tmp_path)
    copy = tmp_path / "model"
    shutil.copytree(world.export, copy)
    weights = copy / "default.weights.f32"
    good = weights.read_bytes()
    weights.write_bytes(good[:-4])
    with pytest.raises(chorus_cvr.DataLoss, match="default.weights.f32"):
        chorus_cvr.Model.load(copy)
    weights.write_bytes(bytes([good[0] ^ 1]) + good[1:])
    with pytest.raises(chorus_cvr.DataLoss, match="default.weights.f32: checksum"):
        chorus_cvr.Model.load(copy)


def test_a_delta_turns_a_model_into_the_later_one(world, tmp_path):
    earlier = sorted((world.folder / "run" / "checkpoints").glob("step-*"))[0]
    assert str(earlier) != str(sorted((world.folder / "run" / "checkpoints").glob("step-*"))[-1])
    first = chorus_cvr.export(earlier, tmp_path / "first")
    delta = world.run.export(tmp_path / "delta", since=first)
    served = chorus_cvr.Model.load(first)
    step = served.step
    served.apply(delta, tmp_path / "second")
    assert served.step > step
    assert_equal(served.score(world.test), chorus_cvr.Model.load(world.export).score(world.test))
    assert (tmp_path / "second" / "manifest.json").read_bytes() == (world.folder / "model" / "manifest.json").read_bytes()
    with pytest.raises(chorus_cvr.FailedPrecondition, match="made for another export"):
        served.apply(delta, tmp_path / "third")
    assert len(served.score(world.test)) == 300


def test_importing_the_package_loads_no_mpi_and_no_pandas():
    code = ("import sys, chorus_cvr\n"
            "maps = open('/proc/self/maps').read()\n"
            "sys.exit(('libmpi' in maps) + 2 * ('pandas' in sys.modules) + 4 * ('pyarrow' in sys.modules))")
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
