#include "worker/import/column_index.h"

#include <algorithm>

#include "common/strings.h"
#include "worker/import/delimited_row.h"
#include "worker/import/header_hint.h"
#include "worker/import/wildcard.h"

namespace chorus::worker {

ColumnIndex::ColumnIndex(const std::vector<std::string>& columns) : columns_(columns) {
  for (uint32_t i = 0; i < columns_.size(); ++i) by_name_[columns_[i]].push_back(i);
}

Result<ColumnIndex> ColumnIndex::Make(const ImportSchema& schema, bool excluded_may_lack,
                                      const std::vector<std::string>& columns) {
  ColumnIndex index(columns);
  for (const std::string& pattern : schema.exclude()) {
    RETURN_IF_ERROR(index.Exclude(pattern, excluded_may_lack));
  }
  std::vector<std::string> named = {schema.click(), schema.conversion(), schema.row_id(),
                                    schema.group(), schema.time(),       schema.weight()};
  for (const ColumnSlot& slot : schema.slot()) {
    named.push_back(slot.column());
    named.push_back(slot.value_column());  // "": none
  }
  for (const ColumnNumeric& numeric : schema.numeric()) named.push_back(numeric.column());
  for (const std::string& name : named) {
    const auto found = index.by_name_.find(name);
    if (name.empty() || found == index.by_name_.end()) continue;
    index.named_.insert(found->second.begin(), found->second.end());
  }
  return index;
}

Status ColumnIndex::Exclude(const std::string& pattern, bool may_lack) {
  // A column may have "*" or "?" in its own name: it is then meant itself.
  if (const auto found = by_name_.find(pattern); found != by_name_.end()) {
    excluded_.insert(found->second.begin(), found->second.end());
    return Status::Ok();
  }
  if (!HasWildcard(pattern) && !may_lack) return NotThere("exclude", pattern);
  for (uint32_t i = 0; i < columns_.size(); ++i) {
    if (MatchesWildcard(pattern, columns_[i])) excluded_.insert(i);
  }
  return Status::Ok();
}

Status ColumnIndex::NotThere(const std::string& field, const std::string& name) const {
  constexpr size_t kNames = 30;
  std::vector<std::string> names;
  for (size_t i = 0; i < std::min(kNames, columns_.size()); ++i) {
    names.push_back(Shown(columns_[i]));
  }
  if (columns_.size() > kNames) names.push_back("...");
  return InvalidArgument(StrCat(field, ": there is no column ", Shown(name), "; its columns are ",
                                Join(names, ", "), HeaderHint(name, columns_)));
}

Status ColumnIndex::CheckOnce(const std::string& field, uint32_t column) const {
  const std::vector<uint32_t>& places = by_name_.at(columns_[column]);
  if (places.size() == 1) return Status::Ok();
  return InvalidArgument(StrCat(field, ": the header names column ", Shown(columns_[column]),
                                " twice, as column ", places[0] + 1, " and ", places[1] + 1,
                                ": rename one, or leave both out with exclude"));
}

Result<uint32_t> ColumnIndex::Find(const std::string& field, const std::string& name) {
  const auto found = by_name_.find(name);
  if (found == by_name_.end()) return NotThere(field, name);
  const uint32_t column = found->second.front();
  RETURN_IF_ERROR(CheckOnce(field, column));
  if (excluded_.contains(column)) {
    return InvalidArgument(StrCat(field, ": column ", Shown(name), " is in exclude too"));
  }
  used_.insert(column);
  return column;
}

Result<std::vector<uint32_t>> ColumnIndex::FindAll(const std::string& field,
                                                   const std::string& pattern) {
  std::vector<uint32_t> found;
  for (uint32_t i = 0; i < columns_.size(); ++i) {
    if (!MatchesWildcard(pattern, columns_[i]) || !IsNamed(i) || named_.contains(i) ||
        excluded_.contains(i) || used_.contains(i)) {
      continue;
    }
    RETURN_IF_ERROR(CheckOnce(field, i));
    found.push_back(i);
  }
  if (found.empty()) return NotThere(field, pattern);
  used_.insert(found.begin(), found.end());
  return found;
}

Result<std::vector<uint32_t>> ColumnIndex::TakeOthers() {
  std::vector<uint32_t> others;
  for (uint32_t i = 0; i < columns_.size(); ++i) {
    if (used_.contains(i) || excluded_.contains(i) || !IsNamed(i)) continue;
    // A name that comes twice would make two features of one name.
    RETURN_IF_ERROR(CheckOnce("other_columns_are_slots", i));
    others.push_back(i);
  }
  used_.insert(others.begin(), others.end());
  return others;
}

bool ColumnIndex::IsNamed(uint32_t column) const {
  constexpr std::string_view kPandasIndex = "Unnamed: ";
  const std::string& name = columns_[column];
  return !name.empty() && !(name.starts_with(kPandasIndex) &&
                            ParseUint64(name.substr(kPandasIndex.size())).has_value());
}

std::vector<std::string> ColumnIndex::Unused() const {
  std::vector<std::string> unused;
  for (uint32_t i = 0; i < columns_.size(); ++i) {
    if (used_.contains(i)) continue;
    unused.push_back(columns_[i].empty() ? StrCat("column ", i + 1, " (no name)")
                                         : Shown(columns_[i]));
  }
  return unused;
}

}  // namespace chorus::worker
