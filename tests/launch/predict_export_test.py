"""launch/predict_export.py computes layers of any number that training may leave behind: exp of a large one overflows.

  predict_export_test.py SOURCE_DIR
"""
import array
import io
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

EXTREMES = [0.0, 1.0, -1.0, 22.0, -22.0, 745.0, -745.0, 1e6, -1e6, 3e38, -3e38]


class LayersTest(unittest.TestCase):
    def setUp(self):
        self.model = predict_export.Model.__new__(predict_export.Model)
        self.model.arrays = {}

    def hold(self, name, values, cols):
        self.model.arrays[f"dense/{name}.f32"] = (array.array("f", values), cols)

    def layer(self, kind, *inputs, label=()):
        node = {"name": "node", "layer": kind, "part": ["p"], "input": [{"label": name} for name in label]}
        return self.model.layer(node, list(inputs))

    def assert_near(self, found, expected):
        self.assertEqual(len(found), len(expected))
        for value, correct in zip(found, expected):
            self.assertLessEqual(abs(value - correct), 1e-7 * max(1.0, abs(correct)), (value, correct))

    def test_a_sigmoid_is_exact_in_both_tails(self):
        self.assertEqual(predict_export.sigmoid(0.0), 0.5)
        self.assertAlmostEqual(predict_export.sigmoid(-40.0), math.exp(-40), delta=1e-30)
        for z in EXTREMES:
            self.assertAlmostEqual(predict_export.sigmoid(z) + predict_export.sigmoid(-z), 1.0, delta=1e-15)

    def test_activations_end_in_their_asymptotes(self):
        gelus = self.layer("gelu", EXTREMES)
        self.assert_near(gelus[:3], [0.0, 0.841191990608, -0.158808009392])
        self.assert_near(gelus[3:], predict_export.relu(EXTREMES[3:]))
        self.assert_near(self.layer("twice_sigmoid", EXTREMES[3:]), [2.0 if z > 0 else 0.0 for z in EXTREMES[3:]])

    def test_dice_leaks_below_any_mean(self):
        for name, value in (("alpha", 0.25), ("mean", 1.0), ("variance", 1e-8)):
            self.hold("p." + name, [value] * 6, 6)
        self.assert_near(self.layer("dice", [1.0, 9.0, -9.0, 1e30, -1e30, -1e6]),
                         [0.625, 9.0, -2.25, 1e30, -2.5e29, -2.5e5])

    def test_a_transfer_takes_the_token_whose_score_is_far_ahead(self):
        for name, value in (("query", 50.0), ("key", 50.0), ("value", 2.0), ("from.weight", 1.0), ("out.weight", 1.0)):
            self.hold("p." + name, [value], 1)
        for name in ("from.bias", "out.bias"):
            self.hold("p." + name, [0.0], 1)
        for giver, own in ((9.0, 1.0), (1.0, 9.0)):
            self.assert_near(self.layer("transfer", [giver], [own], label=["from", "own"]), [18.0])

    def test_a_mean_of_two_heads_whose_probabilities_are_no_numbers_any_more(self):
        self.model.about = {"method": "UKD", "objective": {"ukd": {"average_heads": True}}}
        self.model.logits = lambda cells: {"ctr": 0.0, "cvr": cells[0], "cvr2": cells[1]}
        self.assertAlmostEqual(self.model.predict([-900.0, -2000.0])[1], -900 - math.log(2), delta=1e-9)
        self.assertAlmostEqual(self.model.predict([0.0, math.log(3)])[1], math.log(0.625), delta=1e-12)


