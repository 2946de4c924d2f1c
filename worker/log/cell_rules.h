#pragma once
// The rules by which an import made features of cells, as logs and models know them
// (LogSchema.text), and where two of them differ: the same cell would be other ids or other
// numbers. What is no rule of a cell does not count: kinds and delimiters of files, names of
// columns in them, bad rows, and min_count, which leaves out ids that a model never sees either.
// Kinds of columns, sides, key spaces and means are the columns' own (column_map.h).
// Thread safety: pure functions.

#include <cstdint>
#include <string>
#include <vector>

#include "common/status.h"
#include "worker/log/batch.h"

namespace chorus {
class ImportSchema;
}

namespace chorus::worker {

// Lines "slot tags: max_ids: 5 | 0", of features that both sides have, by the features' names.
struct RuleDifferences {
  // The same cell is other ids or numbers.
  std::vector<std::string> made;
  // Separators: right where each text was written so.
  std::vector<std::string> written;

  bool empty() const { return made.empty() && written.empty(); }
};

// What `schema` says about the cells of every column, whatever that becomes, and nothing else: no
// column, no format.
ImportSchema RulesOfCells(const ImportSchema& schema);

// a, b: as LogSchema.text has them; what they leave out has its default.
RuleDifferences DifferingRules(const ImportSchema& a, const ImportSchema& b);
// So too of two schemas. None where one of them knows nothing of text.  Error: kDataLoss, a text
// does not parse.
Result<RuleDifferences> DifferingRules(const LogSchema& a, const LogSchema& b);

// Files of a log that were imported by other rules than what the log is read for.
struct OtherRules {
  std::string file;         // the first of them
  uint64_t more_files = 0;  // with the same rules
  RuleDifferences differences = {};
};

// What a person is told of it, a sentence a line. `whose`: the other side, "the model".
std::vector<std::string> DoubtsOf(const OtherRules& other, const std::string& whose);

}  // namespace chorus::worker
