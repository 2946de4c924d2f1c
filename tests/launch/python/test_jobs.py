"""The commands of the program as functions: logs of frames, trainings that tell and stop, errors as exceptions."""
import filecmp
import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time

import numpy as np
import pytest

import chorus_cvr
from chorus_cvr import textproto
from chorus_cvr.events import Tail
from conftest import SMALL, make_frame

LONG = {**SMALL, "data.epochs": 10000, "report.every_steps": 1}


def same_logs(one, other):
    files = sorted(os.listdir(one))
    assert files == sorted(os.listdir(other)) and files
    return filecmp.cmpfiles(one, other, files, shallow=False)[0] == files


def test_a_frame_becomes_the_log_that_its_text_becomes(tmp_path):
    schema = textwrap.dedent("""
        click: "click" conversion: "sale" delimiter: ","
        slot { column: "user" context: true } slot { column: 'seen' context: true separator: "|"
          value_separator: "\\x3a" }
        numeric { column: "age" }""")
    frame = {"click": np.array([True, False, True]), "sale": [1, None, 0], "user": ['say "hi", u', "", None],
             "seen": [{"a": 0.1, 7: 2}, [], [("b", np.float32(0.5))]], "age": [0.1, float("nan"), 1e-7]}
    text = 'click,sale,user,seen,age\n1,1,"say ""hi"", u",a:0.1|7:2,0.1\n0,,,,\n1,0,,b:0.5,1e-07\n'
    (tmp_path / "rows.csv").write_text(text)
    (tmp_path / "rows.schema").write_text(schema)
    chorus_cvr.import_log(tmp_path / "rows.csv", tmp_path / "rows.schema", tmp_path / "of-text")
    imported = chorus_cvr.import_log(frame, schema, tmp_path / "of-frame")
    assert same_logs(tmp_path / "of-text", tmp_path / "of-frame")
    assert "rows" in imported.summary and imported.parts == {}


def test_arrow_and_pandas_frames_become_the_same_log(tmp_path, world):
    pandas, pyarrow = pytest.importorskip("pandas"), pytest.importorskip("pyarrow")
    frame = {**world.frame, "seen": [dict(list(cell.items())[:1]) for cell in world.frame["seen"]]}
    seen = pyarrow.array([list(cell.items()) for cell in frame["seen"]], pyarrow.map_(pyarrow.int64(), pyarrow.float64()))
    for name, rows in (("dict", frame), ("pandas", pandas.DataFrame(frame)),
                       ("arrow", pyarrow.table({**frame, "seen": seen}))):
        chorus_cvr.import_log(rows, world.schema, tmp_path / name)
    assert same_logs(tmp_path / "dict", tmp_path / "pandas") and same_logs(tmp_path / "dict", tmp_path / "arrow")


def test_a_split_log_has_parts(tmp_path, world):
    log = chorus_cvr.import_log(world.frame, world.schema, tmp_path / "log", split="train:0.8,test:0.2")
    assert sorted(log.parts) == ["test", "train"] and all(map(os.path.isdir, log.parts.values()))


def test_cells_that_no_text_can_say_are_named(tmp_path, world):
    def error(**columns):
        with pytest.raises(chorus_cvr.InvalidArgument) as raised:
            chorus_cvr.import_log({**world.frame, **columns}, world.schema, tmp_path / "log")
        return str(raised.value)

    lines = ["a\nb"] + [""] * 599
    assert "column 'user': row 0: found an end of line" in error(user=lines)
    assert "column 'tags': row 0: the id 'a|b' holds the schema's separator" in error(tags=[["a|b"]] * 600)
    assert "column 'price': row 0: found inf" in error(price=np.full(600, np.inf))
    assert "column 'item': row 0: found 2 ids; the schema's slot has no separator" in error(item=[[1, 2]] * 600)
    with pytest.raises(chorus_cvr.InvalidArgument, match="click: there is no column 'klick'"):
        chorus_cvr.draft_schema(world.frame, click="klick", conversion="sale")


