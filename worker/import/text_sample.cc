#include "worker/import/text_sample.h"

#include "common/strings.h"
#include "worker/import/cell_text.h"
#include "worker/import/text_dialect.h"

namespace chorus::worker {
namespace {

constexpr size_t kLinesToGuessFrom = 200;
constexpr uint64_t kMostCells = 4'000'000;  // in memory at once

CellRules DefaultRules() {
  ImportSchema schema;
  schema.set_trim(true);
  return CellRules(schema);
}

}  // namespace

Result<TextSample> TakeSample(const std::vector<TextInput>& inputs, uint64_t most_rows) {
  ASSIGN_OR_RETURN(const std::vector<std::string> lines, FirstLines(inputs, kLinesToGuessFrom));
  TextSample sample;
  sample.format = GuessFormat(lines);
  ASSIGN_OR_RETURN(const auto table, TextTable::Open(inputs, sample.format));
  sample.columns = table->columns();
  const CellRules rules = DefaultRules();
  while (sample.rows.size() < most_rows &&
         sample.rows.size() * sample.columns.size() < kMostCells) {
    ASSIGN_OR_RETURN(const bool got, table->Next());
    sample.whole = !got;
    if (!got) break;
    if (!table->malformed().ok()) {
      ++sample.malformed;
      continue;
    }
    std::vector<std::string>& row = sample.rows.emplace_back();
    for (const std::string_view cell : table->cells()) {
      const CellRules::Cell read = rules.Read(cell);
      row.emplace_back(read.missing ? std::string_view() : read.text);
    }
  }
  if (!sample.rows.empty()) return sample;
  return InvalidArgument(StrCat(inputs[0].name, ": found no row of ", sample.columns.size(),
                                " cells behind the first line"));
}

}  // namespace chorus::worker
