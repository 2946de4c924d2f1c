// The encoders of the oracle's model.

#include <algorithm>
#include <cmath>

#include "common/check.h"
#include "tests/worker/engine/cpu/oracle.h"
#include "tests/worker/engine/cpu/oracle_units.h"

namespace chorus::worker {
namespace {

std::vector<double> Normalized(const std::vector<double>& x) {
  double mean = 0, variance = 0;
  for (const double value : x) mean += value / static_cast<double>(x.size());
  for (const double value : x) variance += (value - mean) * (value - mean);
  std::vector<double> out;
  for (const double value : x) {
    out.push_back((value - mean) / std::sqrt(variance / static_cast<double>(x.size()) + 1e-5));
  }
  return out;
}

std::vector<double> PooledElements(const std::vector<std::vector<double>>& elements,
                                   SequencePoolingConfig::Pooling pooling, size_t width) {
  std::vector<double> y(width);
  if (elements.empty()) return y;
  if (pooling == SequencePoolingConfig::LAST) return elements.back();
  const double n =
      pooling == SequencePoolingConfig::MEAN ? static_cast<double>(elements.size()) : 1;
  for (const auto& element : elements) {
    for (size_t j = 0; j < width; ++j) y[j] += element[j] / n;
  }
  return y;
}

// The tanh formula of GELU.
double Gelu(double x) {
  return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
}

}  // namespace

Oracle::Units Oracle::Mlp(const Row& row, const std::string& prefix, const MlpConfig& config,
                          Units x) const {
  for (int l = 0; l < config.hidden_size(); ++l) {
    const std::string name = StrCat(prefix, ".", l);
    Units y = Linear(row, name, x);
    if (config.layer_norm()) {
      const Units gain = Vector(row, name + ".norm.gain"), bias = Vector(row, name + ".norm.bias");
      y = Normalized(y);
      for (size_t j = 0; j < y.size(); ++j) y[j] = gain[j] * y[j] + bias[j];
    }
    for (size_t j = 0; j < y.size(); ++j) {
      const auto alpha = [&] { return Vector(row, name + ".alpha")[j]; };
      if (config.activation() == MlpConfig::PRELU) y[j] = y[j] > 0 ? y[j] : alpha() * y[j];
      if (config.activation() == MlpConfig::GELU) y[j] = Gelu(y[j]);
      if (config.activation() == MlpConfig::DICE) {
        const double scale = std::sqrt(Vector(row, name + ".variance")[j] + 1e-5);
        const double p = 1 / (1 + std::exp(-(y[j] - Vector(row, name + ".mean")[j]) / scale));
        y[j] *= p + (1 - p) * alpha();
      }
    }
    if (config.activation() <= MlpConfig::RELU) y = Relu(y);  // also when it is not written
    y = Dropped(row, name, config.dropout(), y);
    if (config.residual() && x.size() == y.size()) {
      for (size_t j = 0; j < y.size(); ++j) y[j] += x[j];
    }
    x = y;
  }
  return x;
}

Oracle::Units Oracle::Expert(const Row& row, const std::string& prefix, int layers, Units x) const {
  for (int l = 0; l < layers; ++l) x = Relu(Linear(row, StrCat(prefix, ".", l), x));
  return x;
}

Oracle::Units Oracle::Mixed(const Row& row, const std::string& gate, const Units& x,
                            const std::vector<Units>& experts) const {
  const Units logits = Linear(row, gate, x);
  double sum = 0;
  for (const double z : logits) sum += std::exp(z);
  Units y(experts[0].size());
  for (size_t e = 0; e < experts.size(); ++e) {
    for (size_t j = 0; j < y.size(); ++j) y[j] += std::exp(logits.at(e)) / sum * experts[e][j];
  }
  return y;
}

Oracle::Units Oracle::Mmoe(const Row& row, const std::string& prefix, const MmoeConfig& config,
                           const std::string& tower, const Units& x) const {
  std::vector<Units> experts;
  for (uint32_t e = 0; e < config.experts(); ++e) {
    experts.push_back(Expert(row, StrCat(prefix, ".expert.", e), config.hidden_size(), x));
  }
  return Mixed(row, StrCat(prefix, ".gate.", tower), x, experts);
}

Oracle::Units Oracle::PleInput(const Row& row, const std::string& prefix, const PleConfig& config,
                               const Head& head, const std::string& of, uint32_t level,
                               const Units& x) const {
  if (level == 0) return x;
  const std::string below = StrCat(prefix, ".", level - 1);
  std::vector<Units> experts;
  const auto add = [&](const std::string& owner, uint32_t count) {
    const Units input = PleInput(row, prefix, config, head, owner, level - 1, x);
    for (uint32_t e = 0; e < count; ++e) {
      experts.push_back(
          Expert(row, StrCat(below, ".", owner, ".", e), config.hidden_size(), input));
    }
  };
  if (of == "shared") {
    for (const std::string& tower : TowersOf(head.group)) add(tower, config.experts());
  } else {
    add(of, config.experts());
  }
  add("shared", config.shared_experts());
  return Mixed(row, StrCat(below, ".gate.", of),
               PleInput(row, prefix, config, head, of, level - 1, x), experts);
}

Oracle::Units Oracle::Cross(const Row& row, const std::string& prefix, const CrossConfig& config,
                            const Units& x0) const {
  Units x = x0;
  for (uint32_t l = 0; l < config.layers(); ++l) {
    const std::string name = StrCat(prefix, ".", l);
    const Units v = config.rank() == 0 ? Linear(row, name, x)
                                       : Linear(row, name + ".v", Linear(row, name + ".u", x));
    for (size_t j = 0; j < x.size(); ++j) x[j] += x0[j] * v[j];
  }
  return x;
}

std::vector<std::pair<bool, Oracle::Units>> Oracle::Slots(const Row& row, uint32_t group) const {
  const Units all = Inputs(row, group);
  std::vector<std::pair<bool, Units>> slots;
  auto next = all.begin();
  for (const SideInputs* side : {&model_.inputs.contexts, &model_.inputs.exposures}) {
    for (const SlotInput& slot : side->slots) {
      if (slot.first >= side->pooled_width) continue;
      slots.emplace_back(side == &model_.inputs.contexts, Units(next, next + slot.dim));
      next += slot.dim;
    }
    next += static_cast<int64_t>(side->numerics.size());
  }
  return slots;
}

std::vector<Oracle::Units> Oracle::Sequence(const Row& row, uint32_t group,
                                            const std::string& name) const {
  std::vector<Units> elements;
  const Batch& batch = row.grain.batch;
  const std::vector<double>* tables = row.at.embeddings.data() + group * config_.table_size();
  for (const bool context : {true, false}) {
    const SideInputs& side = context ? model_.inputs.contexts : model_.inputs.exposures;
    const FeatureColumns& features = context ? batch.contexts : batch.exposures;
    const auto& positions = context ? row.grain.positions.context : row.grain.positions.exposure;
    const uint32_t i = context ? batch.context_of[row.row] : row.row;
    for (const SlotInput& slot : side.slots) {
      if (slot.name != name) continue;
      const SlotColumn& column = features.slots[slot.column];
      for (uint32_t k = column.offsets[i]; k < column.offsets[i + 1]; ++k) {
        Units& element = elements.emplace_back();
        const double value = column.values.empty() ? 1.0 : column.values[k];
        for (uint32_t j = 0; j < slot.dim; ++j) {
          element.push_back(value * tables[slot.table][positions[slot.read][k] * slot.dim + j]);
        }
      }
      const size_t kept = std::min<size_t>(elements.size(), slot.max_length);
      elements.erase(elements.begin(), elements.end() - static_cast<int64_t>(kept));
    }
  }
  return elements;
}

Oracle::Units Oracle::Pooled(const Row& row, uint32_t group, const std::string& name) const {
  const Units all = Inputs(row, group);
  int64_t first = 0;
  for (const SideInputs* side : {&model_.inputs.contexts, &model_.inputs.exposures}) {
    for (const SlotInput& slot : side->slots) {
      if (slot.first >= side->pooled_width) continue;
      if (slot.name == name) return {all.begin() + first, all.begin() + first + slot.dim};
      first += slot.dim;
    }
    first += static_cast<int64_t>(side->numerics.size());
  }
  return {};
}

size_t Oracle::DimOf(const std::string& name) const {
  for (const SideInputs* side : {&model_.inputs.contexts, &model_.inputs.exposures}) {
    for (const SlotInput& slot : side->slots) {
      if (slot.name == name) return slot.dim;
    }
  }
  return 0;
}

std::vector<Oracle::Units> Oracle::Elements(
    const Row& row, uint32_t group,
    const google::protobuf::RepeatedPtrField<std::string>& names) const {
  std::vector<Units> elements;
  for (int s = 0; s < names.size(); ++s) {
    const std::vector<Units> of_one = Sequence(row, group, names[s]);
    if (s == 0) elements.resize(of_one.size());
    for (size_t t = 0; t < elements.size(); ++t) {
      const Units part = t < of_one.size() ? of_one[t] : Units(DimOf(names[s]));
      elements[t].insert(elements[t].end(), part.begin(), part.end());
    }
  }
  return elements;
}

Oracle::Units Oracle::SelfAttended(const Row& row, const std::string& prefix,
                                   const SelfAttentionConfig& config, uint32_t group) const {
  std::vector<Units> x = Elements(row, group, config.sequence());
  const size_t d = config.head_dim();
  const auto positions = blocks_.find(prefix + ".0.position");
  const auto width = static_cast<size_t>(blocks_.at(prefix + ".0.out")[0].second->cols);
  for (size_t t = 0; t < x.size() && positions != blocks_.end(); ++t) {
    Units place(static_cast<size_t>(positions->second[0].second->rows));
    place[x.size() - 1 - t] = 1;
    const Units of_place = Linear(row, prefix + ".0.position", place);
    for (size_t j = 0; j < width; ++j) x[t][j] += of_place[j];
  }
  for (uint32_t l = 0; l < config.layers(); ++l) {
    const std::string name = StrCat(prefix, ".", l);
    std::vector<Units> q, k, v, y = x;
    for (const Units& element : x) {
      q.push_back(Linear(row, name + ".query", element));
      k.push_back(Linear(row, name + ".key", element));
      v.push_back(Linear(row, name + ".value", element));
    }
    for (size_t t = 0; t < x.size(); ++t) {
      Units mixed(config.heads() * d);
      for (size_t h = 0; h < config.heads(); ++h) {
        Units scores;
        double sum = 0;
        for (size_t u = 0; u < x.size(); ++u) {
          double dot = 0;
          for (size_t j = h * d; j < (h + 1) * d; ++j) dot += q[t][j] * k[u][j];
          scores.push_back(std::exp(dot / std::sqrt(static_cast<double>(d))));
          sum += scores.back();
        }
        for (size_t u = 0; u < x.size(); ++u) {
          for (size_t j = h * d; j < (h + 1) * d; ++j) mixed[j] += scores[u] / sum * v[u][j];
        }
      }
      const Units out = Linear(row, name + ".out", mixed);
      for (size_t j = 0; j < width; ++j) y[t][j] += out[j];
    }
    x = y;
  }
  return PooledElements(x, config.pooling(), width);
}

Oracle::Units Oracle::Gated(const Row& row, const std::string& prefix, const SlotGateConfig& config,
                            uint32_t group) const {
  const auto slots = Slots(row, group);
  Units means, y;
  for (const auto& [context, slot] : slots) {
    means.push_back(0);
    for (const double value : slot) means.back() += value / static_cast<double>(slot.size());
  }
  Units gate = Linear(row, prefix + ".excite", Relu(Linear(row, prefix + ".squeeze", means)));
  for (double& z : gate) {
    z = config.gate() == SlotGateConfig::SIGMOID ? 2 / (1 + std::exp(-z)) : std::max(z, 0.0);
  }
  for (size_t f = 0; f < slots.size(); ++f) {
    for (const double value : slots[f].second) y.push_back(gate[f] * value);
  }
  const Units all = Inputs(row, group);
  size_t next = 0;
  for (const SideInputs* side : {&model_.inputs.contexts, &model_.inputs.exposures}) {
    next += static_cast<size_t>(side->pooled_width);
    for (size_t n = 0; n < side->numerics.size(); ++n) y.push_back(all[next++]);
  }
  return y;
}

Oracle::Units Oracle::Attended(const Row& row, const std::string& prefix,
                               const TargetAttentionConfig& config, uint32_t group) const {
  const std::vector<Units> keys = Elements(row, group, config.sequence());
  Units query;
  for (const std::string& name : config.query()) {
    const Units part = Pooled(row, group, name);
    query.insert(query.end(), part.begin(), part.end());
  }
  Units y(query.size());
  for (const Units& key : keys) {
    Units x = key;
    x.insert(x.end(), query.begin(), query.end());
    for (size_t j = 0; j < key.size(); ++j) x.push_back(key[j] * query[j]);
    const double score = Linear(row, prefix + ".score", Relu(Linear(row, prefix + ".unit", x)))[0];
    for (size_t j = 0; j < y.size(); ++j) y[j] += score * key[j];
  }
  return y;
}

std::vector<std::string> Oracle::TowersOf(uint32_t group) const {
  std::vector<std::string> towers;
  for (const Head& head : shape_.heads) {
    const std::string name = TowerName(head);
    if (head.group != group || std::find(towers.begin(), towers.end(), name) != towers.end()) {
      continue;
    }
    towers.push_back(name);
  }
  return towers;
}

Oracle::Units Oracle::SomeInputs(const Row& row, uint32_t group, const std::string& name) const {
  const Units all = Inputs(row, group);
  Units x;
  auto next = all.begin();
  for (const bool context : {true, false}) {
    const SideInputs& side = context ? model_.inputs.contexts : model_.inputs.exposures;
    const auto take = [&](const std::string& column, int64_t width) {
      if (name == (context ? "contexts" : "exposures") || name == "inputs." + column) {
        x.insert(x.end(), next, next + width);
      }
      next += width;
    };
    for (const SlotInput& slot : side.slots) {
      if (!slot.is_sequence()) take(slot.name, slot.dim);
    }
    for (const std::string& column : side.numeric_names) take(column, 1);
  }
  return x;
}

Oracle::Units Oracle::Encoded(const Row& row, const Head& head, const std::string& name) const {
  if (name == "inputs") return Inputs(row, head.group);
  if (name == "contexts" || name == "exposures" || name.starts_with("inputs.")) {
    return SomeInputs(row, head.group, name);
  }
  if (name == "shared_bottom") return Bottom(row, head.group);
  const auto& encoders = config_.model().encoder();
  const EncoderConfig& config = *std::find_if(
      encoders.begin(), encoders.end(), [&](const EncoderConfig& e) { return e.name() == name; });
  const std::string prefix = StrCat("encoder.", shape_.groups[head.group].name, ".", name);
  Units x;
  for (const std::string& input : config.input()) {
    const Units part = Encoded(row, head, input);
    x.insert(x.end(), part.begin(), part.end());
  }
  if (config.input_size() == 0) x = Inputs(row, head.group);
  const std::string tower = TowerName(head);
  if (config.has_mlp()) return Mlp(row, prefix, config.mlp(), x);
  if (config.has_mmoe()) return Mmoe(row, prefix, config.mmoe(), tower, x);
  if (config.has_ple()) {
    return PleInput(row, prefix, config.ple(), head, tower, config.ple().levels(), x);
  }
  if (config.has_cross()) return Cross(row, prefix, config.cross(), x);
  if (config.has_target_attention()) {
    return Attended(row, prefix, config.target_attention(), head.group);
  }
  if (config.has_self_attention()) {
    return SelfAttended(row, prefix, config.self_attention(), head.group);
  }
  if (config.has_sequence_pooling()) {
    Units y;
    for (const std::string& sequence : config.sequence_pooling().sequence()) {
      const Units part = PooledElements(Sequence(row, head.group, sequence),
                                        config.sequence_pooling().pooling(), DimOf(sequence));
      y.insert(y.end(), part.begin(), part.end());
    }
    return y;
  }
  if (config.has_slot_gate()) return Gated(row, prefix, config.slot_gate(), head.group);
  const auto slots = Slots(row, head.group);
  Units sums(slots[0].second.size()), of_kind[3];
  for (size_t f = 0; f < slots.size(); ++f) {
    for (size_t g = f + 1; g < slots.size(); ++g) {
      const bool one = slots[f].first, other = slots[g].first;
      of_kind[one != other ? 2 : one ? 0 : 1].push_back(Dot(slots[f].second, slots[g].second));
      for (size_t j = 0; j < sums.size(); ++j) sums[j] += slots[f].second[j] * slots[g].second[j];
    }
  }
  if (config.has_bi_interaction()) return sums;
  CHECK(config.has_slot_dots(), name);
  for (const size_t kind : {1, 2}) {
    of_kind[0].insert(of_kind[0].end(), of_kind[kind].begin(), of_kind[kind].end());
  }
  return of_kind[0];
}

}  // namespace chorus::worker
