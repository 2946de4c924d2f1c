// A model leaves Chorus whole: launch/predict_export.py, which reads nothing but the export and the
// features as text, predicts what `chorus predict` does. So does launch/predict_onnx.py, which
// gives the layers to onnxruntime.

#include <google/protobuf/util/json_util.h>

#include <cmath>
#include <cstdlib>

#include "common/export.pb.h"
#include "tests/e2e/command_testing.h"

namespace chorus::e2e {
namespace {

constexpr uint32_t kScoredRows = 160;

// Ids that are numbers and text, several with factors, numeric columns of both kinds.
struct Features {
  std::string user, item, bought;
  double age, price;
};

Features FeaturesOf(uint32_t i) {
  const uint32_t user = i / 4 % 11;
  Features out;
  out.user = StrCat(user % 2 == 0 ? "u" : "-", user + 1, user % 3 == 0 ? std::string(40, 'x') : "");
  out.item = i % 9 == 0 ? "" : StrCat(i * 7 % 13);
  for (uint32_t k = 0; k < user % 4; ++k) {
    out.bought += StrCat(k == 0 ? "" : ",", user + 3 * k, ":", k + 0.25);
  }
  out.age = 20 + user;
  out.price = i * 5 % 17 * 1.5;
  return out;
}

class ExportTest : public CommandTest {
 protected:
  void SetUp() override {
    CommandTest::SetUp();
    std::string rows = "click\tsale\tuser\titem\tbought\tage\tprice\n";
    features_ = "price\tuser\tage\tnothing\titem\tbought\n";
    for (uint32_t i = 0; i < kScoredRows; ++i) {
      const Features f = FeaturesOf(i);
      const bool click = i % 3 == 0, sale = click && i % 2 == 0;
      rows += StrCat(click ? 1 : 0, "\t", sale ? 1 : 0, "\t", f.user, "\t", f.item, "\t", f.bought,
                     "\t", f.age, "\t", f.price, "\n");
      features_ +=
          StrCat(f.price, "\t", f.user, "\t", f.age, "\t-\t", f.item, "\t", f.bought, "\n");
    }
    ASSERT_TRUE(ReplaceFile(files_, Path("rows.tsv"), rows).ok());
    ASSERT_TRUE(ReplaceFile(files_, Path("features.tsv"), features_).ok());
    ASSERT_TRUE(ReplaceFile(files_, Path("schema.textproto"), R"(
        delimiter: "\t" click: "click" conversion: "sale"
        slot { column: "user" context: true } slot { column: "item" key_space: "items" }
        slot { column: "bought" context: true key_space: "items"
               separator: "," value_separator: ":" }
        numeric { column: "age" context: true } numeric { column: "price" transform: LOG_STANDARD }
        block_rows: 64)")
                    .ok());
    Import("schema.textproto", "rows.tsv", "log");
  }

  // Lines of numbers behind a head.
  static std::vector<std::vector<double>> Table(const std::string& text, size_t columns) {
    std::vector<std::vector<double>> out;
    const std::vector<std::string> lines = Split(text, '\n');
    for (size_t i = 1; i + 1 < lines.size(); ++i) {
      const std::vector<std::string> cells = Split(lines[i], '\t');
      std::vector<double> row;
      for (size_t c = cells.size() - columns; c < cells.size(); ++c) {
        row.push_back(std::stod(cells[c]));
      }
      out.push_back(std::move(row));
    }
    return out;
  }

