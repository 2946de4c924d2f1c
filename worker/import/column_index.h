#pragma once
// The columns of a header by name and by wildcard, and which of them have a use.
// Thread safety: none.

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "common/config.pb.h"
#include "common/status.h"

namespace chorus::worker {

class ColumnIndex {
 public:
  // Columns that the schema names exactly are out of reach of its wildcards. Error:
  // kInvalidArgument, an excluded column is not there. excluded_may_lack: that is no error, since
  // columns that tell labels are excluded from training, and are not there where there are no
  // labels yet.
  static Result<ColumnIndex> Make(const ImportSchema& schema, bool excluded_may_lack,
                                  const std::vector<std::string>& columns);

  bool Has(const std::string& name) const { return by_name_.contains(name); }
  // The column of this name, which is marked as used. Error: kInvalidArgument: it is not there, is
  // there twice, or is excluded; begins with `field`.
  Result<uint32_t> Find(const std::string& field, const std::string& name);
  // The same for a name with wildcards: every column that matches and that nothing names or has
  // used. Error: also when there is none.
  Result<std::vector<uint32_t>> FindAll(const std::string& field, const std::string& pattern);
  // Columns with a name that have no use, in order; they are marked as used.
  Result<std::vector<uint32_t>> TakeOthers();
  // The columns without a use, as messages show them: "'a'", "column 1 (no name)".
  std::vector<std::string> Unused() const;

 private:
  explicit ColumnIndex(const std::vector<std::string>& columns);
  Status Exclude(const std::string& pattern, bool may_lack);
  Status NotThere(const std::string& field, const std::string& name) const;
  Status CheckOnce(const std::string& field, uint32_t column) const;
  // Whether the name is from a person, and not one that pandas gives to its index.
  bool IsNamed(uint32_t column) const;

  std::vector<std::string> columns_;
  std::map<std::string, std::vector<uint32_t>> by_name_;
  std::set<uint32_t> excluded_;
  std::set<uint32_t> named_;  // by the schema, exactly
  std::set<uint32_t> used_;
};

}  // namespace chorus::worker
