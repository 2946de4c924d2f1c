#pragma once
// The features of a generated log: the columns of the table in README.md, which are named like the
// fields of Ali-CCP, as keys. Thread safety: read-only after construction.

#include <cstdint>
#include <vector>

#include "worker/log/batch.h"
#include "worker/synthetic/world.h"

namespace chorus::worker {

class FeatureWriter {
 public:
  // `world` must outlive the writer.
  explicit FeatureWriter(const World& world);
  const LogSchema& schema() const { return schema_; }

  // Empties the columns of *batch.
  void Begin(Batch* batch) const;
  // Appends the features of one context (and returns its row) or of one exposure. The caller
  // appends the labels.
  uint32_t AddContext(const User& user, const Scenery& scenery, Batch* batch) const;
  void AddExposure(const User& user, const Item& item, uint32_t position, Batch* batch) const;

 private:
  void AddSlot(const char* name, bool context, bool multi_valued);
  void AddHistory(uint64_t user, FeatureColumns* columns) const;

  const World& world_;
  LogSchema schema_;
  std::vector<uint64_t> context_seeds_;  // key spaces of the context's slots, in order
  std::vector<uint64_t> exposure_seeds_;
};

}  // namespace chorus::worker
