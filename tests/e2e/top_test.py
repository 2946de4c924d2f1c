"""chorus top: what is shown of a run while it goes on, and when it has ended.

  top_test.py PROGRAM
"""
import fcntl
import http.server
import os
import random
import re
import socket
import subprocess
import threading
import time

import program_case
from program_case import ProgramCase

DEADLINE = 100  # seconds of every wait

PAGE = """# TYPE chorus_step gauge
chorus_step{rank="0",role="server 0 and worker 0",node="here"} 120
chorus_step_seconds_total{rank="0",role="server 0 and worker 0",node="here",part="compute"} 3
chorus_step_seconds_total{rank="0",role="server 0 and worker 0",node="here",part="pull"} 1
chorus_train{rank="0",role="server 0 and worker 0",node="here",of="",metric="loss"} 0.25
chorus_train{rank="0",role="server 0 and worker 0",node="here",of="ctr",metric="loss"} 0.125
chorus_train{rank="0",role="server 0 and worker 0",node="here",of="",metric="exposures_per_second"} 4321
chorus_evaluate{rank="0",role="server 0 and worker 0",node="here",of="cvr",metric="auc"} 0.75
chorus_evaluate{rank="0",role="server 0 and worker 0",node="here",of="cvr",metric="pcoc"} 1.125
chorus_server_rows{rank="0",role="server 0 and worker 0",node="here",server="0"} 1500
chorus_server_memory_bytes{rank="0",role="server 0 and worker 0",node="here",server="0"} 2000000
"""


