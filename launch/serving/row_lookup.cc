#include "launch/serving/row_lookup.h"

#include <algorithm>

namespace chorus::launch {
namespace {
constexpr size_t kMostInitialRows = size_t{1} << 16;  // kept from one piece to the next
}  // namespace

RowLookup::RowLookup(const ServedModel& model)
    : model_(model),
      rows_(model.tables.size()),
      tables_(model.tables.size()),
      initial_(model.tables.size()) {
  positions_.context.resize(model.model().inputs.slot_reads.context.size());
  positions_.exposure.resize(model.model().inputs.slot_reads.exposure.size());
}

worker::GrainInput RowLookup::Find(const worker::Batch& batch) {
  const worker::SlotReads& reads = model_.model().inputs.slot_reads;
  if (initial_rows_ > kMostInitialRows) {
    for (auto& rows : initial_) rows.clear();
    initial_rows_ = 0;
  }
  for (auto& rows : rows_) rows.clear();
  AddSide(reads.context, batch.contexts, &positions_.context);
  AddSide(reads.exposure, batch.exposures, &positions_.exposure);
  for (size_t t = 0; t < rows_.size(); ++t) tables_[t] = rows_[t].data();
  return {&batch, &positions_, tables_.data()};
}

// Every key has a position of its own, which is that of its row in the tables of all groups:
// finding equal keys first would cost as much as finding their rows.
void RowLookup::AddSide(const std::vector<worker::SlotRead>& reads,
                        const worker::FeatureColumns& columns,
                        std::vector<std::vector<uint32_t>>* positions) {
  constexpr size_t kAhead = 16;
  const uint32_t tables = model_.model().inputs.tables;
  for (size_t r = 0; r < reads.size(); ++r) {
    const std::vector<Key>& keys = columns.slots[reads[r].column].keys;
    std::vector<uint32_t>& at = (*positions)[r];
    at.resize(keys.size());
    auto next = static_cast<uint32_t>(rows_[reads[r].table].size());
    for (uint32_t& position : at) position = next++;
    for (size_t t = reads[r].table; t < rows_.size(); t += tables) {
      const ServedTable& table = model_.tables[t];
      for (size_t k = 0; k < std::min(kAhead, keys.size()); ++k) table.Prefetch(keys[k]);
      for (size_t k = 0; k < keys.size(); ++k) {
        if (k + kAhead < keys.size()) table.Prefetch(keys[k + kAhead]);
        rows_[t].push_back(RowOf(t, keys[k]));
      }
    }
  }
}

const float* RowLookup::RowOf(size_t instance, Key key) {
  const ServedTable& table = model_.tables[instance];
  const float* const row = table.Find(key);
  if (row != nullptr) return row;
  return table.unseen_is_zero() ? table.zeros() : InitialRow(instance, key);
}

const float* RowLookup::InitialRow(size_t instance, Key key) {
  std::vector<float>& row = initial_[instance][key];
  if (row.empty()) {
    row.resize(model_.tables[instance].dim());
    model_.tables[instance].FillInitial(key, row.data());
    ++initial_rows_;
  }
  return row.data();
}

}  // namespace chorus::launch
