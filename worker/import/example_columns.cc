#include "worker/import/example_columns.h"

#include <utility>

#include "common/strings.h"
#include "worker/import/delimited_row.h"

namespace chorus::worker {

ExampleColumns::ExampleColumns(const std::vector<std::string>& names,
                               std::vector<FeatureKind> kinds, const std::vector<uint32_t>& read)
    : kinds_(std::move(kinds)),
      is_read_(names.size(), false),
      read_(read),
      values_(names.size()),
      seen_in_(names.size(), 0),
      columns_(names.size()) {
  for (uint32_t i = 0; i < names.size(); ++i) by_name_.emplace(names[i], i);
  for (const uint32_t column : read) is_read_[column] = true;
  Clear();
}

void ExampleColumns::Clear() {
  for (const uint32_t column : read_) values_[column].Clear(kinds_[column]);
}

Status ExampleColumns::Add(std::string_view record) {
  ++row_;
  const Status status =
      ForEachFeature(record, [this](const RawFeature& feature) { return AddFeature(feature); });
  for (const uint32_t column : read_) values_[column].EndRow();
  return status;
}

Status ExampleColumns::AddFeature(const RawFeature& feature) {
  const auto found = by_name_.find(feature.name);
  if (found == by_name_.end()) {
    unread_.Count(feature.name);
    return Status::Ok();
  }
  const uint32_t column = found->second;
  if (!is_read_[column]) return Status::Ok();
  const auto wrong = [&](std::string_view why) {
    return InvalidArgument(StrCat("feature ", Shown(feature.name), why));
  };
  if (std::exchange(seen_in_[column], row_) == row_) return wrong(" is there twice");
  Values& values = values_[column];
  if (ReadFeature(feature, &values)) return Status::Ok();
  if (values.refused() == FeatureKind::kNone) return wrong(" is cut off");
  return wrong(StrCat(": found ", NameOf(values.refused()), ", expected ", NameOf(values.kind()),
                      ", as in other records"));
}

const std::vector<ValueColumn>& ExampleColumns::columns() {
  for (const uint32_t column : read_) columns_[column] = values_[column].View();
  return columns_;
}

void ExampleColumns::Values::Clear(FeatureKind kind) {
  kind_ = kind;
  refused_ = FeatureKind::kNone;
  integers_.clear();
  floats_.clear();
  bytes_.clear();
  text_ends_.assign(1, 0);
  row_ends_.assign(1, 0);
}

bool ExampleColumns::Values::Begin(FeatureKind kind) {
  if (kind_ == FeatureKind::kNone) kind_ = kind;
  refused_ = kind == kind_ ? FeatureKind::kNone : kind;
  return kind == kind_;
}

void ExampleColumns::Values::EndRow() {
  const size_t end = kind_ == FeatureKind::kBytes    ? text_ends_.size() - 1
                     : kind_ == FeatureKind::kFloats ? floats_.size()
                                                     : integers_.size();
  row_ends_.push_back(static_cast<int64_t>(end));
}

ValueColumn ExampleColumns::Values::View() const {
  switch (kind_) {
    case FeatureKind::kBytes:
      return ValueColumn::OfLists(row_ends_.data(),
                                  ValueColumn::OfTexts(text_ends_.data(), bytes_.data()));
    case FeatureKind::kFloats:
      return ValueColumn::OfLists(row_ends_.data(), ValueColumn::OfFloats(floats_.data()));
    case FeatureKind::kIntegers:
      return ValueColumn::OfLists(row_ends_.data(), ValueColumn::OfIntegers(integers_.data()));
    case FeatureKind::kNone:
      break;
  }
  return {};
}

}  // namespace chorus::worker
