#include "worker/log/file_rules.h"

#include <utility>

#include "common/strings.h"

namespace chorus::worker {

Status FileRules::Add(const std::string& path, const LogSchema& stored, const LogSchema* model) {
  if (stored.text.empty()) return Status::Ok();
  if (first_path_.empty()) {
    first_path_ = path;
    first_.text = stored.text;
  }
  if (!seen_.insert(stored.text).second) {
    for (size_t i = 0; i < others_.size(); ++i) {
      if (texts_[i] == stored.text) ++others_[i].more_files;
    }
    return Status::Ok();
  }
  ASSIGN_OR_RETURN(RuleDifferences differences, DifferingRules(stored, first_));
  if (!differences.made.empty()) {
    return FailedPrecondition(
        StrCat("its text was read by other rules than that of ", first_path_,
               " (this one | that one): ", Join(differences.made, "; "),
               ": the same cells may be other ids or numbers; import both by one schema"));
  }
  if (model != nullptr) {
    ASSIGN_OR_RETURN(differences, DifferingRules(stored, *model));
  }
  if (differences.empty()) return Status::Ok();
  others_.push_back({.file = path, .differences = std::move(differences)});
  texts_.push_back(stored.text);
  return Status::Ok();
}

}  // namespace chorus::worker
