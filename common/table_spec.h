#pragma once
// The tables of a job as servers and workers number them. An objective may ask for several
// embedding groups (BASE: one for its CVR tower, one for its CTR tower); each configured table then
// exists once a group. Thread safety: values.

#include <cstdint>
#include <string>
#include <vector>

#include "common/config.pb.h"

namespace chorus {

struct TableSpec {
  std::string name;        // "default"; of later groups "default@ctr"
  uint64_t name_hash = 0;  // SpaceSeed(name): stands for the table in random draws, so that adding
                           // a table changes no other table's initial values
  TableConfig config;      // with defaults applied
};

// Table instances, group by group: instance = group * configured tables + table.
// REQUIRES: `config` has passed validation (at least one table; defaults applied).
std::vector<TableSpec> TablesOf(const TrainConfig& config, const std::vector<std::string>& groups);

}  // namespace chorus
