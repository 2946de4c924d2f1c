#include "ps/table.h"

#include <algorithm>
#include <cstring>

#include "common/strings.h"

namespace chorus::ps {
namespace {

// Keys in flight at once: enough to hide memory latency, few enough to stay in the first-level
// cache.
constexpr size_t kInFlight = 32;

// Prefetches the index entries of all keys, then all their rows, so that the latencies overlap.
// guesses[i]: the row that keys[i] very likely has.
void StartLookUps(std::span<const Key> keys, const KeyIndex& index, const RowArena& arena,
                  uint32_t row_bytes, uint32_t* hashes, uint32_t* guesses) {
  for (size_t i = 0; i < keys.size(); ++i) {
    hashes[i] = KeyIndex::HashOf(keys[i]);
    index.Prefetch(hashes[i]);
  }
  for (size_t i = 0; i < keys.size(); ++i) {
    guesses[i] = index.Guess(hashes[i]);
    if (guesses[i] != RowArena::kNone) PrefetchRow(arena.at(guesses[i]), row_bytes);
  }
}

}  // namespace

Status Table::LookUp(std::span<const Key> keys, uint32_t* rows, float* weights) {
  const uint32_t dim = type_->layout.dim;
  const uint32_t row_bytes = static_cast<uint32_t>(sizeof(RowHeader)) + dim * 4;
  uint32_t hashes[kInFlight];
  for (size_t begin = 0; begin < keys.size(); begin += kInFlight) {
    const auto part = keys.subspan(begin, std::min(kInFlight, keys.size() - begin));
    uint32_t* const found = rows + begin;
    StartLookUps(part, index_, arena_, row_bytes, hashes, found);
    for (size_t i = 0; i < part.size(); ++i) {
      // The result is also right if an earlier key of this part has created the row since the guess
      // was made.
      if (found[i] == RowArena::kNone || arena_.at(found[i])->key != part[i]) {
        found[i] = index_.Find(hashes[i], part[i], arena_);
        if (found[i] == RowArena::kNone) found[i] = Create(hashes[i], part[i]);
        if (found[i] == RowArena::kNone) {
          return ResourceExhausted(StrCat("table ", type_->spec.name, ": no memory for a new row"));
        }
      }
      if (weights != nullptr) {
        std::memcpy(weights + (begin + i) * dim, arena_.at(found[i])->weights(),
                    dim * sizeof(float));
      }
    }
  }
  return Status::Ok();
}

void Table::Read(std::span<const Key> keys, float* weights, uint8_t* seen) const {
  const uint32_t dim = type_->layout.dim;
  const uint32_t row_bytes = static_cast<uint32_t>(sizeof(RowHeader)) + dim * 4;
  uint32_t hashes[kInFlight];
  uint32_t found[kInFlight];
  for (size_t begin = 0; begin < keys.size(); begin += kInFlight) {
    const auto part = keys.subspan(begin, std::min(kInFlight, keys.size() - begin));
    StartLookUps(part, index_, arena_, row_bytes, hashes, found);
    for (size_t i = 0; i < part.size(); ++i) {
      float* const out = weights + (begin + i) * dim;
      const uint32_t row = index_.Find(hashes[i], part[i], arena_);
      const bool is_seen = row != RowArena::kNone && arena_.at(row)->saved();
      seen[begin + i] = is_seen ? 1 : 0;
      if (is_seen) {
        std::memcpy(out, arena_.at(row)->weights(), dim * sizeof(float));
      } else if (type_->unseen_is_zero) {
        std::fill_n(out, dim, 0.0f);
      } else {
        type_->initializer.Fill(part[i], out);
      }
    }
  }
}

RowHeader* Table::FindOrCreate(Key key) {
  const uint32_t hash = KeyIndex::HashOf(key);
  uint32_t row = index_.Find(hash, key, arena_);
  if (row == RowArena::kNone) row = Create(hash, key);
  return row == RowArena::kNone ? nullptr : arena_.at(row);
}

uint32_t Table::Create(uint32_t hash, Key key) {
  if (!index_.PrepareInsert()) return RowArena::kNone;
  const uint32_t row = arena_.Append();
  if (row == RowArena::kNone) return row;
  index_.Insert(hash, row);
  RowHeader* const header = new (arena_.at(row)) RowHeader();
  header->key = key;
  type_->InitializeFloats(key, header->weights());
  return row;
}

void Table::Clear() {
  index_.Clear();
  arena_.Clear();
}

}  // namespace chorus::ps