  // Trains, exports, and compares both ways to predict.
  // dim: of the second table.
  void ExpectSamePredictions(const std::string& name, const std::string& job, int dim = 5) {
    const std::string config = Path(name + ".textproto");
    const bool names_bought = job.find("'bought'") != std::string::npos;
    const std::string bought =
        names_bought ? "" : "slot { name: 'bought' pooling: WEIGHTED_MEAN } ";
    const std::string text =
        StrCat("data { log: '", Path("log"), "' epochs: 4 } step { grain_rows: 16 } ",
               "table { dim: 3 optimizer { adagrad { lr: 0.1 } } } ",
               "table { name: 'wide' dim: ", dim, " optimizer { adagrad { lr: 0.1 } } } ", bought,
               "slot { name: 'user' table: 'wide' } checkpoint { directory: '", Path(name), "' } ",
               "evaluate { log: '", Path("log"), "' group_metrics: false } ", job);
    ASSERT_TRUE(ReplaceFile(files_, config, text).ok());
    ExpectSuccess(Run(0, Command("train", {"--config", config})));
    const std::string scores = Path(name + ".tsv"), output = Path(name + "-export");
    ExpectSuccess(Run(0, Command("predict", {"--checkpoint", Path(name), "--log", Path("log"),
                                             "--output", scores})));
    ExpectSuccess(Run(0, Command("export", {"--checkpoint", Path(name), "--output", output,
                                            "--format", format_})));
    const test::Finished served =
        test::RunProcess({"sh", "-c", "exec \"$0\" \"$1\" \"$2\" < \"$3\"", python_, script_,
                          output, Path("features.tsv")},
                         60);
    ASSERT_EQ(served.code, 0) << served.errors;
    const auto expected = Table(*ReadWholeFile(files_, scores), 3);
    const auto actual = Table(served.output, 3);
    ASSERT_EQ(expected.size(), kScoredRows);
    ASSERT_EQ(actual.size(), kScoredRows);
    for (uint32_t i = 0; i < kScoredRows; ++i) {
      for (size_t c = 0; c < 3; ++c) {
        EXPECT_NEAR(actual[i][c], expected[i][c], tolerance_ * expected[i][c])
            << name << ", row " << i << ", column " << c;
      }
    }
  }

