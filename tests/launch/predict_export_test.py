"""launch/predict_export.py computes layers of any number that training may leave behind: exp of a large one overflows.

  predict_export_test.py SOURCE_DIR
"""
import array
import math
import os
import sys
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


if __name__ == "__main__":
    sys.path.insert(0, os.path.join(sys.argv.pop(1), "launch"))
    import predict_export
    unittest.main()
