"""launch/slurm/train.sbatch with stand-ins for srun, mpirun and scontrol: what it starts, and what becomes of each exit
code. tests/cluster/slurm.sh tries it against a real Slurm.

Usage: train_sbatch_test.py ROOT
"""

import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(sys.argv.pop())
SCRIPT = ROOT / "launch/slurm/train.sbatch"
STAND_INS = {
    # Prints its arguments and ends with $CODE; with $WAITS, a signal ends it as it ends the program.
    "srun": """if [ "$1" = --mpi=list ]; then echo "${MPI:-pmix none}"; exit; fi
echo "started: srun $*"
if [ -n "${WAITS:-}" ]; then
  trap 'exit "${STOPPED:-75}"' USR1
  touch "$WAITS"
  for _ in $(seq 100); do sleep 0.1; done
fi
exit "${CODE:-0}"
""",
    "mpirun": 'echo "started: mpirun $*"\nexit "${CODE:-0}"\n',
    # Slurm ends the script of a job that is requeued.
    "scontrol": """if [ "$1" = -o ]; then echo "JobId=7 JobName=chorus JobState=${STATE:-RUNNING} Reason=None"; echo "JobId=8 JobState=PENDING x"; exit; fi
echo "scontrol $*"
kill "$PPID"
""",
}


