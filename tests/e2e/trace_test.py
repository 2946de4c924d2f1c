"""report.trace: a timeline of some steps of all ranks, as Chrome's trace viewer and Perfetto read it.

  trace_test.py PROGRAM
"""
import json
import os
import shutil
import subprocess

import program_case
from program_case import MPI_ENVIRONMENT, ProgramCase

DEADLINE = 100  # seconds of every run
WORKER_SPANS = {"step", "read", "compute", "push", "wait for rows", "wait for sums", "dense update", "make frame",
                "forward", "backward"}
SERVER_SPANS = {"take frame", "update rows", "look up rows", "answer workers"}


class TraceTest(ProgramCase):
    settings = ["step={grain_rows: 64 grains_per_step: 4 pull_ahead: 1}", "model.tower.0.hidden=[8]",
                "compute.threads=2", "seed=1"]

    def errors_of(self, *sets, launcher=(), options=(), fails=False):
        """What a run of about 31 steps says on standard error."""
        environment = dict(os.environ, **(MPI_ENVIRONMENT if launcher else {}))
        run = subprocess.run([*launcher, *self.train(*sets, options=options)], capture_output=True, text=True,
                             timeout=DEADLINE, env=environment)
        self.assertEqual(run.returncode != 0, fails, run.stderr)
        return run.stderr

    def read(self, name):
        with open(self.path(name)) as file:
            events = json.load(file)["traceEvents"]
        return [event for event in events if event["ph"] == "M"], [event for event in events if event["ph"] == "X"]

    def threads(self, meta):
        return {event["args"]["name"] for event in meta if event["name"] == "thread_name"}

    def steps(self, spans):
        return sorted(span["args"]["step"] for span in spans if span["name"] == "step")

    def check_nesting(self, spans):
        """What one thread does is nested or one after the other: nothing overlaps partly."""
        for thread in {(span["pid"], span["tid"]) for span in spans}:
            own = sorted((span for span in spans if (span["pid"], span["tid"]) == thread),
                         key=lambda span: (span["ts"], -span["dur"]))
            open_ends = []
            for span in own:
                end = span["ts"] + span["dur"]
                while open_ends and open_ends[-1] <= span["ts"] + 0.002:
                    open_ends.pop()
                if open_ends:
                    self.assertLessEqual(end, open_ends[-1] + 0.002, span)
                open_ends.append(end)

    def test_one_process_shows_worker_and_server_of_the_steps_that_were_chosen(self):
        errors = self.errors_of(f"report.trace={{file: '{self.path('one.json')}' from_step: 5 steps: 3}}")
        self.assertIn("trace: ", errors)
        meta, spans = self.read("one.json")
        self.assertEqual(self.steps(spans), [5, 6, 7])
        names = {span["name"] for span in spans}
        self.assertLessEqual(WORKER_SPANS | SERVER_SPANS, names)
        self.assertEqual({event["args"]["name"].split(" (")[0] for event in meta if event["name"] == "process_name"},
                         {"server 0 and worker 0"})
        self.assertLessEqual({"trainer", "chorus-reader", "shard owner"}, self.threads(meta))
        grains = {span["args"]["grain"] for span in spans if span["name"] == "backward"}
        self.assertEqual(grains, {0, 1, 2, 3})
        self.assertGreaterEqual(min(span["ts"] for span in spans), 0)
        self.check_nesting(spans)

    def test_a_thread_that_computes_beside_the_trainer_has_a_line_of_its_own(self):
        seen = set()
        for run in range(12):  # on a machine that has other work the trainer may be done before the thread has a core
            self.errors_of(f"report.trace={{file: '{self.path(f'beside-{run}.json')}' steps: 30}}")
            seen |= self.threads(self.read(f"beside-{run}.json")[0])
            if "compute 1" in seen:
                break
        self.assertIn("compute 1", seen)

    def test_every_rank_of_a_job_is_a_process_on_one_clock(self):
        if shutil.which("mpirun") is None:
            self.skipTest("needs mpirun")
        job = ["mpirun", "--oversubscribe", "--bind-to", "none", "-n", "3"]
        self.errors_of(f"report.trace={{file: '{self.path('three.json')}' from_step: 4 steps: 2}}", launcher=job)
        meta, spans = self.read("three.json")
        processes = {event["pid"]: event["args"]["name"].split(" (")[0] for event in meta if event["name"] == "process_name"}
        self.assertEqual(processes, {0: "server 0", 1: "worker 0", 2: "worker 1"})
        for rank in (1, 2):
            own = [span for span in spans if span["pid"] == rank]
            self.assertEqual(self.steps(own), [4, 5])
            self.assertLessEqual(WORKER_SPANS, {span["name"] for span in own})
        server = [span for span in spans if span["pid"] == 0]
        self.assertLessEqual(SERVER_SPANS, {span["name"] for span in server})
        # The server looked up a step's rows before a worker that had waited for them began to compute.
        looked_up = {span["args"]["step"]: span["ts"] for span in server if span["name"] == "look up rows"}
        for rank in (1, 2):
            ends = {span["args"]["step"]: span["ts"] + span["dur"] for span in spans
                    if span["pid"] == rank and span["name"] == "step"}
            self.assertLess(looked_up[5], ends[5])
        self.check_nesting(spans)

    def test_a_run_that_ends_before_says_that_nothing_was_traced(self):
        errors = self.errors_of(f"report.trace={{file: '{self.path('none.json')}' from_step: 1000}}")
        self.assertIn("nothing was traced", errors)
        self.assertIn("the run ended after step", errors)
        self.assertFalse(os.path.exists(self.path("none.json")))
        self.assertFalse(os.path.exists(self.path("none.json.partial")))

    def test_a_run_that_ends_in_the_middle_of_the_steps_writes_what_there_was(self):
        self.errors_of(f"report.trace={{file: '{self.path('some.json')}' from_step: 30 steps: 500}}")
        _, spans = self.read("some.json")
        self.assertEqual(self.steps(spans)[0], 30)
        self.assertLess(self.steps(spans)[-1], 100)

    def test_a_resumed_run_behind_these_steps_keeps_the_trace_that_is_there(self):
        sets = [f"report.trace={{file: '{self.path('kept.json')}' from_step: 3 steps: 2}}",
                f"checkpoint.directory={self.path('ckpt')}", "checkpoint.every_steps=10"]
        self.errors_of(*sets)
        with open(self.path("kept.json")) as file:
            before = file.read()
        for step in os.listdir(self.path("ckpt")):  # a run that was killed behind step 20
            if step.startswith("step-") and int(step[5:]) > 20:
                shutil.rmtree(self.path(os.path.join("ckpt", step)))
        errors = self.errors_of(*sets, options=["--resume"])
        self.assertIn("the run went on with step 21, behind them", errors)
        with open(self.path("kept.json")) as file:
            self.assertEqual(file.read(), before)

    def test_a_file_that_is_no_trace_is_not_replaced(self):
        with open(self.path("mine.txt"), "w") as file:
            file.write("my notes\n")
        errors = self.errors_of(f"report.trace.file={self.path('mine.txt')}", fails=True)
        self.assertIn("report.trace.file", errors)
        with open(self.path("mine.txt")) as file:
            self.assertEqual(file.read(), "my notes\n")


if __name__ == "__main__":
    program_case.main()
