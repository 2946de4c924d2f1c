#include "worker/model/network.h"

#include <algorithm>
#include <numeric>

#include "common/check.h"
#include "common/strings.h"
#include "worker/model/tower_shape.h"

namespace chorus::worker {
namespace {

// Adds the layers of one group to a network's parameters. The order of the calls decides the places
// of the parameters, and so the order of the arrays in a checkpoint. Arrays are read by name: the
// names are what must not change.
class GroupBuilder {
 public:
  GroupBuilder(const InputLayout& inputs, uint32_t stage, ParameterLayout* parameters)
      : context_in_(inputs.contexts.width()),
        exposure_in_(inputs.exposures.width()),
        stage_(stage),
        parameters_(parameters) {}

  // One wide layer on the inputs, whose part i, of widths[i] columns, is the layer called layers[i]
  // ("tower.cvr.0"). The fan-in is that of the joined layer, so that initial values do not depend
  // on how inputs are split into contexts and exposures.
  SplitLayer AddSplit(const std::vector<std::string>& layers, const Widths& widths) {
    SplitLayer layer;
    layer.context_in = context_in_;
    layer.exposure_in = exposure_in_;
    for (int64_t width : widths) layer.out += width;
    const int64_t fan_in = context_in_ + exposure_in_;
    if (context_in_ > 0) {
      layer.context_weight = Add(layers, ".context", context_in_, widths, fan_in);
    }
    if (exposure_in_ > 0) {
      layer.exposure_weight = Add(layers, ".exposure", exposure_in_, widths, fan_in);
    }
    layer.bias = Add(layers, ".bias", 1, widths, 0);
    return layer;
  }

  DenseLayer AddDense(const std::vector<std::string>& layers, int64_t in, const Widths& widths) {
    DenseLayer layer;
    layer.in = in;
    for (int64_t width : widths) layer.out += width;
    layer.weight = Add(layers, ".weight", in, widths, in);
    layer.bias = Add(layers, ".bias", 1, widths, 0);
    return layer;
  }

  // Logits start as zeros (fan_in 0): training starts with every probability at 1/2.
  LogitLayer AddLogit(const Head& head, int64_t in) {
    const std::string name = "tower." + head.name;
    LogitLayer layer;
    layer.in = in;
    layer.weight = Add({name}, ".logit.weight", in, {1}, 0);
    layer.bias = Add({name}, ".logit.bias", 1, {1}, 0);
    layer.pass_back = static_cast<float>(head.pass_back);
    return layer;
  }

  SplitLogitLayer AddSplitLogit(const Head& head) {
    const std::string name = "tower." + head.name;
    SplitLogitLayer layer;
    layer.context_in = context_in_;
    layer.exposure_in = exposure_in_;
    if (context_in_ > 0) layer.context_weight = Add({name}, ".logit.context", context_in_, {1}, 0);
    if (exposure_in_ > 0) {
      layer.exposure_weight = Add({name}, ".logit.exposure", exposure_in_, {1}, 0);
    }
    layer.bias = Add({name}, ".logit.bias", 1, {1}, 0);
    layer.pass_back = static_cast<float>(head.pass_back);
    return layer;
  }

  // from: names and widths of the giving layers. Query, key and value are parts of one matrix,
  // since they read the same token.
  AttentionLayer AddAttention(const std::string& name, int64_t width,
                              const std::vector<std::pair<std::string, int64_t>>& from) {
    AttentionLayer layer;
    layer.width = width;
    for (const auto& [giver, in] : from) {
      layer.from.push_back(AddDense({StrCat(name, ".from.", giver)}, in, {width}));
    }
    layer.projection = parameters_->AddMatrix({name + ".query", name + ".key", name + ".value"},
                                              width, Widths(3, width), width, stage_);
    layer.out = AddDense({name + ".out"}, static_cast<int64_t>(from.size()) * width, {width});
    return layer;
  }

 private:
  int64_t Add(std::vector<std::string> names, const char* suffix, int64_t rows,
              const Widths& widths, int64_t fan_in) {
    for (std::string& name : names) name += suffix;
    return parameters_->AddMatrix(names, rows, widths, fan_in, stage_);
  }