class Pages(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = PAGE.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


class TopTest(ProgramCase):
    def train(self, *sets):
        return super().train(f"evaluate.log={self.log}", "report.every_steps=5", *sets)

    def top(self, *words, code=0):
        run = subprocess.run([self.program, "top", *words], capture_output=True, text=True, timeout=DEADLINE)
        self.assertEqual(run.returncode, code, run.stderr)
        return run.stdout if code == 0 else run.stderr

    def test_a_run_that_has_ended_is_shown_once(self):
        metrics, checkpoints = self.path("ended/metrics.jsonl"), self.path("ended/ckpt")
        subprocess.run(self.train(f"report.metrics={metrics}", f"checkpoint.directory={checkpoints}"), check=True,
                       capture_output=True)
        shown = self.top(metrics)
        self.assertRegex(shown, r"(?m)^step +(\d+) of \1 \(100\.0 %\)")
        self.assertRegex(shown, r"(?m)^loss +0\.\d+; ")
        self.assertRegex(shown, r"(?m)^evaluated +step \d+; ctr AUC 0\.\d+ NE \d\.\d+ PCOC \d")
        self.assertRegex(shown, r"(?m)^saved +.*step-\d+, ")
        self.assertRegex(shown, r"(?m)^ended +the run has done its last step, \d+$")
        self.assertEqual(self.top(os.path.dirname(metrics), "--once").splitlines()[:2], shown.splitlines()[:2])

    def test_ends_with_the_run_that_it_watches(self):
        metrics = self.path("live/metrics.jsonl")
        job = self.path("job.textproto")
        with open(job, "w") as file:
            file.write(f'data {{ log: "{self.log}" }} report {{ metrics: "{metrics}" }}\n')
        watch = subprocess.Popen([self.program, "top", job, "--interval", "0.1"], stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT, text=True)
        late = threading.Timer(DEADLINE, watch.kill)
        late.start()
        try:
            first = watch.stdout.readline()  # before there is a run
            subprocess.run(self.train(f"report.metrics={metrics}", "data.epochs=3"), check=True, capture_output=True)
            shown, _ = watch.communicate()
        finally:
            watch.kill()
            late.cancel()
        self.assertEqual(watch.returncode, 0, shown)
        self.assertIn("nothing is to be seen of a run yet", first)
        self.assertIn("the run has done its last step", shown)

    def test_a_run_that_stands_still_is_told(self):
        metrics = self.path("stale.jsonl")
        with open(metrics, "w") as file:
            file.write('{"step":"10","epoch":"0","seconds":1,"progress":{"loss":0.5,"exposures_per_second":100}}\n')
        past = time.time() - 900
        os.utime(metrics, (past, past))
        with open(metrics + ".lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # as a run does
            shown = self.top(metrics, "--once")
        self.assertRegex(shown, r"no line for \d{3,4} s")
        self.assertNotIn("ended", shown.replace("has not ended", ""))

    def test_a_head_that_says_nothing_leaves_what_the_job_says(self):
        metrics, job, checkpoints = (self.path(name) for name in ("headless.jsonl", "headless.textproto", "none"))
        with open(metrics, "w") as file:
            file.write('{"step":"10","epoch":"0","seconds":1,"progress":{"loss":0.5,"exposures_per_second":100}}\n')
        with open(job, "w") as file:
            file.write(f'data {{ log: "{self.log}" }} report {{ metrics: "{metrics}" }} '
                       f'checkpoint {{ directory: "{checkpoints}" }}\n')
        for head in (None, '{"steps":"20"}', '{"config":"of_a_newer_build: 1"}'):
            if head is not None:
                with open(metrics + ".run", "w") as file:
                    file.write(head + "\n")
            run = subprocess.run([self.program, "top", job, "--once"], capture_output=True, text=True, timeout=DEADLINE)
            self.assertIn(f"nothing in {checkpoints}", run.stdout, head)
            self.assertEqual(run.stderr, "", head)

    def test_a_job_between_two_attempts_has_not_ended(self):
        metrics, checkpoints = self.path("between.jsonl"), self.path("between")
        os.mkdir(checkpoints)
        job = self.path("between.textproto")
        with open(metrics, "w") as file:
            file.write('{"step":"10","epoch":"0","seconds":1,"progress":{"loss":0.5,"exposures_per_second":100}}\n')
        with open(job, "w") as file:
            file.write(f'data {{ log: "{self.log}" }} report {{ metrics: "{metrics}" }} '
                       f'checkpoint {{ directory: "{checkpoints}" }}\n')
        shown = self.top(job, "--once")
        self.assertRegex(shown, r"(?m)^note +no process writes .* at the moment; its last line is of step 10")
        self.assertNotRegex(shown, "(?m)^ended")
        with open(os.path.join(checkpoints, ".lock"), "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # as a job that resumes does before it opens its reports
            self.assertNotIn("no process writes", self.top(job, "--once"))

    def test_pages_of_ranks_are_shown_and_the_one_that_is_silent_is_named(self):
        with http.server.HTTPServer(("127.0.0.1", 0), Pages) as server:
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            try:
                with socket.socket() as silent:
                    silent.bind(("127.0.0.1", 0))  # and does not listen
                    port = silent.getsockname()[1]
                    shown = self.top("--prometheus", f"127.0.0.1:{server.server_port},127.0.0.1:{port}", "--once")
            finally:
                server.shutdown()
                thread.join()
        self.assertRegex(shown, r"(?m)^step +120$")
        self.assertRegex(shown, r"(?m)^speed +4321 exposures/s$")
        self.assertRegex(shown, r"(?m)^loss +0\.250000; ctr 0\.125000$")
        self.assertRegex(shown, r"(?m)^time +server 0 and worker 0: compute 75 % pull 25 %$")
        self.assertRegex(shown, r"(?m)^evaluated +cvr AUC 0\.7500 PCOC 1\.125$")
        self.assertRegex(shown, r"server 0: 1\.50k rows, 2\.00 MB")
        self.assertRegex(shown, rf"rank +127\.0\.0\.1:{port} does not answer")

    def test_ranks_on_this_machine_are_found_by_the_job(self):
        metrics = self.path("found/metrics.jsonl")

        def start():
            # Below those that systems give to who asks for any. Another program may have it all the same.
            port = random.randrange(20000, 30000)
            return subprocess.Popen(self.train(f"report.metrics={metrics}", f"report.prometheus=localhost:{port}",
                                               "data.epochs=2000", "evaluate.log=[]"),
                                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

        run, shown = start(), ""
        try:
            end = time.monotonic() + DEADLINE
            while "server 0: " not in shown or "\ntime " not in shown:
                if run.poll() is not None:
                    run = start()
                self.assertLess(time.monotonic(), end, shown)
                if os.path.exists(metrics):
                    shown = self.top(metrics, "--once")
                time.sleep(0.2)
        finally:
            run.kill()
            run.wait()
        self.assertRegex(shown, r"rank 0: server 0 and worker 0 on \S+, process of ")
        self.assertRegex(shown, r"server 0: \S+ rows, \S+ [kM]B; received .* frames, sent ")
        self.assertRegex(shown, r"(?m)^time +server 0 and worker 0: ")
        self.assertRegex(self.top(metrics, "--interval", "0.5"),
                         r"(?m)^ended +no process writes .* any more; its last line is of step \d+ of \d+")

    def test_what_tells_of_nothing_is_refused(self):
        job = self.path("mute.textproto")
        with open(job, "w") as file:
            file.write(f'data {{ log: "{self.log}" }}\n')
        self.assertIn("nothing tells of its run", self.top(job, code=1))
        self.assertIn("nothing to watch", self.top(code=1))
        self.assertIn("expected \"host:port\"", self.top("--prometheus", "here", "--once", code=1))


if __name__ == "__main__":
    program_case.main()
