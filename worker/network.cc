#include "worker/network.h"

#include <algorithm>
#include <numeric>

#include "common/check.h"
#include "common/strings.h"

namespace chorus::worker {
namespace {

using Widths = std::vector<int64_t>;

Status CheckTowerHeads(const ModelConfig& config, const std::vector<Head>& heads) {
  std::vector<std::string> known, seen;
  for (const Head& head : heads) known.push_back(head.name);
  for (const TowerConfig& tower : config.tower()) {
    const std::string name = tower.head();
    if (std::find(seen.begin(), seen.end(), name) != seen.end()) {
      return InvalidArgument(name.empty()
                                 ? "model.tower: two towers without a head"
                                 : StrCat("model.tower: two towers of head \"", name, "\""));
    }
    seen.push_back(name);
    if (!name.empty() && std::find(known.begin(), known.end(), name) == known.end()) {
      return InvalidArgument(StrCat("model.tower: the objective has no head \"", name,
                                    "\"; it has [", Join(known, ", "), "]"));
    }
  }
  return Status::Ok();
}

Result<Widths> HiddenOf(const ModelConfig& config, const std::string& head) {
  if (config.tower_size() == 0) return Widths{360, 200, 80};
  const TowerConfig* common = nullptr;
  for (const TowerConfig& tower : config.tower()) {
    if (tower.head() == head) return Widths(tower.hidden().begin(), tower.hidden().end());
    if (tower.head().empty()) common = &tower;
  }
  if (common != nullptr) return Widths(common->hidden().begin(), common->hidden().end());
  return InvalidArgument(StrCat("model.tower: head \"", head,
                                "\" has no tower; one without a head serves all others"));
}

// Adds the layers of one group to a network's parameters.
class GroupBuilder {
 public:
  GroupBuilder(const InputLayout& inputs, uint32_t stage, ParameterLayout* parameters)
      : context_in_(inputs.contexts.width()),
        exposure_in_(inputs.exposures.width()),
        stage_(stage),
        parameters_(parameters) {}

  // One wide layer whose part i belongs to layers[i] ("tower.cvr.0").
  SplitLayer AddSplit(const std::vector<std::string>& layers, const Widths& widths) {
    SplitLayer layer;
    layer.context_in = context_in_;
    layer.exposure_in = exposure_in_;
    for (int64_t width : widths) layer.out += width;
    const int64_t fan_in = context_in_ + exposure_in_;
    if (context_in_ > 0)
      layer.context_weight = Add(layers, ".context", context_in_, widths, fan_in);
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

  LogitLayer AddLogit(const std::string& tower, int64_t in) {
    LogitLayer layer;
    layer.in = in;
    layer.weight = Add({tower}, ".logit.weight", in, {1}, 0);
    layer.bias = Add({tower}, ".logit.bias", 1, {1}, 0);
    return layer;
  }

  SplitLogitLayer AddSplitLogit(const std::string& tower) {
    SplitLogitLayer layer;
    layer.context_in = context_in_;
    layer.exposure_in = exposure_in_;
    if (context_in_ > 0) layer.context_weight = Add({tower}, ".logit.context", context_in_, {1}, 0);
    if (exposure_in_ > 0) {
      layer.exposure_weight = Add({tower}, ".logit.exposure", exposure_in_, {1}, 0);
    }
    layer.bias = Add({tower}, ".logit.bias", 1, {1}, 0);
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

struct TowerShape {
  uint32_t head;
  std::string name;  // "tower.cvr"
  Widths hidden;
};

TowerPlan BuildTower(const TowerShape& shape, int64_t first_column, bool has_bottom,
                     int64_t bottom_width, GroupBuilder* builder) {
  TowerPlan tower;
  tower.head = shape.head;
  if (shape.hidden.empty()) {
    if (has_bottom) {
      tower.logit = builder->AddLogit(shape.name, bottom_width);
    } else {
      tower.split_logit = builder->AddSplitLogit(shape.name);
    }
    return tower;
  }
  tower.first_column = first_column;
  tower.first_width = shape.hidden[0];
  for (size_t l = 1; l < shape.hidden.size(); ++l) {
    tower.layers.push_back(
        builder->AddDense({StrCat(shape.name, ".", l)}, shape.hidden[l - 1], {shape.hidden[l]}));
  }
  tower.logit = builder->AddLogit(shape.name, shape.hidden.back());
  return tower;
}

GroupPlan BuildGroup(const std::string& bottom_name, const Widths& bottom,
                     const std::vector<TowerShape>& towers, GroupBuilder* builder) {
  GroupPlan group;
  group.has_bottom = !bottom.empty();
  for (size_t l = 0; l < bottom.size(); ++l) {
    const std::vector<std::string> name = {StrCat(bottom_name, ".", l)};
    if (l == 0) {
      group.split = builder->AddSplit(name, {bottom[0]});
    } else {
      group.bottom.push_back(builder->AddDense(name, bottom[l - 1], {bottom[l]}));
    }
  }
  std::vector<std::string> first_layers;
  Widths first_widths;
  for (const TowerShape& tower : towers) {
    if (tower.hidden.empty()) continue;
    first_layers.push_back(tower.name + ".0");
    first_widths.push_back(tower.hidden[0]);
    group.wide_width += tower.hidden[0];
  }
  if (group.wide_width > 0 && group.has_bottom) {
    group.wide = builder->AddDense(first_layers, bottom.back(), first_widths);
  } else if (group.wide_width > 0) {
    group.split = builder->AddSplit(first_layers, first_widths);
  }
  int64_t column = 0;
  for (const TowerShape& tower : towers) {
    group.towers.push_back(
        BuildTower(tower, column, group.has_bottom, group.has_bottom ? bottom.back() : 0, builder));
    if (!tower.hidden.empty()) column += tower.hidden[0];
  }
  return group;
}

// A stage's parameters lie together.
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
  const std::vector<Head>& heads = shape.heads;
  const std::vector<Group>& groups = shape.groups;
  RETURN_IF_ERROR(CheckTowerHeads(config, heads));
  const auto& hidden = config.shared_bottom().hidden();
  const Widths bottom(hidden.begin(), hidden.end());

  Network network;
  network.heads = static_cast<uint32_t>(heads.size());
  network.groups.resize(groups.size());
  for (const uint32_t group : InOrderOfStages(groups)) {
    std::vector<TowerShape> towers;
    for (uint32_t h = 0; h < heads.size(); ++h) {
      CHECK(heads[h].group < groups.size(), "head ", heads[h].name);
      if (heads[h].group != group) continue;
      ASSIGN_OR_RETURN(Widths widths, HiddenOf(config, heads[h].name));
      towers.push_back({h, "tower." + heads[h].name, std::move(widths)});
    }
    GroupBuilder builder(inputs, groups[group].stage, &network.parameters);
    network.groups[group] = BuildGroup("bottom." + groups[group].name, bottom, towers, &builder);
    network.groups[group].stage = groups[group].stage;
  }
  return network;
}

}  // namespace chorus::worker
