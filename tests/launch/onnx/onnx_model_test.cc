// Models written down by hand: what an ONNX export refuses, and how it names and cuts inputs.

#include "launch/onnx/onnx_model.h"

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <cmath>

#include "common/check.h"
#include "tests/launch/onnx/interpreter.h"

namespace chorus::launch {
namespace {

using testing::Evaluate;
using testing::Tensor;
using testing::Tensors;

// Slots item [2] and bought [3 x 2] and a price of exposures; both heads read three columns, the
// second of item and the first two of bought, by weights 1, 10, 100.
constexpr char kManifest[] = R"(
  method: "BASE" objective { base {} }
  slot { name: "item" pooling: SUM table: "t" first_column: 0 dim: 2 }
  slot { name: "bought" pooling: SEQUENCE table: "t" first_column: 2 dim: 2 max_length: 3 }
  numeric { name: "price" column: 8 }
  group {
    name: "ctr"
    node { name: "contexts" context: true }
    node { name: "exposures" width: 10 }
    node { name: "tower.ctr.logit" layer: "logit" width: 1 head: "ctr" part: "tower.ctr.logit"
           input { node: 1 first: 1 width: 3 label: "some" } }
  }
  group {
    name: "cvr"
    node { name: "contexts" context: true }
    node { name: "exposures" width: 10 }
    node { name: "tower.cvr.logit" layer: "logit" width: 1 head: "cvr" part: "tower.cvr.logit"
           input { node: 1 first: 1 width: 3 label: "some" } }
  })";

ExportManifest Manifest() {
  ExportManifest manifest;
  CHECK(google::protobuf::TextFormat::ParseFromString(kManifest, &manifest));
  return manifest;
}

worker::DenseState Weights() {
  worker::DenseState dense;
  for (const std::string head : {"ctr", "cvr"}) {
    dense.arrays.push_back({"weight/tower." + head + ".logit.some", 3, 1, {1, 10, 100}});
    dense.arrays.push_back({"weight/tower." + head + ".logit.bias", 1, 1, {-50}});
  }
  return dense;
}

void ExpectRefused(const ExportManifest& manifest, const worker::DenseState& dense, Code code,
                   const std::string& message) {
  const auto model = MakeOnnxModel(manifest, dense);
  ASSERT_FALSE(model.ok());
  EXPECT_EQ(model.status().code(), code);
  EXPECT_NE(model.status().message().find(message), std::string::npos) << model.status().message();
}

TEST(OnnxModelTest, ReadsColumnsThatAreAPartOfAnInput) {
  const auto made = MakeOnnxModel(Manifest(), Weights());
  ASSERT_TRUE(made.ok()) << made.status().ToString();
  onnx::ModelProto model;
  ASSERT_TRUE(model.ParseFromString(made->bytes));
  const Tensor item = {{1, 2}, {7, 2}}, bought = {{1, 3, 2}, {0.3, 0.25, 9, 9, 9, 9}};
  const Tensors scores = Evaluate(model, {{"slot/item", item},
                                          {"slot/bought", bought},
                                          {"slot/item@cvr", item},
                                          {"slot/bought@cvr", bought}});
  // 2 + 10 * 0.3 + 100 * 0.25 - 50
  EXPECT_NEAR(scores.at("pctr").values.at(0), 1 / (1 + std::exp(20.0)), 1e-14);
  EXPECT_NEAR(scores.at("pctcvr").values.at(0), std::exp(-40.0), 1e-22);
}

// Elements of two columns that attend to all alike, so that each gets the mean of those that are
// there; (1, 2) is added to the last one, (10, 20) to the one before.
TEST(OnnxModelTest, SelfAttentionSeesTheElementsThatAreThereAndNoOthers) {
  ExportManifest manifest;
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(R"(
    method: "BASE" objective { base {} }
    slot { name: "bought" pooling: SEQUENCE table: "t" first_column: 0 dim: 2 max_length: 3 }
    group {
      name: "all"
      node { name: "contexts" context: true }
      node { name: "exposures" width: 7 }
      node { name: "self" layer: "self_attention" width: 6 part: "self"
             option { key: "length" value: 3 } option { key: "heads" value: 1 }
             option { key: "positions" value: 1 }
             input { node: 1 first: 0 width: 6 } input { node: 1 first: 6 width: 1 } }
      node { name: "tower.ctr.logit" layer: "logit" width: 1 head: "ctr" part: "tower.ctr.logit"
             input { node: 2 first: 0 width: 6 label: "all" } }
      node { name: "tower.cvr.logit" layer: "logit" width: 1 head: "cvr" part: "tower.cvr.logit"
             input { node: 2 first: 4 width: 2 label: "all" } }
    })",
                                                            &manifest));
  worker::DenseState dense;
  dense.arrays.push_back({"weight/self.query", 2, 2, {0, 0, 0, 0}});
  for (const std::string name : {"key", "value", "out"}) {
    dense.arrays.push_back({"weight/self." + name, 2, 2, {1, 0, 0, 1}});
  }
  dense.arrays.push_back({"weight/self.position", 3, 2, {1, 2, 10, 20, 100, 200}});
  dense.arrays.push_back({"weight/tower.ctr.logit.all", 6, 1, {0.1, 0.2, 0.3, 0.4, 0.5, 0.6}});
  dense.arrays.push_back({"weight/tower.ctr.logit.bias", 1, 1, {0}});
  dense.arrays.push_back({"weight/tower.cvr.logit.all", 2, 1, {1, 1}});
  dense.arrays.push_back({"weight/tower.cvr.logit.bias", 1, 1, {0}});
  const auto made = MakeOnnxModel(manifest, dense);
  ASSERT_TRUE(made.ok()) << made.status().ToString();
  onnx::ModelProto model;
  ASSERT_TRUE(model.ParseFromString(made->bytes));
  constexpr double kElse = 7;  // behind the last element
  const Tensor bought = {{2, 3, 2},
                         {-9, -21, -2, -3, kElse, kElse, kElse, kElse, kElse, kElse, kElse, kElse}};
  const Tensors scores =
      Evaluate(model, {{"slot/bought", bought}, {"length/bought", {{2}, {2, 0}}}});
  // (-9, -21) + (10, 20) = (1, -1), (-2, -3) + (1, 2) = (-1, -1), mean (0, -1): (1, -2), (-1, -2)
  const double logit = 0.1 * 1 + 0.2 * -2 + 0.3 * -1 + 0.4 * -2;
  EXPECT_NEAR(scores.at("pctr").values.at(0), 1 / (1 + std::exp(-logit)), 1e-7);
  EXPECT_EQ(scores.at("pcvr").values.at(0), 0.5);  // of a third element, which is not there
  EXPECT_EQ(scores.at("pctr").values.at(1), 0.5);
}

