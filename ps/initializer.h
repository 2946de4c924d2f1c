#pragma once
// Initial weights. They are a function of (seed, table, key, lane) and of nothing else, so that a
// row is the same whoever creates it, whenever, and in whatever order.
// Thread safety: const after construction; any thread.

#include <cstdint>

#include "common/key.h"
#include "common/table_spec.h"

namespace chorus::ps {

class Initializer {
 public:
  // normal:   mean + stddev * ToNormal(Random(seed, kRowInitializer, table.name_hash, key, lane))
  // uniform:  scale * (2 ToUniform(the same) - 1)
  // constant: its value
  // REQUIRES: table.config is complete (common/config.h).
  Initializer(uint64_t seed, const TableSpec& table);

  void Fill(Key key, float* weights) const;  // weights: [dim]

 private:
  enum class Kind { kNormal, kUniform, kConstant };

  uint64_t seed_;
  uint64_t name_hash_;
  uint32_t dim_;
  Kind kind_ = Kind::kConstant;
  double center_ = 0;
  double spread_ = 0;
};

}  // namespace chorus::ps