def test_training_tells_its_progress(world, tmp_path):
    events = []
    run = chorus_cvr.train("", {**SMALL, "report.every_steps": 2, "evaluate.every_steps": 4}, log=world.log,
                           test=world.test_log, output=tmp_path / "run", callback=events.append)
    kinds = {event.kind for event in events}
    assert kinds == {"progress", "evaluation", "message"} and not run.stopped
    progress = [event for event in events if event.kind == "progress"]
    assert progress[-1].step > 5 and 0 < progress[-1].loss < 5 and progress[0].exposures_per_second > 0
    assert len(run.metrics()) == len([event for event in events if event.kind != "message"])
    assert chorus_cvr.metrics(tmp_path / "run") == run.metrics()


def test_an_evaluation_is_that_of_the_run(world):
    evaluation = chorus_cvr.evaluate(world.run, world.test_log)
    last = [line for line in world.run.metrics() if "evaluation" in line][-1]["evaluation"]
    assert evaluation["rows"] == last["rows"] == "300"
    assert evaluation["tasks"]["ctr"]["auc"] == pytest.approx(last["task"][0]["auc"], abs=1e-9)


def test_predict_scores_logs_files_and_frames_alike(world, tmp_path):
    of_log = chorus_cvr.predict(world.run, world.test_log)
    path = tmp_path / "rows.csv"
    with open(path, "w", newline="") as file:
        chorus_cvr.text.write_text(world.test, file, textproto.parse(world.schema))
    of_text = chorus_cvr.predict(world.run, path)
    of_frame = chorus_cvr.predict(world.run.folder, world.test)
    np.testing.assert_array_equal(of_text.pctcvr, of_log.pctcvr)
    np.testing.assert_allclose(of_frame.pctcvr, of_log.pctcvr, atol=1e-6)


def test_a_callback_stops_a_run_that_goes_on_later(world, tmp_path):
    settings = {**LONG, "data.max_steps": 2000}
    stopped = chorus_cvr.train("", settings, log=world.log, output=tmp_path / "run",
                               callback=lambda event: event.kind != "progress" or event.step < 3)
    assert stopped.stopped and os.listdir(stopped.checkpoints)
    steps = max(int(line["step"]) for line in stopped.metrics())
    again = chorus_cvr.train("", settings, log=world.log, output=tmp_path / "run", resume=True)
    assert not again.stopped and steps < max(int(line["step"]) for line in again.metrics()) == 2000


def test_a_run_that_goes_on_tells_only_what_is_new(world, tmp_path):
    settings = {**LONG, "data.max_steps": 2000}
    stopped = chorus_cvr.train("", settings, log=world.log, output=tmp_path / "run",
                               callback=lambda event: event.kind != "progress" or event.step < 3)
    assert stopped.stopped
    last = stopped.metrics()[-1]
    with open(stopped.metrics_file, "a", encoding="utf-8") as file:  # what a killed run would leave, behind its state
        file.writelines(json.dumps({**last, "step": str(int(last["step"]) + step)}) + "\n" for step in range(1, 50))
    events = []
    chorus_cvr.train("", settings, log=world.log, output=tmp_path / "run", resume=True, callback=events.append)
    steps = [event.step for event in events if event.kind == "progress"]
    assert steps == list(range(int(last["step"]) + 1, 2001))
    events.clear()
    chorus_cvr.train("", {**settings, "data.max_steps": 5, "checkpoint.directory": str(tmp_path / "other")},
                     log=world.log, output=tmp_path / "run", callback=events.append)
    assert [event.step for event in events if event.kind == "progress"] == list(range(1, 6))


