#include "launch/serving/served_table.h"

#include <bit>
#include <utility>

#include "common/finite.h"
#include "common/strings.h"
#include "ps/initializer.h"

namespace chorus::launch {

Result<ServedTable> ServedTable::Make(const TableSpec& spec, uint64_t seed, std::vector<Key> keys,
                                      std::vector<float> weights) {
  for (size_t i = 1; i < keys.size(); ++i) {
    if (keys[i - 1] >= keys[i]) {
      return DataLoss(StrCat("key ", i, " is not above the one before; expected: ascending keys"));
    }
  }
  if (keys.size() >= kNoRow) {
    return DataLoss(StrCat(keys.size(), " rows; expected: at most ", kNoRow - 1));
  }
  if (!AllFinite(weights)) return DataLoss("a weight is not finite");
  ServedTable table;
  table.spec_ = spec;
  table.seed_ = seed;
  table.dim_ = spec.config.dim();
  table.unseen_is_zero_ = spec.config.unseen() == TableConfig::ZERO;
  table.keys_ = std::move(keys);
  table.weights_ = std::move(weights);
  table.zeros_.assign(table.dim_, 0.0f);
  table.Index();
  return table;
}

void ServedTable::Index() {
  places_.assign(std::bit_ceil(2 * keys_.size() + 2), kNoRow);
  mask_ = places_.size() - 1;
  for (uint32_t row = 0; row < keys_.size(); ++row) {
    uint64_t at = keys_[row] & mask_;
    while (places_[at] != kNoRow) at = (at + 1) & mask_;
    places_[at] = row;
  }
}

void ServedTable::FillInitial(Key key, float* row) const {
  ps::Initializer(seed_, spec_).Fill(key, row);
}

}  // namespace chorus::launch
