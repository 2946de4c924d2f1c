#include "worker/train/slot_use.h"

#include <algorithm>
#include <cstring>
#include <string>

namespace chorus::worker {
namespace {

// The instance of a configured table that a step reads: of the groups of later stages none is.
size_t InstanceOf(const StepBatch& batch, uint32_t table, uint32_t tables) {
  size_t instance = table;
  while (instance + tables < batch.keys.size() && batch.keys[instance].keys.empty()) {
    instance += tables;
  }
  return instance;
}

bool IsFirstOfColumn(const std::vector<SlotInput>& slots, size_t slot) {
  return std::none_of(slots.begin(), slots.begin() + static_cast<int64_t>(slot),
                      [&](const SlotInput& other) { return other.column == slots[slot].column; });
}

// The slots whose tables tell whether an id of the column was trained: those that are trained; if
// none is, all that read it.
std::vector<const SlotInput*> JudgesOf(const std::vector<SlotInput>& slots, uint32_t column) {
  std::vector<const SlotInput*> all, trained;
  for (const SlotInput& slot : slots) {
    if (slot.column != column) continue;
    all.push_back(&slot);
    if (slot.trained) trained.push_back(&slot);
  }
  return trained.empty() ? all : trained;
}

}  // namespace

void SlotCounter::Add(const StepBatch& batch, const PulledRows& rows) {
  seen_.resize(inputs_.tables);
  for (uint32_t table = 0; table < inputs_.tables; ++table) {
    const size_t instance = InstanceOf(batch, table, inputs_.tables);
    const size_t keys = batch.keys[instance].keys.size();
    seen_[table].resize(keys);
    for (size_t i = 0; i < keys; ++i) {
      seen_[table][i] =
          rows.seen(static_cast<uint32_t>(instance), static_cast<uint32_t>(i)) ? 1 : 0;
    }
  }
  std::vector<uint32_t> exposures;  // [contexts of a grain]
  for (size_t g = 0; g < batch.grains.size(); ++g) {
    const Batch& grain = batch.grains[g];
    exposures.assign(grain.contexts.rows, 0);
    for (const uint32_t context : grain.context_of) ++exposures[context];
    CountSide(inputs_.contexts.slots, grain.contexts.slots, batch.positions[g].context, &exposures,
              &context_);
    CountSide(inputs_.exposures.slots, grain.exposures.slots, batch.positions[g].exposure, nullptr,
              &exposure_);
  }
}

void SlotCounter::CountSide(const std::vector<SlotInput>& slots,
                            const std::vector<SlotColumn>& columns,
                            const std::vector<std::vector<uint32_t>>& positions,
                            const std::vector<uint32_t>* times, std::vector<Count>* out) const {
  for (size_t s = 0; s < slots.size(); ++s) {
    if (!IsFirstOfColumn(slots, s)) continue;
    const std::vector<const SlotInput*> readers = JudgesOf(slots, slots[s].column);
    const auto is_seen = [&](uint32_t i) {
      return std::any_of(readers.begin(), readers.end(), [&](const SlotInput* reader) {
        return seen_[reader->table][positions[reader->read][i]] != 0;
      });
    };
    const SlotColumn& column = columns[slots[s].column];
    for (size_t row = 0; row + 1 < column.offsets.size(); ++row) {
      const uint32_t exposures = times == nullptr ? 1 : (*times)[row];
      for (uint32_t i = column.offsets[row]; i < column.offsets[row + 1]; ++i) {
        (*out)[s].ids += exposures;
        if (!is_seen(i)) (*out)[s].unseen += exposures;
      }
    }
  }
}

Result<std::vector<SlotUse>> SlotCounter::Sum(Collective* collective) const {
  std::vector<Count> counts = context_;
  counts.insert(counts.end(), exposure_.begin(), exposure_.end());
  std::string bytes(counts.size() * sizeof(Count), '\0');
  if (!counts.empty()) std::memcpy(bytes.data(), counts.data(), bytes.size());
  ASSIGN_OR_RETURN(const std::vector<std::string> parts, collective->Gather(bytes, 0));
  std::vector<SlotUse> out;
  if (collective->rank() != 0) return out;
  for (size_t s = 0; s < counts.size(); ++s) {
    const size_t contexts = context_.size();
    const std::vector<SlotInput>& side =
        s < contexts ? inputs_.contexts.slots : inputs_.exposures.slots;
    const size_t place = s < contexts ? s : s - contexts;
    if (!IsFirstOfColumn(side, place)) continue;  // its ids have been told of
    SlotUse use;
    use.set_name(side[place].log_column);
    for (const std::string& part : parts) {
      if (part.size() != bytes.size()) return Internal("slots of another worker differ");
      Count count;
      std::memcpy(&count, part.data() + s * sizeof(Count), sizeof(Count));
      use.set_ids(use.ids() + count.ids);
      use.set_unseen(use.unseen() + count.unseen);
    }
    out.push_back(std::move(use));
  }
  return out;
}

}  // namespace chorus::worker
