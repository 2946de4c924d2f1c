#pragma once
// Tables for the tests of servers.
// Thread safety: pure functions.

#include <vector>

#include "common/check.h"
#include "common/config.h"
#include "common/table_spec.h"

namespace chorus::ps::testing {

constexpr uint64_t kSeed = 7;

// The table instances of a job that has these tables and is complete.
inline std::vector<TableSpec> Complete(TrainConfig config) {
  const Status finished = FinishTrainConfig("test", &config);
  CHECK(finished.ok(), finished.message());
  return TablesOf(config, {""});
}
inline TableSpec Complete(const TableConfig& table) {
  TrainConfig config;
  *config.add_table() = table;
  return Complete(config)[0];
}

inline std::vector<TableSpec> TestTables() {
  TrainConfig config;
  TableConfig* const a = config.add_table();
  a->set_name("a");
  a->set_dim(5);
  TableConfig* const b = config.add_table();
  b->set_name("b");
  b->set_dim(3);
  b->mutable_optimizer()->mutable_adam()->set_lr(0.01);
  b->set_clip_norm(1.5);
  b->set_weight_decay(0.01);
  return Complete(config);
}

}  // namespace chorus::ps::testing