def test_a_file_that_is_replaced_is_read_from_its_beginning(tmp_path):
    path, lines = tmp_path / "lines", [f'{{"step": {step}, "pad": "{"x" * step}"}}\n' for step in range(9)]

    def replace(text):
        (tmp_path / "next").write_text(text)
        os.replace(tmp_path / "next", path)

    replace("".join(lines[:6]))
    tail = Tail(path, from_end=True)
    assert tail.read() == []
    replace("".join(lines[:3]) + '{"step": 3, "again": 1}\n' + lines[7] + lines[8][:9])  # cut, and longer already
    assert [line["step"] for line in tail.read()] == [3, 7]
    with open(path, "a", encoding="utf-8") as file:
        file.write(lines[8][9:])
    assert [line["step"] for line in tail.read()] == [8] and tail.read() == []
    assert [line["step"] for line in Tail(path).read()] == [0, 1, 2, 3, 7, 8]
    assert Tail(tmp_path / "none", from_end=True).read() == []


def test_what_a_callback_raises_ends_the_program(tmp_path, monkeypatch):
    talker = tmp_path / "talker"
    talker.write_text("#!/bin/sh\nwhile true; do echo 'a line that fills the pipe' >&2; done\n")
    talker.chmod(0o755)
    monkeypatch.setenv("CHORUS", str(talker))

    def callback(line):
        raise RuntimeError(f"heard {line}")

    outcome = []

    def compare():
        try:
            chorus_cvr.compare("name: 'x'", tmp_path / "compared", callback=callback)
        except RuntimeError as error:
            outcome.append(str(error))

    thread = threading.Thread(target=compare, daemon=True)
    thread.start()
    thread.join(30)
    assert outcome == ["heard a line that fills the pipe"]


def test_paths_with_a_comma_are_refused(world, tmp_path):
    for call in (lambda: chorus_cvr.train("", SMALL, log="a,b", output=tmp_path / "run"),
                 lambda: chorus_cvr.evaluate(world.run, [world.test_log, "a,b"]),
                 lambda: chorus_cvr.compare("name: 'x'", tmp_path / "compared", methods=["a,b"])):
        with pytest.raises(chorus_cvr.InvalidArgument, match="found 'a,b' in a list, expected .* without a comma"):
            call()


def test_files_may_begin_with_a_dash(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "-rows.csv").write_text("click,sale,item\n1,0,3\n")
    log = chorus_cvr.import_log("-rows.csv", 'click: "click" conversion: "sale" slot { column: "item" }', "log")
    assert os.listdir(log)


def test_every_kind_of_nothing_is_missing(tmp_path):
    pandas = pytest.importorskip("pandas")
    frame = {"click": [1, 0, 0], "sale": [0, 0, 0], "item": [7, pandas.NA, None], "tags": [["a", pandas.NA], [], ["b"]],
             "price": [0.5, pandas.NA, float("nan")], "code": ["x", pandas.NA, pandas.NaT]}
    schema = chorus_cvr.draft_schema(frame, click="click", conversion="sale")
    kinds = textproto.parse(schema)
    assert [slot["column"] for slot in kinds["slot"]] == [["item"], ["tags"], ["code"]]
    assert [numeric["column"] for numeric in kinds["numeric"]] == [["price"]]
    chorus_cvr.import_log(frame, schema, tmp_path / "log")
    plain = {"click": [1, 0, 0], "sale": [0, 0, 0], "item": [7, None, None], "tags": [["a"], [], ["b"]],
             "price": [0.5, None, None], "code": ["x", None, None]}
    chorus_cvr.import_log(plain, schema, tmp_path / "plain")
    assert same_logs(tmp_path / "log", tmp_path / "plain")


def test_an_interrupt_saves_the_run(world, tmp_path):
    code = textwrap.dedent(f"""
        import chorus_cvr
        run = chorus_cvr.train("", {LONG!r}, log={world.log.path!r}, output={str(tmp_path / "run")!r})
        print("stopped" if run.stopped else "done")""")
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not (tmp_path / "run" / "metrics.jsonl").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    child.send_signal(signal.SIGINT)
    output, _ = child.communicate(timeout=60)
    assert output.strip() == "stopped" and child.returncode == 0
    assert os.listdir(tmp_path / "run" / "checkpoints")


