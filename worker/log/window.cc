#include "worker/log/window.h"

#include "common/check.h"
#include "common/random.h"
#include "worker/log/format.h"

namespace chorus::worker {
namespace {

// The same rule as KeptRows (epoch_layout.h), which counts rows by the index alone: a grain's place
// in its lane is computed from those counts.
bool Keeps(const ReadingOptions& options, uint8_t click, uint8_t conversion) {
  if (options.rows == DataConfig::CLICKED) return click != 0;
  return options.unclicked_conversion == KEEP_UNCLICKED || click != 0 || conversion == 0;
}

template <typename T>
void AppendColumn(const std::vector<Batch>& blocks, std::span<const RowRef> refs,
                  std::vector<T> Batch::*column, Batch* out) {
  for (const RowRef ref : refs) (out->*column).push_back((blocks[ref.source].*column)[ref.row]);
}

}  // namespace

void ClearBatch(const LogSchema& schema, Batch* out) {
  ClearColumns(schema, true, &out->contexts);
  ClearColumns(schema, false, &out->exposures);
  out->context_of.clear();
  out->row_id.clear();
  out->click.clear();
  out->conversion.clear();
  out->weight.clear();
  out->group.clear();
  out->time.clear();
  out->row_id_text.clear();
}

void Window::Begin(const LogSchema& schema, size_t blocks) {
  schema_ = &schema;
  shares_contexts_ = HasContextColumns(schema);
  loaded_ = blocks;
  // Never shrinks: a lane's last window is shorter than the others, and the memory of the blocks
  // that it does not need serves the next window.
  if (blocks_.size() < loaded_) blocks_.resize(loaded_);
}

void Window::Finish(const ReadingOptions& options) {
  exposures_.clear();
  contexts_.clear();
  first_context_.assign(1, 0);
  order_.clear();
  for (uint32_t source = 0; source < loaded_; ++source) {
    const Batch& block = blocks_[source];
    exposures_.push_back(&block.exposures);
    contexts_.push_back(&block.contexts);
    first_context_.push_back(first_context_.back() + block.contexts.rows);
    for (uint32_t row = 0; row < block.rows(); ++row) {
      if (Keeps(options, block.click[row], block.conversion[row])) order_.push_back({source, row});
    }
  }
}

void Window::Shuffle(const ReadingOptions& options, uint64_t epoch, uint32_t lane,
                     uint64_t window) {
  const auto context_of = [&](RowRef ref) { return blocks_[ref.source].context_of[ref.row]; };
  const uint32_t longest = shares_contexts_ ? options.context_chunk : 1;
  in_log_order_.swap(order_);
  std::vector<uint32_t> begins;  // of the chunks, in in_log_order_
  // A chunk ends where the block ends, too: contexts have numbers of their own in each block.
  for (uint32_t i = 0; i < in_log_order_.size(); ++i) {
    const bool goes_on = i > 0 && i - begins.back() < longest &&
                         in_log_order_[i].source == in_log_order_[i - 1].source &&
                         context_of(in_log_order_[i]) == context_of(in_log_order_[i - 1]);
    if (!goes_on) begins.push_back(i);
  }
  const auto chunks = static_cast<uint32_t>(begins.size());
  // The permutation depends on where the window is in the epoch and on nothing else, so that any
  // reader that enters the window, from whatever step, finds the same order.
  begins.push_back(static_cast<uint32_t>(in_log_order_.size()));
  order_.clear();
  for (const uint32_t chunk : RandomPermutation(chunks, options.seed, RandomPurpose::kChunkOrder,
                                                epoch, uint64_t{lane} << 32 | window)) {
    order_.insert(order_.end(), in_log_order_.begin() + begins[chunk],
                  in_log_order_.begin() + begins[chunk + 1]);
  }
}

void Window::NumberContexts(std::span<const RowRef> refs, ContextNumbers* numbers,
                            Batch* out) const {
  if (!shares_contexts_) {  // the one context without features, see EncodeBlock
    out->contexts.rows = 1;
    out->context_of.resize(out->context_of.size() + refs.size(), 0);
    return;
  }
  if (numbers->stamp.size() < first_context_.back()) {
    numbers->number.resize(first_context_.back());
    numbers->stamp.resize(first_context_.back(), 0);
  }
  // A new stamp makes all numbers of the last call invalid. Clearing the array would cost the size
  // of the window for each grain, and a grain uses few of the window's contexts.
  ++numbers->current_stamp;
  numbers->fresh.clear();
  uint32_t next = out->contexts.rows;
  for (const RowRef ref : refs) {
    const uint32_t context = blocks_[ref.source].context_of[ref.row];
    const uint32_t in_window = first_context_[ref.source] + context;
    if (numbers->stamp[in_window] != numbers->current_stamp) {
      numbers->stamp[in_window] = numbers->current_stamp;
      numbers->number[in_window] = next++;
      numbers->fresh.push_back({ref.source, context});
    }
    out->context_of.push_back(numbers->number[in_window]);
  }
  AppendRows(*schema_, true, contexts_, numbers->fresh, &out->contexts);
}

void Window::Append(uint64_t begin, uint64_t count, ContextNumbers* numbers, Batch* out) const {
  CHECK(begin + count <= order_.size(), "begin=", begin, " count=", count);
  if (count == 0) return;
  const std::span<const RowRef> refs(order_.data() + begin, count);
  NumberContexts(refs, numbers, out);
  AppendRows(*schema_, false, exposures_, refs, &out->exposures);
  AppendColumn(blocks_, refs, &Batch::row_id, out);
  AppendColumn(blocks_, refs, &Batch::click, out);
  AppendColumn(blocks_, refs, &Batch::conversion, out);
  if (schema_->has_group) AppendColumn(blocks_, refs, &Batch::group, out);
  if (schema_->has_time) AppendColumn(blocks_, refs, &Batch::time, out);
  if (schema_->has_row_id_text) AppendColumn(blocks_, refs, &Batch::row_id_text, out);
  if (!schema_->has_weight) return;
  // A block whose weights are all 1 stores none; another block of the window may store some.
  for (const RowRef ref : refs) {
    const std::vector<float>& weight = blocks_[ref.source].weight;
    out->weight.push_back(weight.empty() ? 1.0f : weight[ref.row]);
  }
}

}  // namespace chorus::worker
