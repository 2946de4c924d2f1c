#pragma once
// The rows of one table instance of an export, by key.
// Thread safety: const methods from any thread.

#include <cstdint>
#include <vector>

#include "common/key.h"
#include "common/status.h"
#include "common/table_spec.h"

namespace chorus::launch {

class ServedTable {
 public:
  // keys: ascending. weights: [keys, dim], finite. Error: kDataLoss when they are not like that;
  // the message does not name the table.
  static Result<ServedTable> Make(const TableSpec& spec, uint64_t seed, std::vector<Key> keys,
                                  std::vector<float> weights);

  uint32_t dim() const { return dim_; }
  // [dim]; null for a key that training has not seen.
  const float* Find(Key key) const {
    for (uint64_t at = key & mask_;; at = (at + 1) & mask_) {
      const uint32_t row = places_[at];
      if (row == kNoRow) return nullptr;
      if (keys_[row] == key) return weights_.data() + uint64_t{row} * dim_;
    }
  }
  // Prefetches the memory that Find will read first.
  void Prefetch(Key key) const { __builtin_prefetch(&places_[key & mask_]); }
  // The row of a key that training has not seen, [dim]: zeros, or its initial value.
  bool unseen_is_zero() const { return unseen_is_zero_; }
  const float* zeros() const { return zeros_.data(); }
  void FillInitial(Key key, float* row) const;

 private:
  static constexpr uint32_t kNoRow = UINT32_MAX;
  ServedTable() = default;
  void Index();

  TableSpec spec_;
  uint64_t seed_ = 0;
  uint32_t dim_ = 0;
  bool unseen_is_zero_ = true;
  std::vector<Key> keys_;
  std::vector<float> weights_;
  std::vector<float> zeros_;
  // An index of rows by open addressing, without hashing, since keys are hashes already. Its size
  // is a power of two, and it is at most half full.
  std::vector<uint32_t> places_;
  uint64_t mask_ = 0;
};

}  // namespace chorus::launch
