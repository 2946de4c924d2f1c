"""What a run shows while it goes on, read by those who read it: TensorBoard's own reader, and HTTP as Prometheus does.

  monitoring_test.py PROGRAM

Where the packages tensorboard (PyPI) and prometheus (Debian) are absent, their tests are skipped.
"""
import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.request

import program_case
from program_case import MPI_ENVIRONMENT, ProgramCase

DEADLINE = 60  # seconds of every wait


class PortTaken(Exception):
    """Another program took a port after free_port had found it."""


def on_free_port(ask):
    """What ask(port) returns; tried again where another program was faster."""
    for _ in range(4):
        try:
            return ask(free_port())
        except PortTaken:
            pass
    return ask(free_port())


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class MonitoringTest(ProgramCase):
    exposures = 20000

    def train(self, *sets):
        return super().train(f"evaluate.log={self.log}", "report.every_steps=5", *sets)

    def test_tensorboard_reads_what_metrics_say_also_after_a_resume(self):
        try:
            from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
        except ImportError as error:
            self.skipTest(f"needs the Python package tensorboard ({error})")
        board, metrics = self.path("board"), self.path("metrics.jsonl")
        sets = [f"report.tensorboard={board}", f"report.metrics={metrics}", f"checkpoint.directory={self.path('ckpt')}",
                "checkpoint.every_steps=20"]
        subprocess.run(self.train(*sets), check=True, capture_output=True)
        # A run that was killed behind its checkpoint of step 40 and goes on from there.
        for step in os.listdir(self.path("ckpt")):
            if step.startswith("step-") and int(step[5:]) > 40:
                shutil.rmtree(self.path(os.path.join("ckpt", step)))
        subprocess.run(self.train(*sets) + ["--resume"], check=True, capture_output=True)
        events = EventAccumulator(board)
        events.Reload()
        losses = {}
        with open(metrics) as lines:
            for report in map(json.loads, lines):
                if "progress" in report:
                    losses[int(report["step"])] = report["progress"]["loss"]
                else:
                    auc = next(task["auc"] for task in report["evaluation"]["task"] if task["task"] == "ctr")
        shown = [(event.step, event.value) for event in events.Scalars("train/loss")]
        self.assertEqual([step for step, _ in shown], sorted(losses))
        for step, value in shown:
            self.assertAlmostEqual(value, losses[step], places=5)
        self.assertAlmostEqual(events.Scalars("evaluate/ctr/auc")[-1].value, auc, places=5)

    @contextlib.contextmanager
    def started(self, address, launcher=()):
        """A job that goes on until it is killed, with all that it started."""
        command = self.train(f"report.prometheus={address}", "data.epochs=2000", "evaluate.log=[]")
        environment = dict(os.environ, **(MPI_ENVIRONMENT if launcher else {}))
        run = subprocess.Popen(list(launcher) + command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                               env=environment, start_new_session=True)
        try:
            yield run
        finally:
            with contextlib.suppress(ProcessLookupError):  # it has ended by itself
                os.killpg(run.pid, signal.SIGKILL)
            run.wait()
            run.stderr.close()

    def page(self, port, wanted):
        """The page once it shows what is wanted; else None."""
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as page:
            text = page.read().decode()
        return text if wanted in text else None

    def wait_for(self, ask, run):
        end = time.monotonic() + DEADLINE
        while time.monotonic() < end:
            if run.poll() is not None:
                errors = run.stderr.read()
                if "no page can be served at" in errors:
                    raise PortTaken(errors)
                self.fail(errors)
            try:
                found = ask()
            except OSError:
                found = None
            if found:
                return found
            time.sleep(0.1)
        self.fail("nothing was shown in time")

    def test_a_page_shows_the_run_as_it_goes_on(self):
        def ask(port):
            with self.started(f"127.0.0.1:{port}") as run:
                return self.wait_for(lambda: self.page(port, "chorus_train{"), run)
        text = on_free_port(ask)
        for name, kind in [("chorus_step", "gauge"), ("chorus_train", "gauge"), ("chorus_step_seconds_total", "counter"),
                           ("chorus_server_memory_bytes", "gauge"), ("chorus_server_requests_total", "counter"),
                           ("process_resident_memory_bytes", "gauge")]:
            self.assertIn(f"# TYPE {name} {kind}\n", text)
        self.assertRegex(text, r'(?m)^chorus_train\{[^}]*rank="0"[^}]*metric="loss"[^}]*\} [0-9.]+$')
        self.assertGreater(float(re.search(r"(?m)^chorus_server_memory_bytes\{.*\} (\S+)$", text)[1]), 0)

    def test_the_dashboard_shows_what_is_there(self):
        source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../launch")
        with open(os.path.join(source, "job/monitor.cc")) as text:
            names = set(re.findall(r'"((?:chorus|process)_\w+)"', text.read()))
        with open(os.path.join(source, "grafana.json")) as text:
            panels = json.load(text)["panels"]
        used = {name for panel in panels for target in panel["targets"]
                for name in re.findall(r"\b(?:chorus|process)_\w+", target["expr"])}
        self.assertLessEqual(used, names)

    def test_a_port_that_is_taken_ends_the_run_before_it_begins(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            run = subprocess.run(self.train(f"report.prometheus=127.0.0.1:{taken.getsockname()[1]}"),
                                 capture_output=True, text=True, timeout=DEADLINE)
        self.assertNotEqual(run.returncode, 0)
        self.assertIn("report.prometheus", run.stderr)

    def test_an_address_without_a_port_is_refused(self):
        run = subprocess.run(self.train("report.prometheus=localhost"), capture_output=True, text=True, timeout=DEADLINE)
        self.assertNotEqual(run.returncode, 0)
        self.assertIn("report.prometheus: 'localhost'", run.stderr)

    def test_every_rank_of_a_job_has_a_page(self):
        if shutil.which("mpirun") is None:
            self.skipTest("needs mpirun")
        job = ["mpirun", "--oversubscribe", "--bind-to", "none", "-n", "2"]
        def ask(port):
            with self.started(f"localhost:{port}", job) as run:
                return (self.wait_for(lambda: self.page(port, "chorus_server_requests_total"), run),
                        self.wait_for(lambda: self.page(port + 1, "chorus_train{"), run))
        server, worker = on_free_port(ask)
        self.assertIn('role="server 0"', server)
        self.assertNotIn("chorus_train{", server)
        self.assertIn('role="worker 0"', worker)

    def test_prometheus_scrapes_a_run(self):
        if shutil.which("prometheus") is None:
            self.skipTest("needs Debian's package prometheus")
        found = on_free_port(self.scrape)
        self.assertEqual(found[0]["metric"]["role"], "server 0 and worker 0")
        self.assertGreater(float(found[0]["value"][1]), 0)

    def scrape(self, port):
        """What Prometheus has of a run whose page is at this port."""
        own = free_port()
        with open(self.path("prometheus.yml"), "w") as config:
            config.write("scrape_configs:\n- job_name: chorus\n  scrape_interval: 1s\n  static_configs:\n"
                         f"  - targets: ['127.0.0.1:{port}']\n")
        scraper = subprocess.Popen(["prometheus", f"--config.file={self.path('prometheus.yml')}",
                                    f"--storage.tsdb.path={self.path('tsdb')}", f"--web.listen-address=127.0.0.1:{own}"],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        def ask():
            query = f"http://127.0.0.1:{own}/api/v1/query?query=chorus_step"
            with urllib.request.urlopen(query, timeout=5) as answer:
                return json.load(answer)["data"]["result"]
        try:
            with self.started(f"127.0.0.1:{port}") as run:
                return self.wait_for(ask, run)
        finally:
            scraper.kill()
            scraper.wait()


if __name__ == "__main__":
    program_case.main()
