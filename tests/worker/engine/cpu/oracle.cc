#include "tests/worker/engine/cpu/oracle.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "common/check.h"
#include "common/random.h"

namespace chorus::worker {
namespace {

std::string TowerName(const Head& head) { return head.tower.empty() ? head.name : head.tower; }

// The pooled slots between two columns.
void AppendSlots(const SideInputs& side, int64_t first, int64_t end, const FeatureColumns& features,
                 const std::vector<std::vector<uint32_t>>& positions, uint32_t row,
                 const std::vector<double>* embeddings, std::vector<double>* x) {
  for (const SlotInput& slot : side.slots) {
    if (slot.is_sequence() || slot.first < first || slot.first >= end) continue;
    const SlotColumn& column = features.slots[slot.column];
    std::vector<double> sum(slot.dim, 0.0);
    double count = 0, magnitude = 0;
    for (uint32_t k = column.offsets[row]; k < column.offsets[row + 1]; ++k) {
      const double value = column.values.empty() ? 1.0 : column.values[k];
      count += 1;
      magnitude += std::abs(value);
      const uint32_t position = positions[slot.read][k];
      for (uint32_t j = 0; j < slot.dim; ++j) {
        sum[j] += value * embeddings[slot.table][position * slot.dim + j];
      }
    }
    double divisor = 1;
    if (slot.pooling == SlotConfig::MEAN) divisor = std::max(count, 1.0);
    if (slot.pooling == SlotConfig::WEIGHTED_MEAN) divisor = magnitude > 0 ? magnitude : 1.0;
    for (double value : sum) x->push_back(value / divisor);
  }
}

void AppendPooled(const SideInputs& side, const FeatureColumns& features,
                  const std::vector<std::vector<uint32_t>>& positions, uint32_t row,
                  const std::vector<double>* embeddings, std::vector<double>* x) {
  AppendSlots(side, 0, side.pooled_width, features, positions, row, embeddings, x);
  for (uint32_t column : side.numerics) x->push_back(features.numerics[column][row]);
}

std::vector<double> Relu(std::vector<double> x) {
  for (double& value : x) value = std::max(value, 0.0);
  return x;
}

double Dot(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

}  // namespace

Oracle::Units Oracle::Inputs(const Row& row, uint32_t group) const {
  Units x;
  const std::vector<double>* tables = row.at.embeddings.data() + group * config_.table_size();
  const Batch& batch = row.grain.batch;
  AppendPooled(model_.inputs.contexts, batch.contexts, row.grain.positions.context,
               batch.context_of[row.row], tables, &x);
  AppendPooled(model_.inputs.exposures, batch.exposures, row.grain.positions.exposure, row.row,
               tables, &x);
  return x;
}

namespace {

// The method's transfers, and those of the configuration.
MethodShape WithTransfers(MethodShape shape, const TrainConfig& config) {
  const auto head_of = [&](const std::string& tower) {
    const auto head = std::find_if(shape.heads.begin(), shape.heads.end(),
                                   [&](const Head& h) { return TowerName(h) == tower; });
    return static_cast<uint32_t>(head - shape.heads.begin());
  };
  for (const TransferConfig& transfer : config.model().transfer()) {
    Transfer added = {head_of(transfer.to()), {}, transfer.has_layer() ? transfer.layer() : 1};
    for (const std::string& from : transfer.from()) added.from.push_back(head_of(from));
    shape.transfers.push_back(added);
  }
  return shape;
}

}  // namespace

Oracle::Units Oracle::Own(const Row& row, const Head& head) const {
  Units x;
  const Batch& batch = row.grain.batch;
  for (const bool context : {true, false}) {
    const SideInputs& side = context ? model_.inputs.contexts : model_.inputs.exposures;
    const FeatureColumns& features = context ? batch.contexts : batch.exposures;
    const auto& positions = context ? row.grain.positions.context : row.grain.positions.exposure;
    for (const OwnColumns& own : side.own) {
      if (!own.IsReadBy(TowerName(head))) continue;
      const auto& tables = own.IsTrainedBy(TowerName(head)) ? row.at.embeddings : row.at.detached;
      AppendSlots(side, own.first, own.first + own.width, features, positions,
                  context ? batch.context_of[row.row] : row.row,
                  tables.data() + head.group * config_.table_size(), &x);
    }
  }
  return x;
}

Oracle::Oracle(const TrainConfig& config, const Model& model, const MethodShape& shape)
    : config_(config), model_(model), shape_(WithTransfers(shape, config)) {
  for (const ParameterBlock& block : model.parameters().blocks()) {
    const size_t dot = block.name.rfind('.');
    const std::string part = block.name.substr(dot + 1);
    blocks_[block.name].emplace_back(part, &block);
    // Matrices of a layer that multiply different things are asked for by their own names.
    const std::set<std::string> own = {"alpha", "gain", "mean", "variance", "count"};
    const bool projection = (part == "query" || part == "key" || part == "value") &&
                            !block.name.ends_with(".unit." + part);
    if (own.count(part) == 0 && !projection) {
      blocks_[block.name.substr(0, dot)].emplace_back(part, &block);
    }
  }
}

Oracle::Units Oracle::Linear(const Row& row, const std::string& name, const Units& x) const {
  Units y;
  size_t next = 0;  // the inputs of a layer are side by side
  for (const auto& [part, block] : blocks_.at(name)) {
    const size_t first = part == "bias" ? x.size() : next;
    if (part != "bias") next += static_cast<size_t>(block->rows);
    y.resize(static_cast<size_t>(block->cols));
    for (int64_t i = 0; i < block->rows; ++i) {
      const double input = first == x.size() ? 1.0 : x[first + static_cast<size_t>(i)];
      for (int64_t j = 0; j < block->cols; ++j) {
        y[static_cast<size_t>(j)] +=
            input * row.at.parameters[static_cast<size_t>(block->offset + i * block->stride + j)];
      }
    }
  }
  return y;
}

// As worker/math/dropout.h says.
Oracle::Units Oracle::Dropped(const Row& row, const std::string& name, double probability,
                              Units x) const {
  if (row.grain.step == 0) return x;
  const auto threshold = static_cast<uint64_t>(std::lround(probability * 65536));
  const uint64_t state = Random(config_.seed(), RandomPurpose::kDropout, row.grain.step,
                                SpaceSeed(name), row.grain.batch.row_id[row.row]);
  for (uint64_t u = 0; u < x.size(); ++u) {
    const uint64_t word = Mix(state + (u / 4 + 1) * 0x9e3779b97f4a7c15ULL);
    const uint64_t draw = (word >> (u % 4 * 16)) % 65536;
    x[u] = draw < threshold ? 0.0 : x[u] * 65536 / static_cast<double>(65536 - threshold);
  }
  return x;
}

Oracle::Units Oracle::Bottom(const Row& row, uint32_t group) const {
  Units x = Inputs(row, group);
  const SharedBottomConfig& bottom = config_.model().shared_bottom();
  for (int l = 0; l < bottom.hidden_size(); ++l) {
    const std::string name = StrCat("bottom.", shape_.groups[group].name, ".", l);
    x = Dropped(row, name, bottom.dropout(), Relu(Linear(row, name, x)));
  }
  return x;
}

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

Oracle::Units Oracle::Read(const Row& row, const Head& head,
                           const google::protobuf::RepeatedPtrField<std::string>& names) const {
  Units x;
  const Units own = Own(row, head);
  for (const std::string& name : names) {
    const Units part = name == "own" ? own : Encoded(row, head, name);
    x.insert(x.end(), part.begin(), part.end());
    if (name == "inputs") x.insert(x.end(), own.begin(), own.end());
  }
  if (!names.empty()) return x;
  const auto& encoders = config_.model().encoder();
  x = encoders.empty() ? Bottom(row, head.group)
                       : Encoded(row, head, encoders.at(encoders.size() - 1).name());
  x.insert(x.end(), own.begin(), own.end());
  return x;
}

const TowerConfig& Oracle::TowerConfigOf(const Head& head) const {
  const TowerConfig* found = nullptr;
  for (const TowerConfig& tower : config_.model().tower()) {
    if (tower.head() == TowerName(head)) found = &tower;
    if (!tower.has_head() && found == nullptr) found = &tower;
  }
  return *found;
}

Oracle::Units Oracle::Hidden(const Row& row, const Head& head, uint32_t layers) const {
  if (layers == 0) return Read(row, head, TowerConfigOf(head).input());
  const std::string name = StrCat("tower.", TowerName(head), ".", layers - 1);
  Units y = Relu(Linear(row, name, Hidden(row, head, layers - 1)));
  y = Dropped(row, name, TowerConfigOf(head).dropout(), y);
  for (const Transfer& transfer : shape_.transfers) {
    const bool receives = TowerName(shape_.heads[transfer.to]) == TowerName(head);
    if (receives && transfer.layer == layers) y = Transferred(row, transfer, y);
  }
  return y;
}

Oracle::Units Oracle::Transferred(const Row& row, const Transfer& transfer,
                                  const Units& own) const {
  const std::string name = "transfer." + TowerName(shape_.heads[transfer.to]);
  Units joined;
  for (const uint32_t from : transfer.from) {
    const Head& giver = shape_.heads[from];
    const Units given = Relu(
        Linear(row, StrCat(name, ".from.", TowerName(giver)), Hidden(row, giver, transfer.layer)));
    Units scores, mixed(own.size());
    for (const Units& token : {given, own}) {
      scores.push_back(
          std::exp(Dot(Linear(row, name + ".query", token), Linear(row, name + ".key", token)) /
                   std::sqrt(static_cast<double>(own.size()))));
    }
    for (size_t k = 0; k < 2; ++k) {
      const Units value = Linear(row, name + ".value", k == 0 ? given : own);
      for (size_t j = 0; j < own.size(); ++j) {
        mixed[j] += scores[k] / (scores[0] + scores[1]) * value[j];
      }
    }
    joined.insert(joined.end(), mixed.begin(), mixed.end());
  }
  return Relu(Linear(row, name + ".out", joined));
}

double Oracle::Logit(const TestGrain& grain, const Variables& at, uint32_t row,
                     uint32_t index) const {
  const Head& head = shape_.heads[index];
  const auto layers = static_cast<uint32_t>(TowerConfigOf(head).hidden_size());
  const Row of = {grain, at, row};
  const std::string name = StrCat("tower.", head.name, ".logit");
  Units x = Dropped(of, name, head.dropout, Hidden(of, head, layers));
  if (TowerConfigOf(head).wide_size() > 0) {
    const Units wide = Read(of, head, TowerConfigOf(head).wide());
    x.insert(x.end(), wide.begin(), wide.end());
  }
  return Linear(of, name, x)[0];
}

double Oracle::Total(const TestGrain& grain, const Variables& at,
                     const std::vector<double>& factor) const {
  double total = 0;
  for (uint32_t i = 0; i < grain.batch.rows(); ++i) {
    for (uint32_t h = 0; h < shape_.heads.size(); ++h) {
      total += factor[i * shape_.heads.size() + h] * Logit(grain, at, i, h);
    }
  }
  return total;
}

}  // namespace chorus::worker
