#include "worker/log/gather.h"

#include <algorithm>

#include "worker/log/format.h"

namespace chorus::worker {
namespace {

// Appends values[i] of the rows' keys, 1 where a source stores none.
void AppendValues(std::span<const SlotColumn* const> sources, std::span<const RowRef> refs,
                  std::vector<float>* out) {
  for (const RowRef ref : refs) {
    const SlotColumn& from = *sources[ref.source];
    const uint32_t begin = from.offsets[ref.row], end = from.offsets[ref.row + 1];
    if (from.values.empty()) {
      out->insert(out->end(), end - begin, 1.0f);
    } else {
      out->insert(out->end(), from.values.begin() + begin, from.values.begin() + end);
    }
  }
}

// Appends rows of a slot of which every row of every source has exactly one key. Then row i's key
// is keys[i], and no offset is read: most slots of a log are of this kind, and this is their fast
// path.
void AppendOneKeyRows(std::span<const SlotColumn* const> sources, std::span<const RowRef> refs,
                      SlotColumn* out) {
  const size_t offset = out->offsets.size(), key = out->keys.size();
  out->offsets.resize(offset + refs.size());
  out->keys.resize(key + refs.size());
  for (size_t i = 0; i < refs.size(); ++i) {
    out->offsets[offset + i] = static_cast<uint32_t>(key + i + 1);
    out->keys[key + i] = sources[refs[i].source]->keys[refs[i].row];
  }
}

void AppendSlot(std::span<const SlotColumn* const> sources, std::span<const RowRef> refs,
                bool has_values, SlotColumn* out) {
  // First the offsets, which give the number of keys, so that the memory of the keys is allocated
  // once.
  const size_t first = out->offsets.size();
  uint32_t at = out->offsets.back();
  const uint32_t begin_at = at;
  out->offsets.resize(first + refs.size());
  for (size_t i = 0; i < refs.size(); ++i) {
    const uint32_t* offsets = sources[refs[i].source]->offsets.data() + refs[i].row;
    at += offsets[1] - offsets[0];
    out->offsets[first + i] = at;
  }
  out->keys.resize(at);
  Key* to = out->keys.data() + begin_at;
  for (const RowRef ref : refs) {
    const SlotColumn& from = *sources[ref.source];
    const uint32_t end = from.offsets[ref.row + 1];
    for (uint32_t k = from.offsets[ref.row]; k < end; ++k) *to++ = from.keys[k];
  }
  if (has_values) AppendValues(sources, refs, &out->values);
}

}  // namespace

void ClearColumns(const LogSchema& schema, bool context, FeatureColumns* out) {
  out->rows = 0;
  out->slots.resize(CountSlots(schema, context));
  for (SlotColumn& slot : out->slots) {
    slot.offsets.assign(1, 0);
    slot.keys.clear();
    slot.values.clear();
  }
  out->numerics.resize(CountNumerics(schema, context));
  for (std::vector<float>& numeric : out->numerics) numeric.clear();
}

void AppendRows(const LogSchema& schema, bool context,
                std::span<const FeatureColumns* const> sources, std::span<const RowRef> refs,
                FeatureColumns* out) {
  std::vector<const SlotColumn*> columns(sources.size());
  size_t index = 0;
  for (const SlotInfo& slot : schema.slots) {
    if (slot.context != context) continue;
    for (size_t s = 0; s < sources.size(); ++s) columns[s] = &sources[s]->slots[index];
    SlotColumn* const to = &out->slots[index];
    // A one-hot row has at most one key, so as many keys as rows means one key in each.
    const bool one_key_rows =
        !slot.multi_valued && !slot.has_values &&
        std::all_of(columns.begin(), columns.end(), [](const SlotColumn* column) {
          return column->keys.size() + 1 == column->offsets.size();
        });
    if (one_key_rows) {
      AppendOneKeyRows(columns, refs, to);
    } else {
      AppendSlot(columns, refs, slot.has_values, to);
    }
    ++index;
  }
  for (size_t n = 0; n < out->numerics.size(); ++n) {
    std::vector<float>& to = out->numerics[n];
    for (const RowRef ref : refs) to.push_back(sources[ref.source]->numerics[n][ref.row]);
  }
  out->rows += static_cast<uint32_t>(refs.size());
}

}  // namespace chorus::worker
