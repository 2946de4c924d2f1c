"""chorus scale --slurm: layouts as tasks of an array, and the job that puts them together, with an sbatch of this test's.

  scale_array_test.py PROGRAM
"""
import json
import os
import shutil
import subprocess

import program_case
from program_case import MPI_ENVIRONMENT, ProgramCase

DEADLINE = 110  # seconds of every command

# Runs a job at once, each task of an array after the other, and says its number, as sbatch --parsable does.
SBATCH = """#!/bin/bash
echo "sbatch $*" >> calls.txt
array=
words=()
for word in "$@"; do
  case $word in
    --array=0-*) array=${word#--array=0-} ;;
    --*) ;;
    *) words+=("$word") ;;
  esac
done
export SLURM_JOB_ID=7
if [ -n "$array" ]; then
  for task in $(seq 0 "$array"); do SLURM_ARRAY_TASK_ID=$task bash "${words[@]}" >&2 || exit 1; done
  echo "7;here"
else
  bash "${words[@]}"
fi
"""


class ScaleArrayTest(ProgramCase):
    def setUp(self):
        shutil.rmtree(self.path("swept"), ignore_errors=True)  # another test's
        self.scale = [self.program, "scale", "--workers", "1,2", "--steps", "6", "--repeats", "1", "--threads", "1",
                      "--output", "swept", "--launcher", "mpirun --oversubscribe --bind-to none",
                      "--set", "data.log=log", "--set", "step={grain_rows: 64 grains_per_step: 4}",
                      "--set", "model.tower.0.hidden=[8]"]

    def run_in(self, *words, code=0, **variables):
        environment = dict(os.environ, **MPI_ENVIRONMENT, PATH=self.folder.name + os.pathsep + os.environ["PATH"])
        environment.pop("SLURM_JOB_ID", None)
        environment.update(variables)
        run = subprocess.run(words, capture_output=True, text=True, cwd=self.folder.name, timeout=DEADLINE, env=environment)
        self.assertEqual(run.returncode, code, run.stdout + run.stderr)
        return run.stdout if code == 0 else run.stderr

    def test_tasks_measure_layouts_and_the_last_job_shows_them(self):
        if shutil.which("mpirun") is None:
            self.skipTest("needs mpirun")
        self.assertIn("submits 2 tasks", self.run_in(*self.scale, "--slurm", "sweep.sh"))
        with open(os.path.join(self.folder.name, "sweep.sh")) as script:
            self.assertIn("#   task 1: w2-s1, 3 ranks\n", script.read())
        sbatch = os.path.join(self.folder.name, "sbatch")
        with open(sbatch, "w") as script:
            script.write(SBATCH)
        os.chmod(sbatch, 0o755)
        # As from within salloc: a job, but no task of an array.
        shown = self.run_in("bash", "sweep.sh", "--time=10", SLURM_JOB_ID="3")
        self.assertIn("swept: scale.md", shown)
        with open(os.path.join(self.folder.name, "calls.txt")) as calls:
            first, last = calls.read().splitlines()
        self.assertEqual(first.split()[-3:], ["--time=10", "--array=0-1", "sweep.sh"])
        self.assertIn("--dependency=afterany:7 ", last)
        with open(os.path.join(self.folder.name, "swept/scale.jsonl")) as lines:
            layouts = [json.loads(line) for line in lines]
        self.assertEqual([layout["workers"] for layout in layouts], [1, 2])
        # Without one of the tasks the other is shown, and it is said.
        shutil.rmtree(os.path.join(self.folder.name, "swept/layout-1"))
        run = subprocess.run(self.scale + ["--collect", "--calibration", "swept/calibration.json"], capture_output=True,
                             text=True, cwd=self.folder.name, timeout=DEADLINE)
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertIn("swept/layout-1 has 0 of 1 runs of w2-s1, which is left out", run.stderr)

    def test_what_tasks_cannot_do_is_refused(self):
        without = [word for word in self.scale if word not in ("--threads",)]
        del without[without.index("--repeats") + 2]  # its value
        self.assertIn("--slurm: give --threads", self.run_in(*without, "--slurm", "-", code=1))
        self.assertIn("--check runs layouts", self.run_in(*self.scale, "--check", "--collect", code=1))
        self.assertIn("--only: 2, and there are layouts 0 .. 1", self.run_in(*self.scale, "--only", "2", code=1))
        self.assertIn("no task has measured anything", self.run_in(*self.scale, "--collect", code=1))


if __name__ == "__main__":
    program_case.main()
