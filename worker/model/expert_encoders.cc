#include "worker/model/expert_encoders.h"

#include <memory>
#include <utility>

#include "worker/layers/mixture.h"

namespace chorus::worker {
namespace {

Widths HiddenOf(const google::protobuf::RepeatedField<uint32_t>& hidden) {
  return hidden.empty() ? Widths{64} : Widths(hidden.begin(), hidden.end());
}

// Experts that read the same: their first layers are one wide product.  names: "PREFIX.expert.0".
// Returns the output of each.
std::vector<Port> AddExperts(const std::vector<std::string>& names, const Widths& hidden,
                             const std::vector<Port>& below, GroupBuilder* builder) {
  std::vector<std::string> layers;
  for (const std::string& name : names) layers.push_back(name + ".0");
  const std::vector<Port> inputs = Labelled(below);
  const Port wide = builder->AddHidden(
      builder->TakeHidden(layers, inputs, Widths(names.size(), hidden[0])), inputs);
  std::vector<Port> out;
  for (size_t e = 0; e < names.size(); ++e) {
    Port top = wide.Columns(static_cast<int64_t>(e) * hidden[0], hidden[0]);
    for (size_t l = 1; l < hidden.size(); ++l) {
      top.label = kWeight;
      top = builder->AddHidden(builder->TakeHidden({StrCat(names[e], ".", l)}, {top}, {hidden[l]}),
                               {top});
    }
    top.label.clear();
    out.push_back(top);
  }
  return out;
}

// The logits of a gate for each of `names`, `experts[i]` columns each, as one wide product.
std::vector<Port> AddGates(const std::vector<std::string>& names, const Widths& experts,
                           const std::vector<Port>& below, GroupBuilder* builder) {
  const std::vector<Port> inputs = Labelled(below);
  const ProductWeights weights = builder->TakeProduct(names, inputs, experts);
  const Port wide =
      builder->AddLinear(Join(names, "|"), weights, inputs, Linear::Activation::kNone);
  std::vector<Port> out;
  int64_t column = 0;
  for (const int64_t width : experts) {
    out.push_back(wide.Columns(column, width));
    column += width;
  }
  return out;
}

Port AddMixture(const std::string& name, const Port& gate, std::vector<Port> experts,
                GroupBuilder* builder) {
  Node node;
  node.name = name;
  node.width = experts[0].width;
  node.layer = std::make_shared<Mixture>(static_cast<int64_t>(experts.size()), node.width);
  experts.insert(experts.begin(), gate);
  return builder->AddOnOneSide(std::move(node), std::move(experts));
}

std::vector<std::string> Numbered(const std::string& prefix, uint32_t count) {
  std::vector<std::string> names;
  for (uint32_t i = 0; i < count; ++i) names.push_back(StrCat(prefix, ".", i));
  return names;
}

// One level of PLE: what the towers' own experts and the shared ones read.
struct PleLevel {
  std::vector<std::vector<Port>> of_tower;
  std::vector<Port> shared;
};

PleLevel AddLevel(const PleConfig& config, const std::string& prefix,
                  const std::vector<std::string>& towers, const PleLevel& below, bool last,
                  GroupBuilder* builder) {
  const Widths hidden = HiddenOf(config.hidden());
  const std::vector<Port> shared = AddExperts(Numbered(prefix + ".shared", config.shared_experts()),
                                              hidden, below.shared, builder);
  PleLevel out;
  std::vector<Port> all;  // of the gate of the shared experts' next level
  for (size_t t = 0; t < towers.size(); ++t) {
    const std::string name = StrCat(prefix, ".", towers[t]);
    std::vector<Port> experts =
        AddExperts(Numbered(name, config.experts()), hidden, below.of_tower[t], builder);
    all.insert(all.end(), experts.begin(), experts.end());
    experts.insert(experts.end(), shared.begin(), shared.end());
    const std::string gate = StrCat(prefix, ".gate.", towers[t]);
    const Port logits =
        AddGates({gate}, {static_cast<int64_t>(experts.size())}, below.of_tower[t], builder)[0];
    out.of_tower.push_back({AddMixture(name, logits, std::move(experts), builder)});
  }
  if (last) return out;
  all.insert(all.end(), shared.begin(), shared.end());
  const Port logits = AddGates({prefix + ".gate.shared"}, {static_cast<int64_t>(all.size())},
                               below.shared, builder)[0];
  out.shared = {AddMixture(prefix + ".shared", logits, std::move(all), builder)};
  return out;
}

}  // namespace

std::vector<std::vector<Port>> AddMmoe(const MmoeConfig& config, const std::string& prefix,
                                       const std::vector<std::string>& towers,
                                       const std::vector<Port>& below, GroupBuilder* builder) {
  const std::vector<Port> experts = AddExperts(Numbered(prefix + ".expert", config.experts()),
                                               HiddenOf(config.hidden()), below, builder);
  std::vector<std::string> gates;
  for (const std::string& tower : towers) gates.push_back(StrCat(prefix, ".gate.", tower));
  const std::vector<Port> logits =
      AddGates(gates, Widths(towers.size(), config.experts()), below, builder);
  std::vector<std::vector<Port>> out;
  for (size_t t = 0; t < towers.size(); ++t) {
    out.push_back({AddMixture(StrCat(prefix, ".", towers[t]), logits[t], experts, builder)});
  }
  return out;
}

std::vector<std::vector<Port>> AddPle(const PleConfig& config, const std::string& prefix,
                                      const std::vector<std::string>& towers,
                                      const std::vector<Port>& below, GroupBuilder* builder) {
  PleLevel level = {std::vector<std::vector<Port>>(towers.size(), below), below};
  for (uint32_t l = 0; l < config.levels(); ++l) {
    level =
        AddLevel(config, StrCat(prefix, ".", l), towers, level, l + 1 == config.levels(), builder);
  }
  return level.of_tower;
}

}  // namespace chorus::worker
