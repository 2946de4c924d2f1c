"""launch/Dockerfile copies, runs and starts what there is. Docker itself is not needed.

  dockerfile_test.py SOURCE_DIR [PROGRAM]

With the path of the built program, the packages that the image takes are looked up as the Dockerfile does.
"""
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import unittest


class DockerfileTest(unittest.TestCase):
    source = program = None

    def setUp(self):
        with open(os.path.join(self.source, "launch/Dockerfile")) as text:
            lines = [line for line in text if not line.startswith("#")]
        self.instructions = [tuple(line.split(None, 1)) for line in "".join(lines).replace("\\\n", " ").splitlines() if line]

    def of(self, name):
        found = [rest for instruction, rest in self.instructions if instruction == name]
        self.assertTrue(found, name)
        return found

    def test_stages_are_debian_as_install_sh_needs_it(self):
        self.assertEqual(self.of("FROM"), ["debian:12 AS build", "debian:12"])

    def test_what_is_copied_is_there(self):
        for paths in self.of("COPY"):
            words = paths.split()
            if words[0] == "--from=build":
                self.assertEqual(words[1:], ["/usr/local", "/usr/local"])
                continue
            self.assertTrue(os.path.exists(os.path.join(self.source, words[0])), paths)

    def test_scripts_that_run_are_programs_that_were_copied_before(self):
        copied = set()
        scripts = 0
        for instruction, rest in self.instructions:
            if instruction == "COPY":
                copied.add(rest.split()[-1])
            if instruction == "RUN" and rest.startswith("launch/"):
                scripts += 1
                self.assertIn(rest.split()[0], copied)
                self.assertTrue(os.access(os.path.join(self.source, rest.split()[0]), os.X_OK), rest)
        self.assertEqual(scripts, 1)

    def test_presets_options_and_targets_are_the_trees(self):
        with open(os.path.join(self.source, "CMakePresets.json")) as text:
            presets = json.load(text)
        with open(os.path.join(self.source, "launch/CMakeLists.txt")) as text:
            targets = re.findall(r"add_custom_target\((\w+)", text.read())
        options = ""
        for file in ("CMakeLists.txt", "worker/cuda/CMakeLists.txt"):
            with open(os.path.join(self.source, file)) as text:
                options += text.read()
        runs = " ".join(self.of("RUN"))
        self.assertIn(re.search(r"cmake --preset (\w+)", runs).group(1), [p["name"] for p in presets["configurePresets"]])
        self.assertIn(re.search(r"--build --preset (\w+)", runs).group(1), [p["name"] for p in presets["buildPresets"]])
        self.assertIn(re.search(r"--target (\w+)", runs).group(1), targets)
        for option in re.findall(r"-D(CHORUS_\w+)", runs):
            self.assertRegex(options, rf"\b{option}\b")

    def test_what_is_started_is_installed(self):
        self.assertEqual(self.of("ENTRYPOINT"), ['["chorus"]'])

    def test_libraries_of_the_program_are_in_packages(self):
        if self.program is None or not shutil.which("dpkg-query") or not shutil.which("ldd"):
            self.skipTest("needs the program and dpkg-query")
        command = next(rest for rest in self.of("RUN") if rest.startswith("ldd"))
        # Of what it opens, what is built here; pip's Arrow is in no package.
        kafka = os.path.join(os.path.dirname(self.program), "libchorus_kafka.so")
        opened = " " + shlex.quote(kafka) if os.path.exists(kafka) else ""
        command = command.removesuffix(" >/packages").replace("/usr/local/bin/chorus", shlex.quote(self.program))
        command = command.replace(" /usr/local/lib/chorus/*.so", opened)
        found = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True)
        self.assertEqual(found.returncode, 0, found.stderr)
        packages = found.stdout.split()
        self.assertIn("libc6", packages)
        self.assertTrue([p for p in packages if p.startswith("libprotobuf")], packages)
        self.assertFalse([p for p in packages if p.endswith("-dev")], packages)


if __name__ == "__main__":
    DockerfileTest.source = sys.argv.pop(1)
    if len(sys.argv) > 1 and not sys.argv[1].startswith("-"):
        DockerfileTest.program = sys.argv.pop(1)
    unittest.main()
