#include "launch/command/describe_network.h"

#include <cinttypes>
#include <cstdio>
#include <vector>

#include "common/strings.h"
#include "worker/log/manifest_schema.h"
#include "worker/model/model.h"
#include "worker/objective/objective.h"

namespace chorus::launch {
namespace {

struct NodeWeights {
  int64_t count = 0;
  bool frozen = false;
};
NodeWeights WeightsOf(const worker::Node& node, const worker::ParameterLayout& parameters) {
  NodeWeights out;
  for (const worker::ParameterBlock& block : parameters.blocks()) {
    for (const worker::ParameterRange& range : node.weights) {
      const bool within = block.offset >= range.begin && block.offset < range.end;
      if (!within || block.statistic) continue;
      out.count += block.rows * block.cols;
      out.frozen = !block.trainable;  // as are all blocks of a node
    }
  }
  return out;
}

std::string ReadsOf(const worker::Node& node, const std::vector<worker::Node>& nodes) {
  std::vector<std::string> reads;
  for (const worker::Port& port : node.inputs) {
    const worker::Node& from = nodes[port.node];
    const bool part = port.width < from.width;
    reads.push_back(part ? StrCat(from.name, "[", port.first, ":", port.first + port.width, "]")
                         : from.name);
  }
  return Join(reads, ", ");
}

void AppendNode(const worker::Node& node, const worker::Graph& graph,
                const worker::ParameterLayout& parameters, std::string* out) {
  const bool input = node.layer == nullptr;
  const NodeWeights weights = WeightsOf(node, parameters);
  char columns[96];
  std::snprintf(columns, sizeof(columns), "%-14s %-8s %6" PRId64 " wide %9" PRId64 " weights",
                input ? "input" : std::string(node.layer->kind()).c_str(),
                node.side == worker::Side::kContext ? "context" : "exposure", node.width,
                weights.count);
  out->append(StrCat("node        ", columns, "  ", node.name));
  if (!input) out->append(StrCat("  reads ", ReadsOf(node, graph.nodes())));
  if (weights.frozen) out->append("  frozen");
  out->append("\n");
}

}  // namespace

Result<std::string> DescribeNetwork(const CheckpointManifest& checkpoint) {
  const TrainConfig& config = checkpoint.config();
  const worker::LogSchema schema = worker::SchemaOfManifest(checkpoint);
  ASSIGN_OR_RETURN(const auto objective, worker::MakeObjective(config.objective(), config.seed()));
  ASSIGN_OR_RETURN(const worker::Model model,
                   worker::Model::Make(config, schema, objective->shape()));
  std::string out;
  for (const worker::GroupPlan& group : model.network.groups) {
    const worker::RowCost cost = group.graph.cost();
    out.append(StrCat("network     ", group.name, ": forward, ",
                      static_cast<uint64_t>(cost.exposure), " operations per exposure and ",
                      static_cast<uint64_t>(cost.context), " per context\n"));
    for (const worker::Node& node : group.graph.nodes()) {
      if (node.width > 0) AppendNode(node, group.graph, model.parameters(), &out);
    }
  }
  return out;
}

}  // namespace chorus::launch
