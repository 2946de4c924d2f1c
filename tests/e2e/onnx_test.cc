// An exported ONNX model, computed by the definitions of its operators, predicts what
// `chorus predict` does: for every method, every layer, and slots of every kind.

#include <gtest/gtest.h>

#include <set>

#include "common/strings.h"
#include "launch/onnx/layers.h"
#include "tests/e2e/job_testing.h"
#include "tests/e2e/onnx_testing.h"
#include "worker/log/log_reader.h"

namespace chorus::e2e {
namespace {

using launch::testing::Tensor;
using launch::testing::Tensors;

// Ids that training has not seen read zeros. The rates are high, so that predictions differ.
std::string Table(const std::string& name_and_dim) {
  return StrCat("table { ", name_and_dim, " unseen: ZERO optimizer { adagrad { lr: 0.2 } } ",
                "initializer { normal { stddev: 0.3 } } } ");
}

class OnnxTest : public ::testing::Test {
 protected:
  void SetUp() override {
    WriteJobLog(*files_, "train", RichSchema(), 400, 1);
    WriteJobLog(*files_, "test", RichSchema(), 130, 2);
  }

  // Trains; returns what a server has then.
  Served Trained(const std::string& job) {
    const TrainConfig config = Config(job);
    EXPECT_TRUE(files_->RemoveRecursively("ckpt").ok());
    const auto trained = TrainOn(*files_, config, Layout());
    EXPECT_TRUE(trained.status.ok()) << trained.status.ToString();
    checkpoint_ = trained.first().checkpoint;
    Served served = Serve(*files_, checkpoint_);
    for (const ExportGroup& group : served.manifest.group()) {
      for (const ExportNode& node : group.node()) {
        if (!node.layer().empty()) kinds_.insert(node.layer());
      }
    }
    return served;
  }

  void ExpectSamePredictions(const std::string& job, double behind = 0) {
    SCOPED_TRACE(job);
    const Served served = Trained(job);
    const auto text = PredictOn(*files_, Config(job), Layout(), checkpoint_);
    ASSERT_TRUE(text.ok()) << text.status().ToString();
    const std::vector<std::string> lines = Split(*text, '\n');
    const auto log = worker::LogReader::Open(*files_, {"test"});
    ASSERT_TRUE(log.ok());
    size_t line = 1;
    for (uint32_t b = 0; b < (*log)->blocks().size(); ++b) {
      worker::Batch batch;
      ASSERT_TRUE((*log)->ReadBlock(b, &batch).ok());
      const Tensors out = launch::testing::Evaluate(
          served.model, OnnxInputs(served, (*log)->schema(), batch, behind));
      ASSERT_EQ(out.size(), 3u);
      for (size_t row = 0; row < batch.rows(); ++row, ++line) {
        const std::vector<std::string> cells = Split(lines.at(line), '\t');
        ExpectNear(out.at("pctr"), row, batch.rows(), cells.at(3));
        ExpectNear(out.at("pcvr"), row, batch.rows(), cells.at(4));
        ExpectNear(out.at("pctcvr"), row, batch.rows(), cells.at(5));
      }
    }
    EXPECT_EQ(line, 131u);
  }

  static void ExpectNear(const Tensor& scores, size_t row, size_t rows,
                         const std::string& expected) {
    ASSERT_EQ(scores.dims, std::vector<int64_t>{static_cast<int64_t>(rows)});
    const double p = std::stod(expected);
    EXPECT_NEAR(scores.values[row], p, 1e-5 * p) << "row " << row;
  }

  static TrainConfig Config(const std::string& job) {
    std::string tables;
    for (const char* table : {"name: 'a' dim: 4", "name: 'b' dim: 3"}) tables += Table(table);
    if (job.find("table {") != std::string::npos) tables.clear();
    return JobConfig(StrCat("evaluate { log: 'test' group_metrics: false } ", job, " ", tables));
  }