  std::string features_;
  // Who serves what kind of export.
  std::string python_ = CHORUS_PYTHON;
  std::string script_ = CHORUS_PREDICT_EXPORT;
  std::string format_ = "ARRAYS";
  double tolerance_ = 2e-5;
};

TEST_F(ExportTest, PredictsWithoutChorusWhatChorusPredicts) {
  if (std::string(CHORUS_PYTHON).empty()) GTEST_SKIP() << "needs python3";
  const std::string small = "model { tower { hidden: [6, 4] } } ";
  ExpectSamePredictions("esmm", small + "objective { esmm {} }");
  ExpectSamePredictions("base", small + "objective { oversampling {} }");
  ExpectSamePredictions("division", "model { tower { } } objective { division { cap: true } }");
  ExpectSamePredictions("aman", small + "objective { aman { correct: true } }");
}

TEST_F(ExportTest, LayersOfEveryKindLeaveWithTheModel) {
  if (std::string(CHORUS_PYTHON).empty()) GTEST_SKIP() << "needs python3";
  ExpectSamePredictions("transfer", "model { tower { hidden: [6, 4] } } objective { ddpo {} }");
  ExpectSamePredictions(
      "bottom",
      "model { shared_bottom { hidden: [7, 5] } tower { hidden: [6] } batch_norm: true } "
      "objective { chorus_cvr {} }");
  ExpectSamePredictions("teacher",
                        "model { tower { hidden: [6, 4] } batch_norm: true } "
                        "objective { ukd { average_heads: true } }");
}

// Models of all encoders, by the name of their job.
struct NamedJob {
  const char* name;
  const char* text;
};
constexpr NamedJob kEncoderJobs[] = {
    {"mmoe",
     "model { encoder { name: 'mix' mmoe { experts: 3 hidden: [6, 4] } } tower { hidden: 5 } }"},
    {"ple",
     "model { encoder { name: 'mix' ple { levels: 2 shared_experts: 1 experts: 2 hidden: 4 } } "
     "tower { hidden: 5 } batch_norm: true }"},
    {"crosses",
     "model { encoder { name: 'full' cross { } } encoder { name: 'low' cross { layers: 1 rank: 2 } "
     "} tower { hidden: 4 input: ['full', 'low'] } }"},
    {"interest",
     "slot { name: 'bought' pooling: SEQUENCE max_length: 2 } "
     "model { encoder { name: 'interest' target_attention { sequence: 'bought' "
     "query: 'item' hidden: 4 } } tower { hidden: 5 input: ['inputs', 'interest'] } }"},
    {"attention",
     "slot { name: 'bought' pooling: SEQUENCE max_length: 2 } "
     "model { encoder { name: 'self' self_attention { sequence: 'bought' heads: 2 head_dim: 3 "
     "layers: 2 } } encoder { name: 'newest' sequence_pooling { sequence: 'bought' pooling: LAST } "
     "} "
     "encoder { name: 'total' sequence_pooling { sequence: 'bought' pooling: SUM } } "
     "tower { hidden: 5 input: ['inputs', 'self', 'newest', 'total'] } }"},
    {"activations",
     "model { encoder { name: 'a' mlp { hidden: [6, 6] activation: DICE layer_norm: true "
     "residual: true } } encoder { name: 'b' input: 'a' mlp { hidden: 5 activation: GELU } } "
     "encoder { name: 'c' input: 'b' mlp { hidden: 4 activation: PRELU } } "
     "encoder { name: 'd' mlp { hidden: 4 layer_norm: true } } "
     "tower { hidden: 5 input: ['c', 'd'] } }"},
    {"gates",
     "model { encoder { name: 'relu' slot_gate { } } encoder { name: 'sigmoid' slot_gate { "
     "gate: SIGMOID reduction: 1 } } tower { hidden: 5 input: ['relu', 'sigmoid'] } }"},
    {"own",
     "slot { name: '*' embedding: SHARED_AND_OWN } "
     "slot { name: 'bought-again' column: 'bought' tower: ['ctr', 'cvr'] no_gradient: 'ctr' } "
     "model { encoder { name: 'deep' mlp { hidden: 4 } } tower { hidden: [5, 4] } "
     "transfer { from: 'cvr' to: 'ctr' layer: 2 } }"},
    {"sequence-and-own",
     "slot { name: 'bought' pooling: SEQUENCE max_length: 2 } "
     "slot { name: 'bag' column: 'bought' pooling: WEIGHTED_MEAN } "
     "slot { name: '*' embedding: SHARED_AND_OWN } "
     "model { encoder { name: 'bought_mean' sequence_pooling { sequence: 'bought' } } "
     "tower { hidden: 4 input: ['inputs', 'bought_mean'] } }"},
    {"pairs",
     "model { encoder { name: 'fm' bi_interaction { } } encoder { name: 'dots' slot_dots { } } "
     "tower { hidden: 5 input: ['inputs', 'dots'] wide: ['inputs', 'fm'] } }"},
};

TEST_F(ExportTest, EncodersLeaveWithTheModel) {
  if (std::string(CHORUS_PYTHON).empty()) GTEST_SKIP() << "needs python3";
  for (const NamedJob& job : kEncoderJobs) {
    ExpectSamePredictions(job.name, StrCat("objective { esmm {} } ", job.text), 3);
  }
}

// Where the environment's CHORUS_PYTHON, or else python3, has onnxruntime.
class OnnxRuntimeTest : public ExportTest {
 protected:
  void SetUp() override {
    const char* const chosen = std::getenv("CHORUS_PYTHON");
    if (chosen != nullptr) python_ = chosen;
    script_ = CHORUS_PREDICT_ONNX;
    format_ = "ONNX";
    tolerance_ = 1e-5;
    if (python_.empty() ||
        test::RunProcess({python_, "-c", "import numpy, onnxruntime"}, 60).code != 0) {
      GTEST_SKIP() << "needs python3 with onnxruntime: python3 -m venv V, V/bin/pip install "
                      "onnxruntime, CHORUS_PYTHON=V/bin/python";
    }
    ExportTest::SetUp();
  }
  void TearDown() override {
    if (!folder_.empty()) ExportTest::TearDown();
  }
};

TEST_F(OnnxRuntimeTest, PredictsByEveryMethodWhatChorusPredicts) {
  const google::protobuf::Descriptor* const methods = ObjectiveConfig::descriptor();
  for (int m = 0; m < methods->field_count(); ++m) {
    const std::string& name = methods->field(m)->name();
    ExpectSamePredictions(name, StrCat("model { tower { hidden: [6, 4] } batch_norm: ", m % 2 == 0,
                                       " } objective { ", name, " {} }"));
  }
  ExpectSamePredictions("division-cap", "model { tower {} } objective { division { cap: true } }");
  ExpectSamePredictions("aman-correct", "model { tower {} } objective { aman { correct: true } }");
  ExpectSamePredictions("ukd-mean",
                        "model { tower { hidden: 4 } } objective { ukd { average_heads: true } }");
}

TEST_F(OnnxRuntimeTest, ComputesEveryEncoderAsChorusDoes) {
  for (const NamedJob& job : kEncoderJobs) {
    ExpectSamePredictions(job.name, StrCat("objective { esmm {} } ", job.text), 3);
  }
  ExpectSamePredictions("bottom",
                        "objective { esmm {} } model { shared_bottom { hidden: [7, 5] } tower { "
                        "hidden: 6 } }");
}

TEST_F(ExportTest, AnOnnxModelIsWrittenBesideTheArraysAndChangesNothingInThem) {
  ExpectSuccess(Run(0, Command("train", Config("run"))));
  ExportManifest manifests[2];
  for (const bool onnx : {false, true}) {
    const std::string output = Path(onnx ? "onnx" : "arrays");
    std::vector<std::string> arguments = {"--checkpoint", Path("run/ckpt"), "--output", output};
    if (onnx) arguments.insert(arguments.end(), {"--format", "ONNX"});
    ExpectSuccess(Run(0, Command("export", arguments)));
    ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(
                    *ReadWholeFile(files_, JoinPath(output, "manifest.json")), &manifests[onnx])
                    .ok());
  }
  EXPECT_FALSE(manifests[0].has_onnx());
  EXPECT_FALSE(files_.Exists(Path("arrays/model.onnx")));
  const auto model = ReadWholeFile(files_, Path("onnx/" + manifests[1].onnx().file()));
  ASSERT_TRUE(model.ok()) << model.status().ToString();
  EXPECT_EQ(manifests[1].onnx().xxh3(), HexDigits(Checksum(*model)));
  manifests[1].clear_onnx();
  EXPECT_EQ(manifests[1].DebugString(), manifests[0].DebugString());
  const test::Finished unknown = Run(
      0, Command("export",
                 {"--checkpoint", Path("run/ckpt"), "--output", Path("x"), "--format", "TORCH"}));
  EXPECT_EQ(unknown.code, 2);
  EXPECT_NE(unknown.errors.find("ARRAYS"), std::string::npos) << unknown.errors;
}

// A text as other programs write it: quotes, blanks, missing values, decimals for ids, histories,
// and rows of which the model knows no id. `labels`: with their columns.
std::string OddText(bool labels) {
  std::string text = labels ? "buy,click,user,seen,item,age,price,note\n"
                            : "\xef\xbb\xbfnote,price,user,seen,item,age\r\n";
  for (int i = 0; i < 120; ++i) {
    const std::string user = i % 13 == 0 ? "\\N"
                                         : StrCat(i % 3 == 0 ? "\"u, \"\"" : "\"u", i / 5 % 9,
                                                  i < 90   ? ""
                                                  : labels ? "x"
                                                           : "y",
                                                  "\"\"\"");
    const std::string seen =
        i % 4 == 0 ? "" : StrCat(" a", i % 6, ":1.5|7.0:", i % 5, "|NA:2|", i, ":-1e-3");
    const std::string item = i % 7 == 0 ? "n/a" : StrCat(" ", i % 11, i % 2 == 0 ? ".0 " : "");
    const std::string age = i % 5 == 0 ? "-" : StrCat(20 + i / 5 % 9);
    const std::string price = i % 6 == 0 ? "" : StrCat("+", i * 7 % 40, ".5");
    const bool click = i % 3 == 0, sale = click && i % 2 == 0;
    text += labels ? StrCat(sale ? "true" : "false", ",", click ? "1.0" : "0", ",", user, ",", seen,
                            ",", item, ",", age, ",", price, ",x\n")
                   : StrCat("x,", price, ",", user, ",", seen, ",", item, ",", age, "\r\n");
    if (i == 50) text += "\n";
  }
  return text;
}

TEST_F(ExportTest, TheScriptReadsTheTextThatImportAndPredictTake) {
  if (std::string(CHORUS_PYTHON).empty()) GTEST_SKIP() << "needs python3";
  ASSERT_TRUE(ReplaceFile(files_, Path("odd.csv"), OddText(true)).ok());
  ASSERT_TRUE(ReplaceFile(files_, Path("tomorrow.csv"), OddText(false)).ok());
  ASSERT_TRUE(ReplaceFile(files_, Path("odd.textproto"), R"(
      click: "click" conversion: "buy" slot { column: "user" context: true key_space: "people" }
      slot { column: "seen" name: "history" separator: "|" value_separator: ":" key_space: "items"
             max_ids: 2 keep: LARGEST_VALUE value_transform: LN1P value_clip: 0.75 value_l2: true }
      slot { column: "item" key_space: "items" }
      numeric { column: "age" context: true missing: -1.5 }
      numeric { column: "price" name: "cost" transform: LOG_STANDARD missing: 0.25 }
      block_rows: 16)")
                  .ok());
  Import("odd.textproto", "odd.csv", "odd");
  ExpectSuccess(Run(
      0, Command("train", {"--set", "data.log=" + Path("odd"), "--set",
                           "checkpoint.directory=" + Path("model"), "--set", "data.epochs=3",
                           "--set", "step.grain_rows=8", "--set", "model.tower.hidden=6,4", "--set",
                           "table.dim=3", "--set", "table.initializer.normal.stddev=0.5"})));
  ExpectSuccess(Run(0, Command("predict", {"--checkpoint", Path("model"), "--input",
                                           Path("tomorrow.csv"), "--output", Path("scores.tsv")})));
  ExpectSuccess(
      Run(0, Command("export", {"--checkpoint", Path("model"), "--output", Path("served")})));
  const auto expected = Table(*ReadWholeFile(files_, Path("scores.tsv")), 3);
  ASSERT_EQ(expected.size(), 120u);
  for (const std::string packer : {"cat", "gzip -c"}) {
    const test::Finished served =
        test::RunProcess({"sh", "-c", packer + " \"$2\" | \"$0\" \"$1\" \"$3\"", CHORUS_PYTHON,
                          CHORUS_PREDICT_EXPORT, Path("tomorrow.csv"), Path("served")},
                         60);
    ASSERT_EQ(served.code, 0) << served.errors;
    const auto actual = Table(served.output, 3);
    ASSERT_EQ(actual.size(), expected.size());
    for (size_t i = 0; i < actual.size(); ++i) {
      for (size_t c = 0; c < 3; ++c) {
        EXPECT_NEAR(actual[i][c], expected[i][c], 1e-6) << "row " << i << ", column " << c;
      }
    }
  }
}

TEST_F(ExportTest, WhatTheScriptCannotReadIsNamed) {
  if (std::string(CHORUS_PYTHON).empty()) GTEST_SKIP() << "needs python3";
  ExpectSamePredictions("esmm", "model { tower { hidden: [4] } } objective { esmm {} }");
  const auto serve = [&](const std::string& input) {
    return test::RunProcess({"sh", "-c", "printf \"$3\" | \"$0\" \"$1\" \"$2\"", CHORUS_PYTHON,
                             CHORUS_PREDICT_EXPORT, Path("esmm-export"), input},
                            60);
  };
  const test::Finished narrow = serve("user\\tage\\n");
  EXPECT_NE(narrow.code, 0);
  EXPECT_NE(narrow.errors.find("the input has no column bought, item, price"), std::string::npos)
      << narrow.errors;
  const std::string weights = Path("esmm-export/default.weights.f32");
  ASSERT_TRUE(ReplaceFile(files_, weights, ReadWholeFile(files_, weights)->substr(4)).ok());
  const test::Finished cut = serve("user\\n");
  EXPECT_NE(cut.code, 0);
  EXPECT_NE(cut.errors.find("default.weights.f32: "), std::string::npos) << cut.errors;
}

}  // namespace
}  // namespace chorus::e2e