class TrainSbatch(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        for name, text in STAND_INS.items():
            path = pathlib.Path(self.folder.name, name)
            path.write_text("#!/usr/bin/env bash\n" + text)
            path.chmod(0o755)

    def tearDown(self):
        self.folder.cleanup()

    def start(self, *arguments, **variables):
        environment = {"PATH": self.folder.name + ":" + os.environ["PATH"], "SLURM_JOB_ID": "7", **variables}
        return subprocess.Popen(["bash", SCRIPT, "--config", "job", *arguments], env=environment, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def run_script(self, *arguments, **variables):
        script = self.start(*arguments, **variables)
        output, _ = script.communicate(timeout=30)
        return script.returncode, output

    def test_scripts_parse(self):
        for path in (SCRIPT, ROOT / "tests/cluster/slurm.sh"):
            self.assertEqual(subprocess.run(["bash", "-n", path]).returncode, 0, path)

    def test_directives_stand_before_the_first_command(self):
        directives = [line for line in SCRIPT.read_text().splitlines() if line.startswith("#SBATCH")]
        before = SCRIPT.read_text().split("set -u")[0]
        self.assertGreaterEqual(len(directives), 8)
        self.assertTrue(all(line in before for line in directives))
        self.assertIn("#SBATCH --requeue", directives)

    def test_srun_with_pmix_starts_all_ranks_with_their_cores(self):
        code, output = self.run_script("--set", "seed=3", SLURM_CPUS_PER_TASK="4")
        self.assertEqual(code, 0)
        self.assertIn("started: srun --mpi=pmix --kill-on-bad-exit=1 --cpus-per-task=4 chorus train --config job "
                      "--set seed=3 --resume\n", output)
        self.assertNotIn("scontrol", output)

    def test_without_pmix_mpirun_starts_them(self):
        _, output = self.run_script(MPI="none pmi2", SLURM_CPUS_PER_TASK="4")
        self.assertIn("started: mpirun --bind-to none --mca oob_tcp_keepalive_time 30", output)
        self.assertIn("chorus train --set compute.threads=4 --config job --resume\n", output)  # the user's own win

    def test_parts_of_a_heterogeneous_job_are_one_job_whose_first_serves(self):
        _, output = self.run_script(SLURM_HET_SIZE="2", SLURM_NTASKS_HET_GROUP_0="3", SLURM_CPUS_PER_TASK="4")
        self.assertIn("--het-group=0,1 chorus", output)
        self.assertIn("chorus train --set cluster.servers=3 --config job", output)

    def test_a_heterogeneous_job_needs_srun(self):
        code, output = self.run_script(MPI="none pmi2", SLURM_HET_SIZE="2", SLURM_NTASKS_HET_GROUP_0="3")
        self.assertEqual(code, 2)
        self.assertIn("heterogeneous jobs need srun with PMIx", output)
        self.assertNotIn("started", output)

    def test_a_task_of_an_array_has_its_seed(self):
        _, output = self.run_script("--set", "checkpoint.directory=/c/@SEED@/x", SLURM_ARRAY_TASK_ID="12")
        self.assertIn("chorus train --set seed=12 --config job --set checkpoint.directory=/c/12/x\n", output)

    def test_what_is_there_is_gone_on_with_and_a_first_start_is_no_resume(self):
        directory = pathlib.Path(self.folder.name, "ckpt")
        setting = f"checkpoint.directory={directory}"
        config = pathlib.Path(self.folder.name, "job.textproto")
        config.write_text(f'checkpoint {{ directory: "{directory}" every_steps: 50 }}\n# directory: "/elsewhere"\n')
        ways = (("--set", setting), ("--set", "checkpoint.directory=/elsewhere", f"--set={setting}"),
                ("--config", str(config)), (f"--config={config}",))

        def resumes(way, **variables):
            _, output = self.run_script(*way, **variables)
            return " --resume\n" in output

        for way in ways:
            self.assertFalse(resumes(way), way)
            self.assertTrue(resumes(way, SLURM_RESTART_COUNT="1"), way)
        directory.mkdir()
        (directory / ".lock").touch()  # of a job that ended before its first checkpoint
        for way in ways:
            self.assertFalse(resumes(way), way)
        (directory / "step-000000000050").mkdir()
        for way in ways:
            self.assertTrue(resumes(way), way)
        self.assertTrue(resumes(()), "nobody knows where checkpoints lie")

    def test_a_seed_of_no_array_is_refused(self):
        code, output = self.run_script("--set", "checkpoint.directory=/c/@SEED@")
        self.assertEqual(code, 2)
        self.assertIn("checkpoint.directory=/c/@SEED@: @SEED@ is the number of an array's task", output)
        self.assertNotIn("started", output)

    def test_what_another_try_may_mend_goes_back_into_the_queue(self):
        for code in (75, 69, 137, 205):
            _, output = self.run_script(CODE=str(code))
            self.assertIn("scontrol requeue 7", output, code)

    def test_what_would_fail_again_does_not(self):
        for code in (1, 2, 3, 126, 127):
            returned, output = self.run_script(CODE=str(code))
            self.assertEqual(returned, code)
            self.assertNotIn("scontrol", output)

    def test_what_is_cancelled_stays_so(self):
        for state in ("CANCELLED", "COMPLETING"):
            returned, output = self.run_script(CODE="75", STATE=state)
            self.assertEqual(returned, 75)
            self.assertIn(f"the job is {state} and ends", output)
            self.assertNotIn("scontrol requeue", output)

    def test_lost_ranks_are_replaced_a_few_times_only(self):
        _, output = self.run_script(CODE="69", SLURM_RESTART_COUNT="4")
        self.assertIn("scontrol requeue", output)
        returned, output = self.run_script(CODE="69", SLURM_RESTART_COUNT="5")
        self.assertEqual(returned, 69)
        self.assertNotIn("scontrol", output)
        _, output = self.run_script(CODE="75", SLURM_RESTART_COUNT="500")  # a long run is no failure
        self.assertIn("scontrol requeue", output)

    def test_a_signal_reaches_the_ranks_and_their_exit_code_counts(self):
        self.assertIn("stopped by a signal, saved", self.stop())

    def test_ranks_that_srun_killed_behind_the_first_that_saved_were_stopped_by_the_signal(self):
        output = self.stop(STOPPED="143", SLURM_RESTART_COUNT="500")
        self.assertIn("stopped by a signal, exit code 143", output)

    def stop(self, **variables):
        """The output of a job that gets Slurm's signal when its ranks are there, and goes back into the queue."""
        waiting = pathlib.Path(self.folder.name, "waiting")
        script = self.start(WAITS=str(waiting), **variables)
        for _ in range(600):
            if waiting.exists():
                break
            time.sleep(0.05)
        script.send_signal(signal.SIGUSR1)
        output, _ = script.communicate(timeout=30)
        self.assertIn("scontrol requeue 7", output)
        return output


if __name__ == "__main__":
    unittest.main()
