"""Every program that scripts and tests call is in a package that launch/install.sh installs.

  installed_programs_test.py SOURCE_DIR

Reads the commands of shell scripts and of tests, not their meaning: a program behind a variable or a path is not seen.
What a script looks for with `command -v` is optional and may be missing.
"""
import glob
import os
import re
import sys
import unittest

# Programs of the packages of launch/install.sh. Libraries have none.
PROGRAMS = {
    "build-essential": "g++ gcc make",
    "cmake": "cmake ctest",
    "ninja-build": "ninja",
    "protobuf-compiler": "protoc",
    "openmpi-bin": "mpirun",
    "python3": "python3",
    "iproute2": "ip tc",
    "clang-14": "clang++-14",
    "clang-format-14": "clang-format-14",
    "clang-tidy-14": "clang-tidy-14 run-clang-tidy-14",
    "ccache": "ccache",
    "mold": "mold",
}
# Those of packages that every Debian has (priority "required" or essential).
ESSENTIAL = set("""apt-get awk basename bash cat chmod chown chroot cmp cp cut date diff dirname dpkg-query env find grep gzip head id ldconfig ls
  lscpu mkdir mktemp mount mv nproc readlink realpath rm sed seq sh sha256sum sleep sort su tail tar taskset tee timeout touch tr umount uname uniq
  wc xargs""".split())
# What tests/gpu/run.sh notes down of a machine where it can.
OPTIONAL = {"free", "git"}
BUILTINS = set("""[ [[ : . break cd command compgen complete compopt continue declare echo eval exit export false kill
  local mapfile printf pwd read return set shift source test trap true type ulimit umask unset wait""".split())
# A command follows each of these.
BEFORE_COMMAND = set("! { if then elif else while until do time exec env".split())


def read_text(file):
    with open(file) as text:
        return text.read()


class Commands:
    """The words of a shell script that stand where a command does."""

    def __init__(self, text):
        self.text, self.words, self.functions, self.optional = text, [], set(), set()
        self.optional.update(re.findall(r"command -v ([\w.+-]+)", text))
        self.documents = []  # ends of here-documents that begin after this line
        self.read(0, None)

    def skip_to(self, at, end):
        """Behind the parenthesis or brace that closes the one before `at`; commands inside $(...) are read."""
        opening = {")": "(", "}": "{"}[end]
        depth = 1
        while at < len(self.text) and depth:
            c = self.text[at]
            if self.text.startswith("$(", at) and not self.text.startswith("$((", at):
                at = self.read(at + 2, ")")
                continue
            if c in "'\"":
                at = self.quoted(at)
                continue
            depth += (c == opening) - (c == end)
            at += 2 if c == "\\" else 1
        return at

    def quoted(self, at):
        """Behind the string that begins at `at`."""
        if self.text[at] == "'":
            return self.text.index("'", at + 1) + 1
        at += 1
        while self.text[at] != '"':
            if self.text.startswith("$((", at):
                at = self.skip_to(at + 2, ")")
            elif self.text.startswith("$(", at):
                at = self.read(at + 2, ")")
            elif self.text.startswith("${", at):
                at = self.skip_to(at + 2, "}")
            else:
                at += 2 if self.text[at] == "\\" else 1
        return at + 1

    def word(self, at):
        """(text, end) of the word at `at`; what is quoted or expanded in it is "$"."""
        word = ""
        while at < len(self.text) and self.text[at] not in " \t\n;&|()<>":
            c = self.text[at]
            if c in "'\"":
                at, word = self.quoted(at), word + "$"
            elif self.text.startswith("$((", at):
                at, word = self.skip_to(at + 2, ")"), word + "$"
            elif self.text.startswith("$(", at):
                at, word = self.read(at + 2, ")"), word + "$"
            elif self.text.startswith("${", at):
                at, word = self.skip_to(at + 2, "}"), word + "$"
            elif c == "\\":
                at += 2
            else:
                at, word = at + 1, word + c
            if re.fullmatch(r"\w+\+?=", word) and self.text.startswith("(", at):
                at = self.skip_to(at + 1, ")")
        return word, at

    def redirection(self, at):
        """(end, whether a file follows) of the redirection at `at`."""
        document = re.compile(r"<<-?(['\"]?)(\w+)\1").match(self.text, at)
        if document:
            self.documents.append(document.group(2))
            return document.end(), False
        operator = re.compile(r"<<<|[<>]&?[-\d]*[<>]?").match(self.text, at).group()
        return at + len(operator), "&" not in operator

    def read(self, at, end):
        """Reads commands up to `end`, or all; returns where it stopped, behind `end`."""
        expected, target, cases, pattern = True, False, [], False
        while at < len(self.text):
            c = self.text[at]
            if pattern and not c.isspace():  # of a case
                if self.text.startswith("esac", at):
                    cases.pop()
                    at, pattern, expected = at + 4, False, False
                    continue
                at = self.text.index(")", at) + 1
                pattern, expected = False, True
            elif c == "\n":
                at, expected = at + 1, True
                while self.documents:
                    at = self.text.index("\n" + self.documents.pop(0) + "\n", at - 1) + 1
                    at = self.text.index("\n", at) + 1
            elif c in " \t":
                at += 1
            elif self.text.startswith("\\\n", at):
                at += 2
            elif c == "#":
                at = self.text.index("\n", at)
            elif self.text.startswith(";;", at):
                at, pattern = at + 2, True
            elif self.text.startswith("((", at):
                at, expected = self.skip_to(at + 1, ")"), False
            elif c == end:
                return at + 1
            elif c == "(":
                at, expected = self.read(at + 1, ")"), False
            elif c in ";&|":
                at, expected = at + 1, True
            elif c in "<>":
                at, target = self.redirection(at)
            else:
                word, at = self.word(at)
                if word == "[[" and expected:
                    at, expected = self.text.index("]]", at) + 2, False
                elif self.text.startswith("()", at):
                    self.functions.add(word)
                    at += 2
                elif target:
                    target = False
                elif word == "in" and cases and cases[-1] == "case":
                    cases[-1], pattern = "in", True
                elif expected and word == "case":
                    cases.append("case")
                    expected = False
                elif expected and word in ("for", "fi", "done", "}", "esac"):
                    expected = False
                elif expected and word not in BEFORE_COMMAND and not re.match(r"\w+(\[.*\])?\+?=|-", word):
                    self.words.append(word)
                    expected = False
        return at