def test_ranks_train_the_same_model(world, tmp_path):
    if not any(os.access(os.path.join(folder, "mpirun"), os.X_OK) for folder in os.environ["PATH"].split(":")):
        pytest.skip("needs mpirun")
    run = chorus_cvr.train("objective { esmm {} }", SMALL, log=world.log, output=tmp_path / "run", ranks=3)
    of_ranks, of_one = (chorus_cvr.predict(it, world.test_log) for it in (run, world.run))
    np.testing.assert_array_equal(of_ranks.pctcvr, of_one.pctcvr)


def test_a_comparison_has_runs_and_a_table(world, tmp_path):
    config = """name: "two" method { name: "ESMM" objective { esmm {} } } method { name: "BASE" objective { base {} } }
                base: "ESMM" seeds: 1 bootstrap: 100"""
    overrides = {**{f"train.{name}": value for name, value in SMALL.items() if name != "seed"},
                 "data": f"{{train: '{world.log.path}' test: '{world.test_log.path}'}}"}
    found = chorus_cvr.compare(config, tmp_path / "compared", overrides)
    assert not found.some_failed and "ESMM" in found.table
    assert sorted(run["method"] for run in found.runs) == ["BASE", "ESMM"]
    assert all(0 < run["metrics"]["ctr_auc"] < 1 for run in found.runs)


def test_errors_of_the_program_are_exceptions(world, tmp_path, monkeypatch):
    with pytest.raises(chorus_cvr.InvalidArgument, match="step.grain_rows: 0 is out of range"):
        chorus_cvr.train("", {"step.grain_rows": 0}, log=world.log, output=tmp_path / "run")
    with pytest.raises(chorus_cvr.Error, match="no-such-log"):
        chorus_cvr.train("", SMALL, log=tmp_path / "no-such-log", output=tmp_path / "run")
    with pytest.raises(chorus_cvr.NotFound, match="there are no metrics"):
        chorus_cvr.metrics(tmp_path / "nothing")
    monkeypatch.setenv("CHORUS", str(tmp_path / "no-program"))
    with pytest.raises(chorus_cvr.ProgramNotFound, match="no-program, which is no program"):
        chorus_cvr.export(world.run, tmp_path / "model")


def test_text_format_is_read_as_far_as_schemas_need_it():
    fields = textproto.parse('a: 1 # one\nslot { column: "x\\t" separator: "," } slot: { column: \'y\' }\nl: ["p", "q"] '
                             's: "a" "b"')
    assert fields == {"a": ["1"], "slot": [{"column": ["x\t"], "separator": [","]}, {"column": ["y"]}],
                      "l": ["p", "q"], "s": ["ab"]}
    assert textproto.parse(f"s: {textproto.quoted(chr(34) + ' ,' + chr(9))}") == {"s": ['" ,\t']}
    for bad in ("slot {", "a: ", "} a", 'a: "b'):
        with pytest.raises(chorus_cvr.InvalidArgument):
            textproto.parse(bad)


def test_a_frame_of_other_columns_is_drafted(world):
    frame = make_frame(20)
    frame["count"] = np.array([1.0, np.nan] * 10)
    frame["flag"] = np.zeros(20, bool)
    schema = textproto.parse(chorus_cvr.draft_schema(frame, click="click", conversion="sale", context=["user"],
                                                     ids=["count"], exclude=["flag"]))
    slots = {slot["column"][0]: slot for slot in schema["slot"]}
    assert sorted(slots) == ["count", "item", "seen", "tags", "user"]
    assert [numeric["column"][0] for numeric in schema["numeric"]] == ["age", "price"]
    assert slots["seen"]["value_separator"] == [":"] and "separator" in slots["tags"]
    assert slots["user"]["context"] == ["true"]
