#pragma once
// The rules by which the files of one log were imported: against each other, and against those of
// the model that the log is read for. Thread safety: a value.

#include <set>
#include <string>
#include <vector>

#include "common/status.h"
#include "worker/log/batch.h"
#include "worker/log/cell_rules.h"

namespace chorus::worker {

class FileRules {
 public:
  // The next file, whose columns are `stored`.  model: null, or of the model.  Error:
  // kFailedPrecondition when the file makes other ids or numbers of the same cells than the first
  // file that knows its rules. One that does not know them is taken as it is.
  Status Add(const std::string& path, const LogSchema& stored, const LogSchema* model);

  // Files whose rules are not those of the model, or else of the first file; then they differ in
  // separators alone.
  const std::vector<OtherRules>& others() const { return others_; }

 private:
  std::string first_path_;          // "": no file knew its rules yet
  LogSchema first_;                 // its text alone
  std::set<std::string> seen_;      // LogSchema.text of all files
  std::vector<OtherRules> others_;  // one for each of texts_
  std::vector<std::string> texts_;  // LogSchema.text
};

}  // namespace chorus::worker
