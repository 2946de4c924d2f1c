#include "common/job.h"

#include <string>

#include "common/file.h"
#include "common/strings.h"

namespace chorus {

uint64_t TablesFingerprint(const std::vector<TableSpec>& tables) {
  std::string text;
  for (const TableSpec& table : tables) {
    const std::string config = table.config.SerializeAsString();  // no maps: one encoding a message
    text +=
        StrCat(table.name.size(), " ", table.name, " ", table.name_hash, " ", config.size(), " ");
    text += config;
  }
  return Checksum(text);
}

}  // namespace chorus
