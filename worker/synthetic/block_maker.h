#pragma once
// Makes any block of a generated log, independently of the others. Block k holds the exposures
// [k block_rows, (k + 1) block_rows). A request that crosses the end of a block has its context in
// both blocks. Thread safety: Make may be called by many threads.

#include <cstdint>
#include <vector>

#include "worker/log/batch.h"
#include "worker/log/oracle_row.h"
#include "worker/synthetic/features.h"
#include "worker/synthetic/world.h"

namespace chorus::worker {

struct GeneratedBlock {
  Batch batch;                                // observed labels: r = click * y1
  std::vector<uint8_t> potential_conversion;  // [rows] y1: whether it would convert if clicked
  std::vector<OracleRow> oracle;              // [rows]
};

class BlockMaker {
 public:
  // `world` must outlive the maker.
  explicit BlockMaker(const World& world);
  const LogSchema& schema() const { return features_.schema(); }
  uint64_t blocks() const;
  void Make(uint64_t block, GeneratedBlock* out) const;

 private:
  void AddLabels(uint64_t exposure, const Logits& logits, GeneratedBlock* out) const;

  const World& world_;
  const uint64_t stream_;
  FeatureWriter features_;
};

}  // namespace chorus::worker