  std::unique_ptr<FileSystem> files_ = NewMemoryFiles();
  std::string checkpoint_;
  std::set<std::string> kinds_;  // of the layers of all models that were trained
};

TEST_F(OnnxTest, EveryMethodPredictsAsChorusDoes) {
  const google::protobuf::Descriptor* const methods = ObjectiveConfig::descriptor();
  ASSERT_GE(methods->field_count(), 19);
  for (int m = 0; m < methods->field_count(); ++m) {
    ExpectSamePredictions(StrCat("objective { ", methods->field(m)->name(), " {} }"));
  }
}

TEST_F(OnnxTest, OptionsOfAMethodsPredictionLeaveWithIt) {
  ExpectSamePredictions("objective { aman { correct: true } }");
  ExpectSamePredictions("objective { aman { correct: true rho: 0 } }");
  ExpectSamePredictions("objective { oversampling { correct: false copies: 7 } }");
  ExpectSamePredictions("objective { division { cap: true } }");
  ExpectSamePredictions("objective { ukd { average_heads: true } }");
}

// What multiplies slots needs tables of one dimension.
std::string EqualTables() { return Table("name: 'a' dim: 4") + Table("name: 'b' dim: 4"); }

// Of contexts and of exposures; two that are side by side, of elements of 4 and 3 columns.
const char* Sequences() {
  return "slot { name: 'history' pooling: SEQUENCE max_length: 3 } "
         "slot { name: 'tags' pooling: SEQUENCE max_length: 4 } "
         "slot { name: 'kinds' column: 'history' table: 'b' pooling: SEQUENCE max_length: 3 } "
         "model { encoder { name: 'self' self_attention { sequence: ['history', 'kinds'] "
         "heads: 2 head_dim: 3 layers: 2 } } "
         "encoder { name: 'placeless' self_attention { sequence: 'tags' heads: 1 head_dim: 4 "
         "positions: false pooling: SUM } } "
         "encoder { name: 'tags_mean' sequence_pooling { sequence: 'tags' } } "
         "encoder { name: 'total' sequence_pooling { sequence: 'history' pooling: SUM } } "
         "encoder { name: 'newest' sequence_pooling { sequence: 'tags' pooling: LAST } } "
         "tower { hidden: 6 input: ['inputs', 'self', 'placeless', 'tags_mean', 'total', 'newest'] "
         "} }";
}

// Reads elements of a sequence by a candidate.
std::string TargetAttention() {
  return StrCat(EqualTables(),
                "slot { name: 'history' pooling: SEQUENCE max_length: 3 } model { encoder { name: "
                "'interest' target_attention { sequence: 'history' query: 'item' hidden: 5 } } "
                "tower { hidden: 6 input: ['inputs', 'interest'] } }");
}

// Slots of each tower beside those of all, on both sides, and a sequence behind them; a tower reads
// a slot that the other one trains.
std::string OwnSlots() {
  return StrCat("objective { esmm {} } ",
                "slot { name: 'history' pooling: SEQUENCE max_length: 3 } "
                "slot { name: 'bag' column: 'history' tower: ['ctr', 'cvr'] no_gradient: 'ctr' } "
                "slot { name: '*' embedding: SHARED_AND_OWN } "
                "model { encoder { name: 'newest' sequence_pooling { sequence: 'history' pooling: "
                "LAST } } tower { hidden: [5, 4] input: ['inputs', 'newest'] } "
                "transfer { from: 'cvr' to: 'ctr' layer: 2 } }");
}

TEST_F(OnnxTest, EveryEncoderPredictsAsChorusDoes) {
  const auto check = [&](const std::string& model) {
    for (const char* method : {"esmm {}", "base {}"}) {
      ExpectSamePredictions(StrCat("objective { ", method, " } ", model));
    }
  };
  check("model { tower {} }");
  check("model { shared_bottom { hidden: [7, 5] } tower { hidden: [6] } batch_norm: true }");
  check("model { tower { head: 'cvr' hidden: [9, 5] } tower { hidden: [7] } }");
  check(
      "model { encoder { name: 'deep' mlp { hidden: [6] dropout: 0.2 } } tower { hidden: [4] } }");
  check("model { encoder { name: 'mix' mmoe { experts: 3 hidden: [8] } } tower { hidden: [6] } }");
  check(
      "model { encoder { name: 'mix' ple { levels: 2 shared_experts: 1 experts: 2 hidden: [6] } } "
      "encoder { name: 'cross' cross { rank: 3 } } encoder { name: 'full' cross { layers: 1 } } "
      "tower { hidden: [6] input: ['mix', 'cross', 'full'] wide: 'inputs' } }");
  check(StrCat(EqualTables(),
               "model { encoder { name: 'fm' bi_interaction { } } encoder { name: 'dots' "
               "slot_dots { } } tower { hidden: 5 input: ['inputs', 'dots'] wide: ['inputs', "
               "'fm'] } }"));
  check(
      "model { encoder { name: 'a' mlp { hidden: [6, 6] activation: DICE layer_norm: true "
      "residual: true } } encoder { name: 'b' input: 'a' mlp { hidden: 5 activation: GELU } } "
      "encoder { name: 'c' input: 'b' mlp { hidden: 4 activation: PRELU } } encoder { name: 'd' "
      "input: 'contexts' mlp { hidden: 4 layer_norm: true } } tower { hidden: 5 input: ['c', 'd'] "
      "} }");
  check(StrCat(EqualTables(),
               "model { encoder { name: 'relu' slot_gate { } } encoder { name: 'sigmoid' slot_gate "
               "{ gate: SIGMOID reduction: 1 } } tower { hidden: 5 input: ['relu', 'sigmoid'] } "
               "}"));
  check(Sequences());
  check(TargetAttention());
  ExpectSamePredictions(OwnSlots());
  EXPECT_EQ(Join({kinds_.begin(), kinds_.end()}, ", "), launch::KnownLayers())
      << "another layer is known than those that are held against Chorus";
}

TEST_F(OnnxTest, ASequenceIsReadElementByElementAsFarAsItsLength) {
  for (const double behind : {0.0, 5.0}) {
    ExpectSamePredictions(TargetAttention(), behind);
    ExpectSamePredictions(Sequences(), behind);
  }
}

TEST_F(OnnxTest, SlotsArePooledByTheirOwnRules) {
  ExpectSamePredictions(
      "slot { name: 'tags' pooling: MEAN } slot { name: 'history' pooling: WEIGHTED_MEAN }");
}

TEST_F(OnnxTest, SlotsOfSomeTowersAndSeveralOfOneColumnAreInputsOfTheirOwn) {
  ExpectSamePredictions(OwnSlots(), 5);
  const Served served = Serve(*files_, checkpoint_);
  std::string found;
  for (const ExportOnnxInput& input : served.manifest.onnx().input()) {
    found += StrCat(input.name(), " ", input.table(), "\n");
  }
  EXPECT_EQ(found,
            "context_of \n"
            "slot/user a\nslot/user-ctr a-ctr\nslot/user-cvr a-cvr\nslot/bag a\n"
            "slot/history a\nnumeric/context \nlength/history \n"
            "slot/item b\nslot/tags a\nslot/cross a\n"
            "slot/tags-ctr a-ctr\nslot/cross-ctr a-ctr\n"
            "slot/tags-cvr a-cvr\nslot/cross-cvr a-cvr\n"
            "numeric/exposure \n");
}

TEST_F(OnnxTest, ALogWithoutContextsHasNoContextsInItsModel) {
  WriteJobLog(*files_, "train", FlatSchema(), 400, 1);
  WriteJobLog(*files_, "test", FlatSchema(), 130, 2);
  ExpectSamePredictions("objective { esmm {} }");
  const Served served = Serve(*files_, checkpoint_);
  for (const ExportOnnxInput& input : served.manifest.onnx().input()) {
    EXPECT_FALSE(input.context()) << input.name();
    EXPECT_NE(input.kind(), ExportOnnxInput::CONTEXT_OF);
  }
}

TEST_F(OnnxTest, NoExposuresGiveNoScores) {
  const Served served = Trained(StrCat("objective { esmm {} } ", Sequences()));
  const auto log = worker::LogReader::Open(*files_, {"test"});
  ASSERT_TRUE(log.ok());
  worker::Batch batch;
  ASSERT_TRUE((*log)->ReadBlock(0, &batch).ok());
  Tensors inputs = OnnxInputs(served, (*log)->schema(), batch, 0);
  for (auto& [name, tensor] : inputs) tensor.dims[0] = 0, tensor.values.clear();
  for (const auto& [name, scores] : launch::testing::Evaluate(served.model, inputs)) {
    EXPECT_EQ(scores.dims, std::vector<int64_t>{0}) << name;
  }
}

// What depends on the context alone has as many rows as there are contexts.
TEST_F(OnnxTest, AContextIsMultipliedOnceForAllItsExposures) {
  const Served served = Trained("objective { esmm {} }");
  std::set<std::string> gathered;
  for (const onnx::NodeProto& node : served.model.graph().node()) {
    if (node.op_type() != "Gather") continue;
    EXPECT_EQ(node.input(1), "context_of");
    gathered.insert(node.input(0));
  }
  std::set<std::string> products;
  for (const onnx::NodeProto& node : served.model.graph().node()) {
    if (node.op_type() == "MatMul") products.insert(node.output(0));
  }
  ASSERT_EQ(gathered.size(), 1u);
  EXPECT_TRUE(products.contains(*gathered.begin())) << "not a product is gathered, but its input";
}

TEST_F(OnnxTest, TheSameCheckpointGivesTheSameBytes) {
  const Served first =
      Trained("objective { ddpo {} } model { batch_norm: true tower { hidden: 4 } }");
  EXPECT_TRUE(Serve(*files_, checkpoint_).bytes == first.bytes);
  EXPECT_EQ(first.model.ir_version(), 8);
  EXPECT_EQ(first.model.opset_import(0).version(), 17);
}

TEST_F(OnnxTest, WhatNoHeadOfThePredictionNeedsStaysBehind) {
  const Served served = Trained("objective { ukd {} }");
  for (const onnx::TensorProto& constant : served.model.graph().initializer()) {
    EXPECT_EQ(constant.name().find("domain"), std::string::npos) << constant.name();
    EXPECT_EQ(constant.name().find("teacher"), std::string::npos) << constant.name();
  }
}

}  // namespace
}  // namespace chorus::e2e
