#include "launch/serving/served_network.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "common/random.h"
#include "worker/model/tower_shape.h"

namespace chorus::launch {
namespace {

bool SamePrediction(const worker::Prediction& a, const worker::Prediction& b) {
  return a.ctr_logit == b.ctr_logit && a.cvr_logit == b.cvr_logit && a.log_cvr == b.log_cvr;
}

// Whether a method's prediction depends on a head. It is found by trial, so that no method has to
// declare it.
bool IsNeeded(const worker::Objective& objective, size_t head) {
  constexpr uint64_t kTrials = 64;
  for (uint64_t trial = 0; trial < kTrials; ++trial) {
    std::vector<float> logits;
    for (uint64_t h = 0; h < objective.heads().size(); ++h) {
      logits.push_back(static_cast<float>(8 * ToUniform(Mix(trial * 1000 + h + 1)) - 4));
    }
    const worker::Prediction before = objective.Predict(logits);
    logits[head] += 1.5f;
    if (!SamePrediction(before, objective.Predict(logits))) return true;
  }
  return false;
}

bool TowersDependOnEachOther(const TrainConfig& config, const worker::MethodShape& shape) {
  const auto names_towers = [](const SlotConfig& slot) { return slot.tower_size() > 0; };
  return !shape.transfers.empty() || config.model().transfer_size() > 0 ||
         std::any_of(config.slot().begin(), config.slot().end(), names_towers);
}

// Sets shape, heads and groups to what predictions need.
void KeepNeeded(const worker::Objective& objective, ServedNetwork* out) {
  const worker::MethodShape& all = objective.shape();
  for (uint32_t h = 0; h < all.heads.size(); ++h) {
    if (!IsNeeded(objective, h)) continue;
    out->heads.push_back(h);
    out->groups.push_back(all.heads[h].group);
  }
  std::sort(out->groups.begin(), out->groups.end());
  out->groups.erase(std::unique(out->groups.begin(), out->groups.end()), out->groups.end());
  for (const uint32_t group : out->groups) out->shape.groups.push_back(all.groups[group]);
  for (const uint32_t h : out->heads) {
    worker::Head head = all.heads[h];
    const auto group = std::find(out->groups.begin(), out->groups.end(), head.group);
    head.group = static_cast<uint32_t>(group - out->groups.begin());
    out->shape.heads.push_back(std::move(head));
  }
}

void KeepAll(const worker::Objective& objective, ServedNetwork* out) {
  out->shape = objective.shape();
  out->served = out->whole;
  out->heads.resize(out->shape.heads.size());
  out->groups.resize(out->shape.groups.size());
  std::iota(out->heads.begin(), out->heads.end(), 0u);
  std::iota(out->groups.begin(), out->groups.end(), 0u);
}

// The settings without the towers that are left out.
TrainConfig WithTowersOf(const worker::MethodShape& shape, TrainConfig config) {
  auto& towers = *config.mutable_model()->mutable_tower();
  const auto is_gone = [&](const TowerConfig& tower) {
    return !tower.head().empty() &&
           std::none_of(shape.heads.begin(), shape.heads.end(), [&](const worker::Head& head) {
             return worker::TowerOf(head) == tower.head();
           });
  };
  towers.erase(std::remove_if(towers.begin(), towers.end(), is_gone), towers.end());
  return config;
}

// Whether each block of `part` is also one of `whole`: it is not if a left-out tower was part of
// another's computation.
bool IsPartOf(const worker::ParameterLayout& whole, const worker::ParameterLayout& part) {
  return std::all_of(part.blocks().begin(), part.blocks().end(), [&](const auto& block) {
    return std::any_of(whole.blocks().begin(), whole.blocks().end(), [&](const auto& other) {
      return block.name == other.name && block.rows == other.rows && block.cols == other.cols;
    });
  });
}

}  // namespace

Result<ServedNetwork> MakeServedNetwork(const TrainConfig& config, const worker::LogSchema& schema,
                                        const worker::Objective& objective) {
  ServedNetwork out;
  ASSIGN_OR_RETURN(out.whole, worker::Model::Make(config, schema, objective.shape()));
  KeepNeeded(objective, &out);
  const bool needs_all = out.heads.size() == objective.heads().size();
  if (!needs_all && !TowersDependOnEachOther(config, objective.shape())) {
    Result<worker::Model> served =
        worker::Model::Make(WithTowersOf(out.shape, config), schema, out.shape);
    // It fails if only a left-out tower read some column or encoder.
    if (served.ok() && IsPartOf(out.whole.parameters(), served->parameters())) {
      out.served = *std::move(served);
      return out;
    }
  }
  KeepAll(objective, &out);
  return out;
}

}  // namespace chorus::launch
