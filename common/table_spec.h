#pragma once
// The tables of a job as servers and workers number them. An objective may ask for several
// embedding groups (BASE: one for its CVR tower, one for its CTR tower); each configured table then
// exists once per group, as one table instance in each.
// Thread safety: values.

#include <cstdint>
#include <string>
#include <vector>

#include "common/config.pb.h"

namespace chorus {

struct TableSpec {
  std::string name;  // "default"; in later groups "default@ctr"
  // SpaceSeed(name). It is the table's number in random draws, so that adding a table changes no
  // initial value of another.
  uint64_t name_hash = 0;
  TableConfig config;  // complete (config.h)
};

// Table instances, group by group: instance = group * configured tables + table.
// REQUIRES: `config` is complete (config.h).
std::vector<TableSpec> TablesOf(const TrainConfig& config, const std::vector<std::string>& groups);

}  // namespace chorus
