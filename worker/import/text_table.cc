#include "worker/import/text_table.h"

#include <algorithm>
#include <utility>

#include "common/strings.h"

namespace chorus::worker {
namespace {
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
}  // namespace

TextTable::TextTable(std::vector<TextInput> inputs, char delimiter, bool header)
    : inputs_(std::move(inputs)), header_(header), splitter_(delimiter) {}

Result<std::unique_ptr<TextTable>> TextTable::Open(std::vector<TextInput> inputs, char delimiter,
                                                   bool header) {
  std::unique_ptr<TextTable> table(new TextTable(std::move(inputs), delimiter, header));
  RETURN_IF_ERROR(table->LearnColumns());
  return table;
}

Status TextTable::LearnColumns() {
  if (header_) return inputs_.empty() ? InvalidArgument("no input") : OpenInput();
  std::string_view line;
  ASSIGN_OR_RETURN(const bool got, NextLine(&line));
  if (!got) return InvalidArgument("the input holds no rows");
  RETURN_IF_ERROR(splitter_.Split(line).Annotate(Place()));
  for (size_t i = 0; i < cells().size(); ++i) columns_.push_back(StrCat(i));
  row_waits_ = true;
  return Status::Ok();
}

Result<bool> TextTable::Next() {
  if (std::exchange(row_waits_, false)) {
    ++next_row_;
    return true;
  }
  std::string_view line;
  ASSIGN_OR_RETURN(const bool got, NextLine(&line));
  if (!got) return false;
  ++next_row_;
  malformed_ = splitter_.Split(line);
  if (malformed_.ok() && cells().size() != columns_.size()) {
    malformed_ =
        InvalidArgument(StrCat("found ", cells().size(), " cells, expected ", columns_.size()));
  }
  return true;
}

// The next line of any input that is no header.
Result<bool> TextTable::NextLine(std::string_view* line) {
  while (true) {
    if (reader_ == nullptr) {
      if (input_ == inputs_.size()) return false;
      RETURN_IF_ERROR(OpenInput());
    }
    auto got = reader_->Next(line);
    if (!got.ok()) return got.status().Annotate(inputs_[input_].name);
    if (*got) {
      if (reader_->line_number() == 1 && line->starts_with(kByteOrderMark)) {
        line->remove_prefix(kByteOrderMark.size());
      }
      return true;
    }
    reader_.reset();
    ++input_;
  }
}

Status TextTable::OpenInput() {
  auto source = inputs_[input_].open();
  if (!source.ok()) return source.status().Annotate(inputs_[input_].name);
  auto unpacked = NewUnpackingSource(std::move(source).value());
  if (!unpacked.ok()) return unpacked.status().Annotate(inputs_[input_].name);
  reader_ = std::make_unique<LineReader>(std::move(unpacked).value());
  return header_ ? TakeHeader() : Status::Ok();
}

Status TextTable::TakeHeader() {
  std::string_view line;
  auto got = reader_->Next(&line);
  if (!got.ok()) return got.status().Annotate(inputs_[input_].name);
  if (!*got) {
    return InvalidArgument(StrCat(inputs_[input_].name, ": found nothing, expected a header line"));
  }
  if (line.starts_with(kByteOrderMark)) line.remove_prefix(kByteOrderMark.size());
  RETURN_IF_ERROR(splitter_.Split(line).Annotate(Place()));
  const std::vector<std::string> names(cells().begin(), cells().end());
  if (columns_.empty()) {
    columns_ = names;
    return Status::Ok();
  }
  if (names.size() != columns_.size()) {
    return InvalidArgument(StrCat(Place(), ": the header has ", names.size(), " columns, that of ",
                                  inputs_[0].name, " has ", columns_.size()));
  }
  const auto differing = std::mismatch(names.begin(), names.end(), columns_.begin());
  if (differing.first == names.end()) return Status::Ok();
  return InvalidArgument(StrCat(Place(), ": the header names ", Shown(*differing.first),
                                " where that of ", inputs_[0].name, " names ",
                                Shown(*differing.second)));
}

std::string TextTable::Place() const {
  return StrCat(inputs_[input_].name, ":", reader_->line_number());
}

}  // namespace chorus::worker
