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
    const auto count = [&](const SlotInput& slot, const SlotColumn& column,
                           const std::vector<uint32_t>& positions, bool context, Count* out) {
      for (size_t row = 0; row + 1 < column.offsets.size(); ++row) {
        const uint32_t times = context ? exposures[row] : 1;
        for (uint32_t i = column.offsets[row]; i < column.offsets[row + 1]; ++i) {
          out->ids += times;
          if (seen_[slot.table][positions[i]] == 0) out->unseen += times;
        }
      }
    };
    for (size_t s = 0; s < context_.size(); ++s) {
      const SlotInput& slot = inputs_.contexts.slots[s];
      count(slot, grain.contexts.slots[slot.column], batch.positions[g].context[slot.read], true,
            &context_[s]);
    }
    for (size_t s = 0; s < exposure_.size(); ++s) {
      const SlotInput& slot = inputs_.exposures.slots[s];
      count(slot, grain.exposures.slots[slot.column], batch.positions[g].exposure[slot.read], false,
            &exposure_[s]);
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
    const SlotInput& slot = side[place];
    const auto end = side.begin() + static_cast<int64_t>(place);
    const bool again = std::any_of(
        side.begin(), end, [&](const SlotInput& other) { return other.column == slot.column; });
    if (again) continue;  // its ids have been told of
    SlotUse use;
    use.set_name(slot.name);
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
