#pragma once
// Counts rows whose id an earlier row has, in bounded memory: exactly while the ids fit, and beyond
// that from a share of them, which is halved whenever they would not fit.
// Thread safety: none.

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace chorus::worker {

// What was counted.
struct RepeatedRows {
  uint64_t rows = 0;       // have an id that an earlier row has
  uint32_t halvings = 0;   // 0: `rows` is exact; else an estimate from one id in 2^halvings
  std::string first = {};  // where the first of them is; "" where nobody said

  std::string Count() const;  // "12 rows", "about 4096 rows (counted for one id in 8)"
  std::string Have() const;   // "1 row has", "12 rows have"
};

class RepeatedIds {
 public:
  // 256 MB, and twice that while they grow: exact up to 25 million distinct ids.
  static constexpr size_t kMostPlaces = size_t{1} << 25;

  // most_places: of 8 bytes each, a power of two.
  explicit RepeatedIds(size_t most_places = kMostPlaces) : most_places_(most_places) {}

  // Whether an earlier row has this id; false, too, when ids of its share are not looked at.
  bool Add(uint64_t id);

  // first: where the first such row is, for RepeatedRows::first.
  RepeatedRows Counted(std::string first = "") const {
    return {count_, halvings_, std::move(first)};
  }

 private:
  // One id in 2^halvings_.
  bool IsLookedAt(uint64_t hash) const { return (hash & ((uint64_t{1} << halvings_) - 1)) == 0; }
  bool Insert(uint64_t hash);  // false: it is there
  void Grow();

  const size_t most_places_;
  std::vector<uint64_t> places_;  // open addressing by the high bits of hashes; 0 = free
  size_t filled_ = 0;
  bool has_zero_ = false;  // the id whose hash is 0
  uint32_t halvings_ = 0;
  uint64_t count_ = 0;
};

}  // namespace chorus::worker
