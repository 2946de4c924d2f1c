"""What tests of the program share that are written in Python: its folder, a generated log, and commands.

  class SomeTest(ProgramCase): ...
  program_case.main()            # of a script that is called as SCRIPT PROGRAM
"""
import os
import subprocess
import sys
import tempfile
import unittest

SUPPRESSIONS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support", "tsan.supp")
# As support/process.cc has it: Open MPI keeps memory at exit, and has an order of locks of its own.
MPI_ENVIRONMENT = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
                   "ASAN_OPTIONS": "detect_leaks=0", "TSAN_OPTIONS": f"suppressions='{SUPPRESSIONS}'"}


class ProgramCase(unittest.TestCase):
    """A folder for all tests of the class, and a log of `exposures` in it."""
    program = None
    exposures = 8000
    # Settings of every training run, beside the log.
    settings = ["step={grain_rows: 64 grains_per_step: 4}", "model.tower.0.hidden=[8]", "compute.threads=1", "seed=1"]

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        cls.log = os.path.join(cls.folder.name, "log")
        subprocess.run([cls.program, "generate", "--set", f"exposures={cls.exposures}", "--output", cls.log], check=True,
                       capture_output=True)

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def train(self, *sets, options=()):
        """The words of a training command; later settings win."""
        sets = [f"data.log={self.log}", *self.settings, *sets]
        return [self.program, "train", *options] + [word for value in sets for word in ("--set", value)]


def main():
    ProgramCase.program = os.path.abspath(sys.argv.pop(1))
    unittest.main()
