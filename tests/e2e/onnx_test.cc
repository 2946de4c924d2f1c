// An exported ONNX model, computed by the definitions of its operators, predicts what
// `chorus predict` does: for every method, every layer, and slots of every kind.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "common/strings.h"
#include "launch/command/checkpoint_rows.h"
#include "launch/command/export_manifest.h"
#include "launch/onnx/layers.h"
#include "launch/onnx/onnx_model.h"
#include "tests/e2e/job_testing.h"
#include "tests/launch/onnx/interpreter.h"
#include "worker/log/log_reader.h"
#include "worker/train/checkpoint_store.h"

namespace chorus::e2e {
namespace {

using launch::testing::Tensor;
using launch::testing::Tensors;

// Ids that training has not seen read zeros. High rates: predictions are to differ.
std::string Table(const std::string& name_and_dim) {
  return StrCat("table { ", name_and_dim, " unseen: ZERO optimizer { adagrad { lr: 0.2 } } ",
                "initializer { normal { stddev: 0.3 } } } ");
}

using ServedRows = std::map<Key, std::vector<float>>;

// What a server of predictions has: the graph, and rows of tables by key.
struct Served {
  ExportManifest manifest;
  onnx::ModelProto model;
  std::string bytes;
  std::map<std::string, ServedRows> tables;
};

Served Serve(FileSystem& files, const std::string& folder) {
  Served out;
  const auto checkpoint = worker::ReadManifest(files, folder);
  CHECK(checkpoint.ok(), checkpoint.status().message());
  const auto dense = worker::ReadDenseState(files, folder, *checkpoint);
  auto manifest = launch::DescribeModel(*checkpoint);
  CHECK(dense.ok() && manifest.ok(), manifest.status().message());
  const auto onnx = launch::MakeOnnxModel(*manifest, *dense);
  CHECK(onnx.ok(), onnx.status().message());
  out.manifest = *manifest;
  *out.manifest.mutable_onnx() = onnx->described;
  out.bytes = onnx->bytes;
  CHECK(out.model.ParseFromString(onnx->bytes));
  const auto rows = launch::CheckpointRows::Open(files, folder, *checkpoint);
  CHECK(rows.ok(), rows.status().message());
  for (uint32_t t = 0; t < (*rows)->tables().size(); ++t) {
    const ps::ShardFileTable& table = (*rows)->tables()[t];
    const Status visited = (*rows)->Visit(t, [&](const ps::ShardRow& row) {
      out.tables[table.name][row.key].assign(row.weights, row.weights + table.dim);
      return Status::Ok();
    });
    CHECK(visited.ok(), visited.message());
  }
  return out;
}

// Of a block of a log.
class InputMaker {
 public:
  // behind: what stands behind a sequence's elements, which nobody may read.
  InputMaker(const Served& served, const worker::LogSchema& schema, const worker::Batch& batch,
             double behind)
      : served_(served), schema_(schema), batch_(batch), behind_(behind) {}

  Tensors All() const {
    Tensors out;
    for (const ExportOnnxInput& input : served_.manifest.onnx().input()) {
      out[input.name()] = Make(input);
    }
    return out;
  }

 private:
  const worker::FeatureColumns& SideOf(const ExportOnnxInput& input) const {
    return input.context() ? batch_.contexts : batch_.exposures;
  }

  const worker::SlotColumn& ColumnOf(const ExportOnnxInput& input) const {
    size_t column = 0;
    for (const worker::SlotInfo& slot : schema_.slots) {
      if (slot.context != input.context()) continue;
      if (slot.name == SlotOf(input).column()) return SideOf(input).slots[column];
      ++column;
    }
    CHECK(false, "no column ", SlotOf(input).column());
    return SideOf(input).slots[0];
  }

