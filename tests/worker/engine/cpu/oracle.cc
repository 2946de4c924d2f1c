#include "tests/worker/engine/cpu/oracle.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "common/random.h"
#include "tests/worker/engine/cpu/oracle_units.h"

namespace chorus::worker {
namespace {

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
