#include "launch/onnx/onnx_model.h"

#include <limits>
#include <map>
#include <utility>
#include <vector>

#include "common/strings.h"
#include "launch/onnx/layers.h"
#include "launch/onnx/model_inputs.h"
#include "launch/onnx/onnx.pb.h"
#include "launch/onnx/operators.h"
#include "launch/onnx/prediction.h"

namespace chorus::launch {
namespace {

// The versions are read by onnxruntime 1.12 (2022) and later, and by other runtimes in use.
constexpr int64_t kIrVersion = 8;
constexpr int64_t kOpset = 17;

// Adds the nodes that a head needs, each once.
class NodeTranslator {
 public:
  NodeTranslator(const ExportManifest& manifest, const DenseArrays& arrays, ModelInputs* inputs,
                 OnnxGraph* graph)
      : manifest_(manifest), arrays_(arrays), inputs_(*inputs), graph_(*graph) {}

  Result<OnnxValue> Logit(const std::string& head) {
    for (int group = 0; group < manifest_.group_size(); ++group) {
      for (int node = 0; node < manifest_.group(group).node_size(); ++node) {
        if (manifest_.group(group).node(node).head() == head) return OutputOf(group, node);
      }
    }
    return InvalidArgument(StrCat("method ", manifest_.method(), " predicts by a head \"", head,
                                  "\" that is not there"));
  }

 private:
  // REQUIRES: the node has a layer.
  Result<OnnxValue> OutputOf(int group, int node) {
    const auto known = outputs_.find({group, node});
    if (known != outputs_.end()) return known->second;
    const ExportNode& about = manifest_.group(group).node(node);
    Result<OnnxValue> output = Translate(group, about);
    if (!output.ok()) {
      return output.status().Annotate(
          StrCat("group ", manifest_.group(group).name(), ", node ", about.name()));
    }
    graph_.BeginScope(about.name());
    outputs_[{group, node}] = about.context() ? *output : graph_.OnExposures(*output);
    return outputs_[{group, node}];
  }

  Result<OnnxValue> Translate(int group, const ExportNode& node) {
    const TranslateLayer translate = FindLayer(node.layer());
    if (translate == nullptr) {
      return InvalidArgument(StrCat("a layer \"", node.layer(), "\" is not known as ONNX, only ",
                                    KnownLayers(), "; export without --format ONNX, or add it to ",
                                    "launch/onnx/layers.cc"));
    }
    std::vector<OnnxValue> inputs;
    for (const ExportInput& input : node.input()) {
      ASSIGN_OR_RETURN(OnnxValue columns, ColumnsOf(group, input));
      inputs.push_back(std::move(columns));
    }
    graph_.BeginScope(node.name());
    return translate(LayerScope(node, std::move(inputs), arrays_, &graph_));
  }

  Result<OnnxValue> ColumnsOf(int group, const ExportInput& input) {
    const auto index = static_cast<int>(input.node());
    const ExportNode& from = manifest_.group(group).node(index);
    graph_.BeginScope("input");
    if (from.layer().empty()) {
      return inputs_.Columns(group, from.context(), input.first(), input.width());
    }
    ASSIGN_OR_RETURN(const OnnxValue whole, OutputOf(group, index));
    if (input.width() == from.width()) return whole;
    graph_.BeginScope(from.name());
    return Columns(graph_, whole, input.first(), input.width());
  }

  const ExportManifest& manifest_;
  const DenseArrays& arrays_;
  ModelInputs& inputs_;
  OnnxGraph& graph_;
  std::map<std::pair<int, int>, OnnxValue> outputs_;  // of nodes, by group and index
};

onnx::ModelProto ModelOf(const ExportManifest& manifest, const OnnxGraph& graph) {
  onnx::ModelProto model;
  model.set_ir_version(kIrVersion);
  model.add_opset_import()->set_version(kOpset);
  model.set_producer_name("chorus");
  model.set_model_version(static_cast<int64_t>(manifest.step()));
  onnx::StringStringEntryProto* const method = model.add_metadata_props();
  method->set_key("method");
  method->set_value(manifest.method());
  *model.mutable_graph() = graph.proto();
  model.mutable_graph()->set_name("chorus");
  return model;
}

}  // namespace

Result<OnnxModel> MakeOnnxModel(const ExportManifest& manifest, const worker::DenseState& dense) {
  const DenseArrays arrays(dense);
  OnnxGraph graph;
  ModelInputs inputs(manifest, &graph);
  NodeTranslator nodes(manifest, arrays, &inputs, &graph);
  const auto logit = [&](const std::string& head) -> Result<OnnxValue> {
    Result<OnnxValue> found = nodes.Logit(head);
    graph.BeginScope("prediction");
    return found;
  };
  ASSIGN_OR_RETURN(const OnnxPrediction prediction,
                   AddPrediction(manifest.objective(), manifest.method(), logit, &graph));
  graph.AddOutput("pctr", prediction.ctr, "probability of a click");
  graph.AddOutput("pcvr", prediction.cvr, "probability of a conversion after a click");
  graph.AddOutput("pctcvr", prediction.ctcvr, "probability of a click and a conversion");
  OnnxModel out;
  RETURN_IF_ERROR(inputs.Declare(&out.described));
  out.described.set_ir_version(kIrVersion);
  out.described.set_opset(kOpset);
  const onnx::ModelProto model = ModelOf(manifest, graph);
  if (model.ByteSizeLong() > static_cast<size_t>(std::numeric_limits<int32_t>::max())) {
    return ResourceExhausted(
        "the model's layers have more than 2 GiB of weights, which one ONNX file cannot hold: "
        "export without --format ONNX");
  }
  if (!model.SerializeToString(&out.bytes)) return Internal("the ONNX model cannot be serialised");
  return out;
}

}  // namespace chorus::launch