  const ExportSlot& SlotOf(const ExportOnnxInput& input) const {
    const auto& slots = served_.manifest.slot();
    return *std::find_if(slots.begin(), slots.end(),
                         [&](const ExportSlot& slot) { return slot.name() == input.slot(); });
  }

  Tensor Make(const ExportOnnxInput& input) const {
    const int64_t rows = SideOf(input).rows;
    switch (input.kind()) {
      case ExportOnnxInput::CONTEXT_OF:
        return {{rows}, {batch_.context_of.begin(), batch_.context_of.end()}};
      case ExportOnnxInput::NUMERICS:
        return Numerics(input);
      case ExportOnnxInput::LENGTH: {
        Tensor out = {{rows}, {}};
        const worker::SlotColumn& column = ColumnOf(input);
        for (size_t row = 0; row + 1 < column.offsets.size(); ++row) {
          out.values.push_back(
              std::min(column.offsets[row + 1] - column.offsets[row], SlotOf(input).max_length()));
        }
        return out;
      }
      case ExportOnnxInput::POOLED:
      case ExportOnnxInput::SEQUENCE:
        return Slot(input);
      default:
        CHECK(false, input.name());
        return {};
    }
  }

  Tensor Numerics(const ExportOnnxInput& input) const {
    const worker::FeatureColumns& side = SideOf(input);
    Tensor out = {{side.rows, input.numeric_size()}, {}};
    for (uint32_t row = 0; row < side.rows; ++row) {
      for (const std::string& name : input.numeric()) {
        size_t column = 0;
        for (const worker::NumericInfo& numeric : schema_.numerics) {
          if (numeric.context != input.context()) continue;
          if (numeric.name == name) out.values.push_back(side.numerics[column][row]);
          ++column;
        }
      }
    }
    return out;
  }

  Tensor Slot(const ExportOnnxInput& input) const {
    const ExportSlot& slot = SlotOf(input);
    const worker::SlotColumn& column = ColumnOf(input);
    const ServedRows& table = served_.tables.at(input.table());
    const bool is_sequence = slot.pooling() == SlotConfig::SEQUENCE;
    const size_t dim = slot.dim(), places = is_sequence ? slot.max_length() : 1;
    Tensor out = {{SideOf(input).rows}, {}};
    if (is_sequence) out.dims.push_back(slot.max_length());
    out.dims.push_back(slot.dim());
    for (size_t row = 0; row + 1 < column.offsets.size(); ++row) {
      const uint32_t end = column.offsets[row + 1];
      uint32_t begin = column.offsets[row];
      if (is_sequence) begin = std::max(begin, end - std::min(end, slot.max_length()));
      std::vector<double> cells(places * dim);
      double weight = 0;
      for (uint32_t k = begin; k < end; ++k) {
        const double factor = column.values.empty() ? 1 : column.values[k];
        weight += std::abs(factor);
        const auto found = table.find(column.keys[k]);
        if (found == table.end()) continue;
        double* const cell = cells.data() + (is_sequence ? (k - begin) * dim : 0);
        for (size_t d = 0; d < dim; ++d) cell[d] += factor * found->second[d];
      }
      double divisor = 1;
      if (slot.pooling() == SlotConfig::MEAN) divisor = end - begin;
      if (slot.pooling() == SlotConfig::WEIGHTED_MEAN) divisor = weight;
      for (const double value : cells) out.values.push_back(divisor > 0 ? value / divisor : 0);
      if (!is_sequence) continue;
      std::fill_n(out.values.rbegin(), (slot.max_length() - (end - begin)) * dim, behind_);
    }
    return out;
  }

  const Served& served_;
  const worker::LogSchema& schema_;
  const worker::Batch& batch_;
  const double behind_;
};

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
          served.model, InputMaker(served, (*log)->schema(), batch, behind).All());
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

// Of contexts and of exposures; two that stand side by side, of elements of 4 and 3 columns.
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
  Tensors inputs = InputMaker(served, (*log)->schema(), batch, 0).All();
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
