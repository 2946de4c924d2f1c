#pragma once
// Columns of a log are matched with those of a model, or of another log, by name: their order never
// matters. Thread safety: a value; Apply may be called by many threads.

#include <cstdint>
#include <string>
#include <vector>

#include "common/status.h"
#include "worker/log/batch.h"

namespace chorus::worker {

class ColumnMap {
 public:
  // How the columns of `log` become those of `wanted`, in the order of `wanted`. Error:
  // kFailedPrecondition when a column is missing, or differs in kind (slot or numeric), side, key
  // space, values, or normalisation: names the column and says what both sides have.
  static Result<ColumnMap> Make(const LogSchema& wanted, const LogSchema& log);

  // Whether nothing moves: both have the same columns in the same order.
  bool is_identity() const { return identity_; }
  // Names of the log's columns that `wanted` does not have; Apply drops them.
  const std::vector<std::string>& ignored() const { return ignored_; }

  // Puts the columns of a batch of the log into the order of `wanted`.
  void Apply(Batch* batch) const;

 private:
  // Of one side of a batch: which of its columns comes i-th.
  struct Side {
    std::vector<uint32_t> slots;
    std::vector<uint32_t> numerics;
  };
  static void Apply(const Side& side, FeatureColumns* columns);

  Side contexts_;
  Side exposures_;
  bool identity_ = true;
  std::vector<std::string> ignored_;
};

}  // namespace chorus::worker