def packages(source, *arrays):
    text = read_text(os.path.join(source, "launch/install.sh"))
    return {p for a in arrays for p in re.search(rf"^CHORUS_{a}=\(([^)]*)\)", text, re.M).group(1).split()}


def installed(source, *arrays):
    return {program for p in packages(source, *arrays) for program in PROGRAMS.get(p, "").split()}


class InstalledProgramsTest(unittest.TestCase):
    source = None

    def scripts(self):
        files = [f for folder in ("launch", "tests", "perf/criteo")
                 for f in glob.glob(os.path.join(self.source, folder, "**/*.sh"), recursive=True)]
        self.assertGreaterEqual(len(files), 5)
        return files

    def check(self, files, allowed):
        read = {f: Commands(read_text(f)) for f in files}
        functions = {name for commands in read.values() for name in commands.functions}
        for file, commands in read.items():
            for word in commands.words:
                if "$" in word or "/" in word or word in functions | BUILTINS | ESSENTIAL | OPTIONAL | commands.optional:
                    continue
                self.assertIn(word, allowed, f"{file} calls {word}: no package of launch/install.sh has it")

    def test_scripts_call_what_is_installed_for_users(self):
        self.check(self.scripts(), installed(self.source, "PACKAGES", "TEST_PACKAGES"))

    def test_ci_calls_what_is_installed_for_ci(self):
        self.check(self.scripts() + [os.path.join(self.source, ".ci/run")],
                   installed(self.source, "PACKAGES", "TEST_PACKAGES", "CI_PACKAGES"))

    def test_tests_call_what_is_installed(self):
        allowed = ESSENTIAL | installed(self.source, "PACKAGES", "TEST_PACKAGES")
        for file in glob.glob(os.path.join(self.source, "tests/**/*.cc"), recursive=True):
            for program in re.findall(r'\{"([a-z][\w+.-]*)", *"-', read_text(file)):
                self.assertIn(program, allowed, f"{file} starts {program}: no package of launch/install.sh has it")

    def test_every_program_has_its_package_in_the_script(self):
        known = packages(self.source, "PACKAGES", "TEST_PACKAGES", "CI_PACKAGES")
        self.assertEqual(sorted(set(PROGRAMS) - known), [])

    def test_commands_of_a_script_are_found(self):
        commands = Commands("""x=$(first a | second) && "$y" third
case $z in
  a | b) fourth "$(fifth 'no one')" ;;
  c) ;;
esac
array=(none "$(sixth)")
if [[ $x =~ ^(none|neither)$ ]]; then ! seventh 2>&1 >none; fi
inner() { eighth <<'END'; }
none
END
for i in none; do (exec ninth) || A=none tenth; done  # none
""")
        self.assertEqual(commands.words, ["first", "second", "$", "fourth", "fifth", "sixth", "seventh", "eighth",
                                          "ninth", "tenth"])
        self.assertEqual(commands.functions, {"inner"})


if __name__ == "__main__":
    InstalledProgramsTest.source = sys.argv.pop(1)
    unittest.main()
