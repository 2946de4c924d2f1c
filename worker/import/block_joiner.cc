#include "worker/import/block_joiner.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "worker/import/block_builder.h"
#include "worker/log/format.h"
#include "worker/log/gather.h"

namespace chorus::worker {
namespace {

constexpr uint32_t kNotThere = std::numeric_limits<uint32_t>::max();

// The same features, whatever the numbers of the rows.
bool SameFeatures(const FeatureColumns& a, uint32_t i, const FeatureColumns& b, uint32_t j) {
  for (size_t s = 0; s < a.slots.size(); ++s) {
    const SlotColumn &x = a.slots[s], &y = b.slots[s];
    const uint32_t length = x.offsets[i + 1] - x.offsets[i];
    if (length != y.offsets[j + 1] - y.offsets[j]) return false;
    for (uint32_t k = 0; k < length; ++k) {
      const uint32_t at_x = x.offsets[i] + k, at_y = y.offsets[j] + k;
      if (x.keys[at_x] != y.keys[at_y]) return false;
      const float value_x = x.values.empty() ? 1 : x.values[at_x];
      if (value_x != (y.values.empty() ? 1 : y.values[at_y])) return false;
    }
  }
  for (size_t n = 0; n < a.numerics.size(); ++n) {
    if (a.numerics[n][i] != b.numerics[n][j]) return false;
  }
  return true;
}

template <typename T>
void AppendRange(const std::vector<T>& from, uint32_t begin, uint32_t end, std::vector<T>* to) {
  to->insert(to->end(), from.begin() + begin, from.begin() + end);
}

uint32_t CountIds(const FeatureColumns& side, uint32_t row) {
  uint32_t ids = 0;
  for (const SlotColumn& slot : side.slots) ids += slot.offsets[row + 1] - slot.offsets[row];
  return ids;
}

}  // namespace

BlockJoiner::BlockJoiner(const LogSchema& schema, uint64_t block_rows, Write write)
    : schema_(schema),
      has_contexts_(HasContextColumns(schema)),
      block_rows_(block_rows),
      write_(std::move(write)) {
  Clear();
}

void BlockJoiner::Clear() {
  batch_ = Batch();
  ClearColumns(schema_, true, &batch_.contexts);
  ClearColumns(schema_, false, &batch_.exposures);
  ids_ = 0;
}

// Whether the batch ends in the block's first context.
bool BlockJoiner::GoesOnWith(const Batch& block, uint32_t context) const {
  return batch_.contexts.rows > 0 && batch_.context_of.back() + 1 == batch_.contexts.rows &&
         SameFeatures(batch_.contexts, batch_.contexts.rows - 1, block.contexts, context);
}

Status BlockJoiner::Add(const Batch& block) {
  context_in_.assign(std::max(1u, block.contexts.rows), kNotThere);
  const uint32_t first = block.context_of[0];
  if (has_contexts_ && GoesOnWith(block, first)) context_in_[first] = batch_.contexts.rows - 1;
  uint32_t begin = 0;  // of the rows that go into the batch together
  std::vector<bool> counted(context_in_.size());
  for (uint32_t row = 0; row < block.rows(); ++row) {
    const uint32_t context = block.context_of[row];
    ids_ += CountIds(block.exposures, row);
    if (has_contexts_ && context_in_[context] == kNotThere && !counted[context]) {
      ids_ += CountIds(block.contexts, context);
      counted[context] = true;
    }
    if (schema_.has_row_id_text) ids_ += block.row_id_text[row].size() / 8;
    const bool is_full = batch_.rows() + (row + 1 - begin) >= block_rows_;
    if (!is_full && ids_ < BlockBuilder::kCrowdedIds) continue;
    AppendRows(block, begin, row + 1);
    RETURN_IF_ERROR(Flush());
    begin = row + 1;
    std::fill(counted.begin(), counted.end(), false);
  }
  AppendRows(block, begin, block.rows());
  return Status::Ok();
}

void BlockJoiner::AppendRows(const Batch& block, uint32_t begin, uint32_t end) {
  if (begin == end) return;
  std::vector<RowRef> contexts, exposures;
  for (uint32_t row = begin; row < end; ++row) {
    exposures.push_back({0, row});
    if (!has_contexts_) {
      batch_.context_of.push_back(0);
      continue;
    }
    uint32_t& number = context_in_[block.context_of[row]];
    if (number == kNotThere) {
      number = batch_.contexts.rows + static_cast<uint32_t>(contexts.size());
      contexts.push_back({0, block.context_of[row]});
    }
    batch_.context_of.push_back(number);
  }
  const FeatureColumns *const from_contexts = &block.contexts, *const from = &block.exposures;
  worker::AppendRows(schema_, true, {&from_contexts, 1}, contexts, &batch_.contexts);
  worker::AppendRows(schema_, false, {&from, 1}, exposures, &batch_.exposures);
  AppendRange(block.row_id, begin, end, &batch_.row_id);
  AppendRange(block.click, begin, end, &batch_.click);
  AppendRange(block.conversion, begin, end, &batch_.conversion);
  if (schema_.has_row_id_text) {
    AppendRange(block.row_id_text, begin, end, &batch_.row_id_text);
  }
  if (schema_.has_weight && block.weight.empty()) {
    batch_.weight.insert(batch_.weight.end(), end - begin, 1.0f);
  } else if (schema_.has_weight) {
    AppendRange(block.weight, begin, end, &batch_.weight);
  }
  if (schema_.has_group) AppendRange(block.group, begin, end, &batch_.group);
  if (schema_.has_time) AppendRange(block.time, begin, end, &batch_.time);
}

Status BlockJoiner::Flush() {
  std::fill(context_in_.begin(), context_in_.end(), kNotThere);
  if (!has_contexts_) batch_.contexts.rows = 1;
  Status written = write_(std::move(batch_));
  Clear();
  return written;
}

Status BlockJoiner::Finish() { return batch_.rows() == 0 ? Status::Ok() : Flush(); }

}  // namespace chorus::worker
