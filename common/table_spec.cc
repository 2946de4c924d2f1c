#include "common/table_spec.h"

#include "common/check.h"
#include "common/key.h"

namespace chorus {

std::vector<TableSpec> TablesOf(const TrainConfig& config, const std::vector<std::string>& groups) {
  CHECK(config.table_size() > 0 && !groups.empty());
  std::vector<TableSpec> tables;
  for (size_t group = 0; group < groups.size(); ++group) {
    for (const TableConfig& table : config.table()) {
      TableSpec spec;
      spec.name = group == 0 ? table.name() : table.name() + "@" + groups[group];
      spec.name_hash = SpaceSeed(spec.name);
      spec.config = table;
      tables.push_back(std::move(spec));
    }
  }
  return tables;
}

}  // namespace chorus
