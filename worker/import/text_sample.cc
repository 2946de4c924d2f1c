#include "worker/import/text_sample.h"

#include <map>
#include <string_view>

#include "common/strings.h"
#include "worker/import/cell_text.h"
#include "worker/import/delimited_row.h"
#include "worker/import/text_dialect.h"

namespace chorus::worker {
namespace {

constexpr size_t kLinesToGuessFrom = 200;

CellRules DefaultRules() {
  ImportSchema schema;
  schema.set_trim(true);
  return CellRules(schema);
}

// A column that shares its name with another one could not be named in a schema.
Status CheckNames(const std::string& input, const TextSample& sample) {
  std::map<std::string_view, size_t> first;
  for (size_t c = 0; c < sample.columns.size(); ++c) {
    const auto [known, is_new] = first.emplace(sample.columns[c], c);
    if (is_new || sample.columns[c].empty()) continue;
    return InvalidArgument(StrCat(input, ": the header names column ", Shown(sample.columns[c]),
                                  " twice, as column ", known->second + 1, " and ", c + 1,
                                  ": rename one of them or, where this line is a row and the text "
                                  "has no header, write a line of names in front of it"));
  }
  return Status::Ok();
}

}  // namespace

void TextSample::CountBytes() {
  for (const std::string& cell : rows.back()) bytes += sizeof(cell) + cell.size();
}

Result<TextSample> TakeSample(const std::vector<TextInput>& inputs, uint64_t most_rows,
                              uint64_t most_bytes) {
  ASSIGN_OR_RETURN(const std::vector<std::string> lines, FirstLines(inputs, kLinesToGuessFrom));
  TextSample sample;
  sample.format = GuessFormat(lines);
  ASSIGN_OR_RETURN(const auto table, TextTable::Open(inputs, sample.format));
  sample.columns = table->columns();
  RETURN_IF_ERROR(CheckNames(inputs[0].name, sample));
  Status first_malformed;
  const CellRules rules = DefaultRules();
  sample.missing.resize(sample.columns.size());
  while (sample.rows.size() < most_rows && sample.bytes < most_bytes) {
    ASSIGN_OR_RETURN(const bool got, table->Next());
    sample.whole = !got;
    if (!got) break;
    if (!table->malformed().ok()) {
      if (sample.malformed == 0) first_malformed = table->malformed();
      ++sample.malformed;
      continue;
    }
    std::vector<std::string>& row = sample.rows.emplace_back();
    for (const std::string_view cell : table->cells()) {
      const CellRules::Cell read = rules.Read(cell);
      if (read.missing && !read.text.empty()) {
        ++sample.missing[row.size()][std::string(read.text)];
      }
      row.emplace_back(read.missing ? std::string_view() : read.text);
    }
    sample.CountBytes();
  }
  if (!sample.rows.empty()) return sample;
  return InvalidArgument(StrCat(inputs[0].name, ": found no row of ", sample.columns.size(),
                                " cells behind the first line",
                                first_malformed.ok() ? "" : ": " + first_malformed.message()));
}

}  // namespace chorus::worker