  const int64_t context_in_;
  const int64_t exposure_in_;
  const uint32_t stage_;
  ParameterLayout* const parameters_;
};

// The tower's layers after the first one, which is part of the wide layer, and its logits.
// below: width of the shared bottom, or 0 without one.
TowerPlan BuildTower(const TowerShape& shape, const std::vector<Head>& heads, int64_t first_column,
                     int64_t below, GroupBuilder* builder) {
  TowerPlan tower;
  tower.name = "tower." + shape.name;
  tower.norms.resize(shape.hidden.empty() ? 0 : shape.hidden.size() - 1);
  for (size_t l = 0; l < shape.hidden.size(); ++l) {
    tower.dropout.emplace_back(shape.layer(l), shape.dropout);
    if (l == 0) continue;
    tower.layers.push_back(
        builder->AddDense({shape.layer(l)}, shape.hidden[l - 1], {shape.hidden[l]}));
  }
  if (!shape.hidden.empty()) {
    tower.first_column = first_column;
    tower.first_width = shape.hidden[0];
  }
  const int64_t last = shape.hidden.empty() ? below : shape.hidden.back();
  for (const uint32_t h : shape.heads) {
    HeadPlan& head = tower.heads.emplace_back();
    head.head = h;
    head.dropout = DropoutLayer(StrCat("tower.", heads[h].name, ".logit"), heads[h].dropout);
    if (last > 0) {
      head.logit = builder->AddLogit(heads[h], last);
    } else {
      head.split_logit = builder->AddSplitLogit(heads[h]);
    }
  }
  return tower;
}

Result<TransferPlan> BuildTransfer(const Transfer& transfer, const std::vector<Head>& heads,
                                   const std::vector<TowerShape>& towers, GroupBuilder* builder) {
  TransferPlan plan;
  plan.layer = transfer.layer - 1;
  ASSIGN_OR_RETURN(plan.to, TransferTower(towers, heads[transfer.to], transfer.layer));
  std::vector<std::pair<std::string, int64_t>> givers;
  for (const uint32_t head : transfer.from) {
    ASSIGN_OR_RETURN(const size_t from, TransferTower(towers, heads[head], transfer.layer));
    CHECK(from != plan.to, "tower ", towers[from].name, " gives to itself");
    plan.from.push_back(from);
    givers.emplace_back(towers[from].name, towers[from].hidden[plan.layer]);
  }
  const TowerShape& to = towers[plan.to];
  plan.name = "transfer." + to.name;
  plan.attention = builder->AddAttention(plan.name, to.hidden[plan.layer], givers);
  return plan;
}

// The layers that all towers of the group share.
void BuildBottom(const SharedBottomConfig& config, GroupBuilder* builder, GroupPlan* group) {
  group->has_bottom = config.hidden_size() > 0;
  for (int l = 0; l < config.hidden_size(); ++l) {
    const std::string layer = group->bottom_layer(static_cast<size_t>(l));
    group->bottom_dropout.emplace_back(layer, config.dropout());
    group->bottom_norms.emplace_back();
    if (l == 0) {
      group->split = builder->AddSplit({layer}, {config.hidden(0)});
    } else {
      group->bottom.push_back(builder->AddDense({layer}, config.hidden(l - 1), {config.hidden(l)}));
    }
  }
}

// The first layers of all towers side by side, as one product: towers read the same input, and a
// wide product runs faster than several narrow ones.
void BuildWide(const std::vector<TowerShape>& towers, int64_t below, GroupBuilder* builder,
               GroupPlan* group) {
  std::vector<std::string> layers;
  Widths widths;
  for (const TowerShape& tower : towers) {
    if (tower.hidden.empty()) continue;
    layers.push_back(tower.layer(0));
    widths.push_back(tower.hidden[0]);
    group->wide_width += tower.hidden[0];
  }
  if (widths.empty()) return;
  if (group->has_bottom) {
    group->wide = builder->AddDense(layers, below, widths);
  } else {
    group->split = builder->AddSplit(layers, widths);
  }
}

Result<GroupPlan> BuildGroup(const ModelConfig& config, const MethodShape& shape, uint32_t index,
                             const InputLayout& inputs, ParameterLayout* parameters) {
  ASSIGN_OR_RETURN(const std::vector<TowerShape> towers, TowersOf(config, shape, index));
  const SharedBottomConfig& bottom = config.shared_bottom();
  const int64_t below = bottom.hidden_size() > 0 ? bottom.hidden(bottom.hidden_size() - 1) : 0;
  GroupPlan group;
  group.name = shape.groups[index].name;
  group.stage = shape.groups[index].stage;
  GroupBuilder builder(inputs, group.stage, parameters);
  const int64_t begin = parameters->size();
  BuildBottom(bottom, &builder, &group);
  BuildWide(towers, below, &builder, &group);
  group.trunk_parameters = {begin, parameters->size()};
  int64_t column = 0;
  for (const TowerShape& tower : towers) {
    group.towers.push_back(BuildTower(tower, shape.heads, column, below, &builder));
    column += group.towers.back().first_width;
  }
  for (const Transfer& transfer : shape.transfers) {
    if (shape.heads[transfer.to].group != index) continue;
    CHECK(!group.transfer.has_value(), "two transfers");
    ASSIGN_OR_RETURN(group.transfer, BuildTransfer(transfer, shape.heads, towers, &builder));
  }
  group.tower_parameters = {group.trunk_parameters.end, parameters->size()};
  return group;
}

// Puts `norm` behind the product of `layer`, whose bias and ReLU it takes over.
// names, widths: of the layers that are side by side in `layer`.
template <typename Layer>
void Normalize(const std::vector<std::string>& names, const Widths& widths, uint32_t stage,
               Layer* layer, BatchNormLayer* norm, ParameterLayout* parameters) {
  const ParameterLayout::Statistics offsets = parameters->AddStatistics(names, widths, stage);
  layer->linear = true;
  norm->width = layer->out;
  norm->bias = layer->bias;
  norm->mean = offsets.mean;
  norm->variance = offsets.variance;
  norm->count = offsets.count;
}

// Adds batch normalisation to all hidden layers of a group. It runs after all groups are built,
// because statistics lie behind all weights (ParameterLayout::AddStatistics).
void NormalizeGroup(GroupPlan* group, ParameterLayout* parameters) {
  for (size_t l = 0; l < group->bottom_norms.size(); ++l) {
    const std::vector<std::string> name = {group->bottom_layer(l)};
    BatchNormLayer* const norm = &group->bottom_norms[l];
    if (l == 0) {
      Normalize(name, {group->split.out}, group->stage, &group->split, norm, parameters);
    } else {
      DenseLayer* const layer = &group->bottom[l - 1];
      Normalize(name, {layer->out}, group->stage, layer, norm, parameters);
    }
  }
  std::vector<std::string> names;
  Widths widths;
  for (TowerPlan& tower : group->towers) {
    if (tower.hidden_layers() == 0) continue;
    names.push_back(tower.layer(0));
    widths.push_back(tower.first_width);
    for (size_t l = 0; l < tower.layers.size(); ++l) {
      DenseLayer* const layer = &tower.layers[l];
      Normalize({tower.layer(l + 1)}, {layer->out}, group->stage, layer, &tower.norms[l],
                parameters);
    }
  }
  if (names.empty()) return;
  if (group->has_bottom) {
    Normalize(names, widths, group->stage, &group->wide, &group->wide_norm, parameters);
  } else {
    Normalize(names, widths, group->stage, &group->split, &group->wide_norm, parameters);
  }
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

}  // namespace

Result<Network> Network::Make(const ModelConfig& config, const InputLayout& inputs,
                              const MethodShape& shape) {
  RETURN_IF_ERROR(CheckTowerNames(config, shape.heads));
  Network network;
  network.heads = static_cast<uint32_t>(shape.heads.size());
  network.groups.resize(shape.groups.size());
  for (const uint32_t group : InOrderOfStages(shape.groups)) {
    ASSIGN_OR_RETURN(network.groups[group],
                     BuildGroup(config, shape, group, inputs, &network.parameters));
  }
  if (config.batch_norm()) {
    for (GroupPlan& group : network.groups) NormalizeGroup(&group, &network.parameters);
  }
  return network;
}

void Network::StartHeadsAt(std::span<const double> logits, std::span<float> values) const {
  for (const GroupPlan& group : groups) {
    for (const TowerPlan& tower : group.towers) {
      for (const HeadPlan& head : tower.heads) {
        const int64_t bias = head.logit.in > 0 ? head.logit.bias : head.split_logit.bias;
        values[static_cast<size_t>(bias)] = static_cast<float>(logits[head.head]);
      }
    }
  }
}

}  // namespace chorus::worker
