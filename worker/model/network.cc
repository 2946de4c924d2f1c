#include "worker/model/network.h"

#include <algorithm>
#include <memory>
#include <numeric>
#include <set>
#include <utility>

#include "common/check.h"
#include "common/strings.h"
#include "worker/model/encoders.h"
#include "worker/model/group_maker.h"
#include "worker/model/tower_shape.h"
#include "worker/model/transfers.h"

namespace chorus::worker {
namespace {

// Cuts the range of a group's weights where those of the graph's lower part end.
void CutRange(const ParameterRange& all, GroupPlan* group) {
  int64_t cut = all.begin;
  for (size_t n = 0; n < group->graph.lower(); ++n) {
    for (const ParameterRange& range : group->graph.nodes()[n].weights) {
      cut = std::max(cut, range.end);
    }
  }
  group->lower = {all.begin, cut};
  group->upper = {cut, all.end};
}

// The groups in the order in which their parameters are laid out: a stage trains one range of the
// flat array (ParameterLayout::OfStage).
std::vector<uint32_t> InOrderOfStages(const std::vector<Group>& groups) {
  std::vector<uint32_t> order(groups.size());
  std::iota(order.begin(), order.end(), 0u);
  std::stable_sort(order.begin(), order.end(),
                   [&](uint32_t a, uint32_t b) { return groups[a].stage < groups[b].stage; });
  return order;
}

// Checkpoints and exports know weights by name alone.
void CheckNames(const ParameterLayout& parameters) {
  std::set<std::string> names;
  for (const ParameterBlock& block : parameters.blocks()) {
    CHECK(names.insert(block.name).second, "two blocks are called ", block.name);
  }
}

// A block is one node's, whose backward pass overwrites its gradient; the ranges of nodes decide
// when gradients are summed (CutRange).
void CheckOwners(const ParameterLayout& parameters, const std::vector<GroupPlan>& groups) {
  for (const ParameterBlock& block : parameters.blocks()) {
    if (block.statistic) continue;
    int owners = 0;
    for (const GroupPlan& group : groups) {
      for (const Node& node : group.graph.nodes()) {
        for (const ParameterRange& range : node.weights) {
          owners += range.begin <= block.offset && block.offset < range.end ? 1 : 0;
        }
      }
    }
    CHECK(owners == 1, block.name, " stands in Node::weights of ", owners, " nodes");
  }
}

Status CheckEncoders(const ModelConfig& config, const InputLayout& inputs,
                     const std::vector<std::vector<TowerShape>>& towers) {
  std::vector<TowerShape> all;
  for (const auto& of_group : towers) all.insert(all.end(), of_group.begin(), of_group.end());
  const NeededEncoders needed(config, all);
  RETURN_IF_ERROR(needed.CheckAll());
  return needed.CheckOwn(inputs, all);
}

// Whether some node reads one of the columns of an input.
bool IsRead(const std::vector<GroupPlan>& groups, size_t input, int64_t first, int64_t width) {
  for (const GroupPlan& group : groups) {
    for (const Node& node : group.graph.nodes()) {
      for (const Port& port : node.inputs) {
        if (port.node == input && port.first < first + width && first < port.first + port.width) {
          return true;
        }
      }
    }
  }
  return false;
}

Status CheckInputsAreRead(const InputLayout& inputs, const std::vector<GroupPlan>& groups) {
  const auto unread = [](const std::string& column, const char* remedy) {
    return InvalidArgument(StrCat("slot \"", column, "\": ", remedy, ", or write ignore: true"));
  };
  size_t input = GroupPlan::kContexts;
  for (const SideInputs* side : {&inputs.contexts, &inputs.exposures}) {
    for (const SlotInput& slot : side->slots) {
      if (IsRead(groups, input, slot.first, slot.width())) continue;
      return unread(slot.name, slot.is_sequence()
                                   ? "a SEQUENCE that no encoder reads; name it in the `sequence` "
                                     "of one, pool it"
                                   : "no tower and no encoder reads it; name it in an `input`");
    }
    for (size_t n = 0; n < side->numeric_names.size(); ++n) {
      if (IsRead(groups, input, side->slot_width + static_cast<int64_t>(n), 1)) continue;
      return unread(side->numeric_names[n],
                    "no tower and no encoder reads it; name it in an `input`");
    }
    ++input;
  }
  return Status::Ok();
}

}  // namespace

Result<Network> Network::Make(const ModelConfig& config, const InputLayout& inputs,
                              const MethodShape& shape) {
  RETURN_IF_ERROR(CheckTowerNames(config, shape.heads));
  RETURN_IF_ERROR(CheckTransferNames(config, shape));
  std::vector<std::vector<TowerShape>> towers(shape.groups.size());
  for (uint32_t group = 0; group < towers.size(); ++group) {
    ASSIGN_OR_RETURN(towers[group], TowersOf(config, shape, group));
  }
  RETURN_IF_ERROR(CheckEncoders(config, inputs, towers));
  Network network;
  network.heads = static_cast<uint32_t>(shape.heads.size());
  network.head_bias.resize(shape.heads.size());
  network.groups.resize(shape.groups.size());
  std::vector<std::unique_ptr<GroupBuilder>> builders(shape.groups.size());
  for (const uint32_t index : InOrderOfStages(shape.groups)) {
    GroupPlan& group = network.groups[index];
    group.name = shape.groups[index].name;
    group.stage = shape.groups[index].stage;
    builders[index] = std::make_unique<GroupBuilder>(inputs, group.stage, config.batch_norm(),
                                                     &network.parameters);
    const int64_t begin = network.parameters.size();
    RETURN_IF_ERROR(MakeGroup(config, inputs, shape, index, towers[index], builders[index].get(),
                              &network.head_bias));
    group.graph = std::move(builders[index]->graph());
    CutRange({begin, network.parameters.size()}, &group);
  }
  RETURN_IF_ERROR(CheckInputsAreRead(inputs, network.groups));
  for (const auto& builder : builders) builder->TakeStatistics();
  CheckNames(network.parameters);
  CheckOwners(network.parameters, network.groups);
  return network;
}

void Network::StartHeadsAt(std::span<const double> logits, std::span<float> values) const {
  for (size_t head = 0; head < head_bias.size(); ++head) {
    values[static_cast<size_t>(head_bias[head])] = static_cast<float>(logits[head]);
  }
}

}  // namespace chorus::worker
