#include "worker/steps/sparse_lookup.h"

#include <algorithm>
#include <utility>

#include "common/check.h"

namespace chorus::worker {
namespace {

constexpr size_t kFewestEntries = 1024;  // a power of two
constexpr size_t kAhead = 16;            // keys whose entries are prefetched before their turn

}  // namespace

// A set is cleared for every step. Counting rounds frees all entries at once; they are written only
// when the 32-bit count starts again at 0.
void SparseLookup::Numbering::Clear() {
  keys_.clear();
  if (entries_.empty() || ++round_ == 0) {
    entries_.assign(std::max(entries_.size(), kFewestEntries), Entry());
    round_ = 1;
  }
}

// The set is larger than the caches, so that nearly every look-up of a new key waits for memory.
// The keys are known ahead: prefetching lets these waits overlap.
void SparseLookup::Numbering::AddNumbers(const std::vector<Key>& keys,
                                         std::vector<uint32_t>* numbers) {
  const size_t first = numbers->size();
  numbers->resize(first + keys.size());
  const size_t far = keys.size() - std::min(keys.size(), kAhead);
  for (size_t i = 0; i < keys.size(); ++i) {
    if (i < far) __builtin_prefetch(&entries_[keys[i + kAhead] & (entries_.size() - 1)], 1);
    (*numbers)[first + i] = NumberOf(keys[i]);
  }
}

uint32_t SparseLookup::Numbering::NumberOf(Key key) {
  if (keys_.size() * 2 >= entries_.size()) Grow();
  const size_t mask = entries_.size() - 1;
  // Keys are hashes already (common/key.h), so that their low bits can serve as the place.
  for (size_t i = key & mask;; i = (i + 1) & mask) {
    Entry& entry = entries_[i];
    if (entry.round != round_) {
      entry = {key, static_cast<uint32_t>(keys_.size()), round_};
      keys_.push_back(key);
      return entry.number;
    }
    if (entry.key == key) return entry.number;
  }
}

void SparseLookup::Numbering::Grow() {
  entries_.assign(entries_.size() * 2, Entry());
  const size_t mask = entries_.size() - 1;
  for (size_t number = 0; number < keys_.size(); ++number) {
    size_t i = keys_[number] & mask;
    while (entries_[i].round == round_) i = (i + 1) & mask;
    entries_[i] = {keys_[number], static_cast<uint32_t>(number), round_};
  }
}

SparseLookup::SparseLookup(SlotReads slot_reads, uint32_t tables, uint32_t shards)
    : slot_reads_(std::move(slot_reads)), shards_(shards), numberings_(tables), order_(tables) {}

// A counting sort. Servers own whole shards, so that the keys for one server are then whole ranges
// of out->keys.
void SparseLookup::GroupByShard(const Numbering& numbering, TableKeys* out) {
  const std::vector<Key>& keys = numbering.keys();
  std::vector<uint32_t>& order = order_[static_cast<size_t>(&numbering - numberings_.data())];
  out->shard_counts.assign(shards_, 0);
  for (const Key key : keys) ++out->shard_counts[ShardOf(key, shards_)];
  std::vector<uint32_t> next(shards_, 0);
  for (uint32_t s = 1; s < shards_; ++s) next[s] = next[s - 1] + out->shard_counts[s - 1];
  out->keys.resize(keys.size());
  order.resize(keys.size());
  for (size_t number = 0; number < keys.size(); ++number) {
    const uint32_t position = next[ShardOf(keys[number], shards_)]++;
    out->keys[position] = keys[number];
    order[number] = position;
  }
}

void SparseLookup::Resolve(const std::vector<Batch>& grains, std::vector<TableKeys>* keys,
                           std::vector<GrainPositions>* positions) {
  // Positions are known only when all keys are: a key's shard decides its place, and the shards'
  // sizes are known at the end. So the first pass writes numbers, and the second turns them into
  // positions, which is cheaper than to look every key up a second time.
  for (Numbering& numbering : numberings_) numbering.Clear();
  keys->resize(numberings_.size());
  positions->resize(grains.size());
  const auto each_read = [&](auto&& visit) {
    for (size_t g = 0; g < grains.size(); ++g) {
      const auto side = [&](const FeatureColumns& columns, const std::vector<SlotRead>& reads,
                            std::vector<std::vector<uint32_t>>* out) {
        out->resize(reads.size());
        for (size_t r = 0; r < reads.size(); ++r) {
          CHECK(reads[r].column < columns.slots.size(), "slots=", columns.slots.size());
          visit(columns.slots[reads[r].column], reads[r].table, &(*out)[r]);
        }
      };
      side(grains[g].contexts, slot_reads_.context, &(*positions)[g].context);
      side(grains[g].exposures, slot_reads_.exposure, &(*positions)[g].exposure);
    }
  };
  each_read([&](const SlotColumn& column, uint32_t table, std::vector<uint32_t>* out) {
    out->clear();
    numberings_[table].AddNumbers(column.keys, out);
  });
  for (size_t t = 0; t < numberings_.size(); ++t) GroupByShard(numberings_[t], &(*keys)[t]);
  each_read([&](const SlotColumn&, uint32_t table, std::vector<uint32_t>* out) {
    for (uint32_t& position : *out) position = order_[table][position];
  });
}

}  // namespace chorus::worker
