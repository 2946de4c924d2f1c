"""perf/comparisons/tables.py: what it makes of a comparison's table.md, and what it says of documents that differ."""
import contextlib
import importlib.util
import io
import os
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
spec = importlib.util.spec_from_file_location("tables", sys.argv.pop(1))
tables = importlib.util.module_from_spec(spec)
spec.loader.exec_module(tables)

TABLE = """# Comparison x

## Ranking

| method | CTR AUC | CVR AUC |
| --- | ---: | ---: |
| BASE | 0.8848 ± 0.0001 | 0.7840 |
| *all* (reference) | - | 0.8000 |

Difference to BASE:

| method | CTR AUC | CVR AUC |
| --- | ---: | ---: |
| BASE | base | base |
| *all* (reference) | - | +0.0160 |

- CTR AUC: a note

## pCVR

| method | PCOC |
| --- | ---: |
| BASE | 1.049 ± 0.006 |
| *all* (reference) | 0.995 |
"""
COMMENT = "<!-- table: table.md\ncolumns: PCOC .2 | ranking = CTR AUC\nrows: bound = all (reference) | BASE\n-->\n"
EXPECTED = """| method | PCOC | ranking |
|---|---|---|
| bound | 0.99 | - |
| BASE | 1.05 ± 0.01 | 0.8848 ± 0.0001 |
"""


class DocumentTables(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(folder.name)
        self.write("table.md", TABLE)

    def write(self, path, text):
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)

    def run_on(self, text, *options):
        self.write("doc.md", text)
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            code = tables.main([*options, "doc.md"])
        with open("doc.md", encoding="utf-8") as file:
            return code, file.read(), said.getvalue()

    def test_takes_means_and_leaves_the_rest_of_the_document(self):
        code, text, _ = self.run_on(f"before\n{COMMENT}| old |\nbehind\n{COMMENT}end\n")
        self.assertEqual(text, f"before\n{COMMENT}{EXPECTED}behind\n{COMMENT}{EXPECTED}end\n")
        self.assertEqual(code, 0)

    def test_check_writes_nothing_and_names_the_line(self):
        self.assertEqual(self.run_on(COMMENT + EXPECTED, "--check")[0], 0)
        wrong = "1\n" + COMMENT + EXPECTED.replace("0.99", "0.98")
        code, text, said = self.run_on(wrong, "--check")
        self.assertEqual((code, text), (1, wrong))
        self.assertIn("doc.md:2: is not table.md", said)

    def test_columns_of_a_second_comparison_are_beside(self):
        self.write("other.md", TABLE.replace("0.8848", "0.9000"))
        comment = ("<!-- table: table.md\nbeside: other.md\n"
                   "columns: CTR AUC | there = beside CTR AUC .2\nrows: BASE\n-->\n")
        code, text, _ = self.run_on(comment)
        self.assertEqual(code, 0)
        self.assertEqual(text, comment + "| method | CTR AUC | there |\n|---|---|---|\n"
                                         "| BASE | 0.8848 ± 0.0001 | 0.90 ± 0.00 |\n")
        os.remove("other.md")
        code, left, said = self.run_on(text)
        self.assertEqual((code, left), (0, text))
        self.assertIn("other.md is not there", said)

    def test_a_comparison_that_was_not_made_is_named_and_left(self):
        text = COMMENT.replace("table.md", "gone.md") + "| old |\n"
        code, after, said = self.run_on(text)
        self.assertEqual((code, after), (0, text))
        self.assertIn("gone.md is not there", said)

    def test_unknown_columns_and_rows_are_errors(self):
        for old, new, problem in [("CTR AUC", "XTR AUC", "no column"), ("| BASE", "| BASIS", "no method")]:
            with self.assertRaisesRegex(SystemExit, problem):
                self.run_on(COMMENT.replace(old, new) + "| old |\n")


if __name__ == "__main__":
    unittest.main()