class ExportTest(unittest.TestCase):
    """A model whose logits are a column of the text, in a folder that may be damaged."""

    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.about = {
            "format": "chorus-export 4", "method": "ESMM", "objective": {"esmm": {}}, "seed": "1", "slot": [],
            "table": [],
            "numeric": [{"name": "x", "context": False, "log_transform": False, "mean": 0, "stddev": 1}],
            "text": {"delimiter": ",", "row_id": "order", "row_id_text": True},
            "array": [{"file": "p.bias.f32", "type": "float32", "shape": ["1", "2"],
                       "xxh3": self.digest(array.array("f", [0.5, 1.5]).tobytes())}],
            "group": [{"name": "all", "node": [{}, {}, self.head("ctr"), self.head("cvr")]}]}
        self.save(array.array("f", [0.5, 1.5]))

    def tearDown(self):
        shutil.rmtree(self.folder)

    @staticmethod
    def digest(data):
        return predict_export.xxhash.xxh3_64_hexdigest(data) if predict_export.xxhash else "0"

    @staticmethod
    def head(name):
        """The column x, if it is positive."""
        return {"name": name, "layer": "relu", "head": name, "input": [{"node": 1, "first": 0, "width": 1}]}

    def save(self, values):
        with open(os.path.join(self.folder, "manifest.json"), "w", encoding="utf-8") as file:
            json.dump(self.about, file)
        with open(os.path.join(self.folder, "p.bias.f32"), "wb") as file:
            file.write(values.tobytes())

    def run_script(self, text):
        return subprocess.run([sys.executable, predict_export.__file__, self.folder], input=text, text=True,
                              capture_output=True, timeout=60)

    def assert_one_line(self, finished, part):
        self.assertEqual(finished.returncode, 1)
        self.assertEqual(finished.stderr.count("\n"), 1, finished.stderr)
        self.assertIn(part, finished.stderr)

    def test_what_is_damaged_is_named_in_one_line(self):
        for name, values in (("12 bytes; expected: 1 x 2", [1.0, 2.0, 3.0]), ("no finite", [0.5, math.nan])):
            self.about["array"][0]["xxh3"] = self.digest(array.array("f", values).tobytes())
            self.save(array.array("f", values))
            self.assert_one_line(self.run_script("order\n"), name)
        os.remove(os.path.join(self.folder, "p.bias.f32"))
        self.assert_one_line(self.run_script("order\n"), "p.bias.f32: No such file")
        os.remove(os.path.join(self.folder, "manifest.json"))
        self.assert_one_line(self.run_script("order\n"), "no export: manifest.json: No such file")

    def test_other_bytes_fail_their_checksum(self):
        if not predict_export.xxhash:
            self.skipTest("needs the module xxhash")
        self.save(array.array("f", [1.0, 1.0]))
        self.assert_one_line(self.run_script("order\n"), "its checksum is not the manifest's")

    def test_a_broken_line_has_a_number_and_a_way_on(self):
        self.assert_one_line(self.run_script("order,x\na,1\nb\n"),
                             "line 3: found 1 cells, expected 2; mend or remove the line")

    def test_a_whole_export_predicts(self):
        finished = self.run_script("order,x\na-7,0\n")
        self.assertEqual((finished.stdout, finished.stderr),
                         ("row_id\tpctr\tpcvr\tpctcvr\na-7\t0.5\t0.5\t0.25\n", ""))

    def test_row_ids_stand_before_scores_and_numbers_where_the_input_has_none(self):
        with open(os.path.join(self.folder, "manifest.json"), encoding="utf-8") as file:
            rules = predict_export.Rules(json.load(file))
        made = list(predict_export.made_of(rules, io.BufferedReader(io.BytesIO(b"x,order\n1,a-7\n2,b\n")), len))
        self.assertEqual(made, [("a-7", 2), ("b", 2)])
        made = list(predict_export.made_of(rules, io.BufferedReader(io.BytesIO(b"x\n1\n2\n")), len))
        self.assertEqual(made, [("0", 1), ("1", 1)])
        self.about["text"]["row_id_text"] = False
        rules = predict_export.Rules(self.about)
        self.assertEqual(rules.row_id({"order": "007 "}, 0), "7")

    def test_a_crossed_slot_is_made_of_the_columns_of_its_slots(self):
        rules = predict_export.Rules({
            "text": {"slot": [{"name": "city", "column": "town"}, {"name": "item", "column": "item"}],
                     "cross": [{"name": "pair", "slot": ["city", "item"]}]},
            "slot": [{"column": "pair", "multi_valued": False, "has_values": False}], "numeric": []})
        self.assertEqual(rules.missing_columns(["town"]), ["item"])
        weyl = 0x9E3779B97F4A7C15  # worker/import/crossed_slots.h, written out
        once = predict_export.mix((1 + weyl) % 2**64)
        twice = predict_export.mix(((once ^ 2) + weyl) % 2**64)
        self.assertEqual(rules.ids_of("pair", {"town": "1", "item": "2"}), [(str(twice), 1.0)])
        self.assertEqual(rules.ids_of("pair", {"town": "1", "item": ""}), [])

    def test_rows_in_fewer_bits_are_the_floats_that_they_stand_for(self):
        model = predict_export.Model.__new__(predict_export.Model)
        model.form, model.arrays = "FP16", {"t.weights.f16": (array.array("H", [0, 0, 0x3c00, 0xc100]), 2)}
        self.assertEqual(list(model.stored("t", 1, 2)), [1.0, -2.5])
        model.form, model.arrays = "INT8", {"t.weights.i8": (array.array("b", [1, 2, 127, -64]), 2),
                                            "t.scales.f32": (array.array("f", [7.0, 0.5]), 1)}
        self.assertEqual(list(model.stored("t", 1, 2)), [63.5, -32.0])

    def test_a_closed_pipe_is_one_line(self):
        folder = os.path.dirname(predict_export.__file__)
        program = (f"import sys; sys.path.insert(0, {folder!r}); import predict_export"
                   "; rules = type('R', (), {'has_row_id': False})"
                   "; predict_export.write(rules, (('', (0.5, 0.5, 0.25)) for _ in range(100000)))")
        child = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                 text=True)
        child.stdout.readline()
        child.stdout.close()
        with child.stderr as errors:
            said = errors.read()
        child.wait(60)
        self.assertEqual(said, "standard output was closed before all scores were written\n")


class CommandLineTest(unittest.TestCase):
    def run_script(self, *arguments):
        return subprocess.run([sys.executable, predict_export.__file__, *arguments], stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=60)

    def test_help_describes_the_script_and_what_it_takes(self):
        shown = self.run_script("--help")
        self.assertEqual(shown.returncode, 0, shown.stderr)
        self.assertIn("usage: predict_export.py [-h] EXPORT", shown.stdout)
        self.assertIn("Predicts with what `chorus export` wrote", shown.stdout)
        self.assertIn("launch/predict_export.py EXPORT < tomorrow.csv > scores.tsv", shown.stdout)

    def test_a_wrong_command_line_is_an_error_of_usage(self):
        for arguments in ([], ["--quantize"], ["one", "two"]):
            wrong = self.run_script(*arguments)
            self.assertEqual(wrong.returncode, 2)
            self.assertIn("usage: predict_export.py", wrong.stderr)


if __name__ == "__main__":
    sys.path.insert(0, os.path.join(sys.argv.pop(1), "launch"))
    import predict_export
    unittest.main()