TEST(OnnxModelTest, DescribesTheInputsThatLayersReadAndNoOthers) {
  const auto made = MakeOnnxModel(Manifest(), Weights());
  ASSERT_TRUE(made.ok()) << made.status().ToString();
  std::string found;
  for (const ExportOnnxInput& input : made->described.input()) {
    found += input.name() + " = " + ExportOnnxInput::Kind_Name(input.kind()) + " of " +
             input.table() + "\n";
  }
  EXPECT_EQ(found,
            "slot/item = POOLED of t\n"
            "slot/item@cvr = POOLED of t@cvr\n"
            "slot/bought = SEQUENCE of t\n"
            "slot/bought@cvr = SEQUENCE of t@cvr\n");
}

TEST(OnnxModelTest, RefusesALayerThatItDoesNotKnowByKindAndNode) {
  ExportManifest manifest = Manifest();
  manifest.mutable_group(1)->mutable_node(2)->set_layer("gelu_gate");
  ExpectRefused(manifest, Weights(), Code::kInvalidArgument,
                "group cvr, node tower.cvr.logit: a layer \"gelu_gate\" is not known as ONNX, only "
                "add, batch_norm, ");
}

TEST(OnnxModelTest, RefusesAMethodThatItDoesNotKnowByName) {
  ExportManifest manifest = Manifest();
  manifest.clear_objective();
  manifest.set_method("SMOOTHED");
  ExpectRefused(manifest, Weights(), Code::kInvalidArgument, "method SMOOTHED");
  manifest = Manifest();
  manifest.mutable_group(1)->mutable_node(2)->set_head("other");
  ExpectRefused(manifest, Weights(), Code::kInvalidArgument, "\"cvr\"");
}

TEST(OnnxModelTest, NamesWhatIsMissing) {
  worker::DenseState dense = Weights();
  dense.arrays.pop_back();
  ExpectRefused(Manifest(), dense, Code::kNotFound,
                "node tower.cvr.logit: no weights are called tower.cvr.logit.bias");
  ExportManifest manifest = Manifest();
  manifest.mutable_group(0)->mutable_node(2)->mutable_input(0)->set_first(9);
  ExpectRefused(manifest, Weights(), Code::kInvalidArgument, "columns 9 to 12 of the exposure row");
  manifest = Manifest();
  manifest.mutable_group(0)->mutable_node(2)->set_layer("slot_dots");
  ExpectRefused(manifest, Weights(), Code::kNotFound, "the node has no option dim");
}

TEST(OnnxModelTest, RefusesTwoInputsOfOneName) {
  ExportManifest manifest = Manifest();
  manifest.mutable_slot(1)->set_name("item@cvr");
  ExpectRefused(manifest, Weights(), Code::kInvalidArgument,
                "two inputs would be called \"slot/item@cvr\"");
}

}  // namespace
}  // namespace chorus::launch
