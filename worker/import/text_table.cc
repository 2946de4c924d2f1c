#include "worker/import/text_table.h"

#include <algorithm>
#include <utility>

#include "common/strings.h"
#include "worker/import/cell_text.h"

namespace chorus::worker {

TextTable::TextTable(std::vector<TextInput> inputs, const TextFormat& format)
    : inputs_(std::move(inputs)), format_(format), splitter_(format.delimiter, format.escape) {}

Result<std::unique_ptr<TextTable>> TextTable::Open(std::vector<TextInput> inputs,
                                                   const TextFormat& format) {
  std::unique_ptr<TextTable> table(new TextTable(std::move(inputs), format));
  RETURN_IF_ERROR(table->LearnColumns());
  return table;
}

Status TextTable::LearnColumns() {
  if (inputs_.empty()) return InvalidArgument("no input");
  if (format_.header) {
    bool got = false;
    while (!got && input_ < inputs_.size()) {
      ASSIGN_OR_RETURN(got, OpenInput());
    }
    if (got) return Status::Ok();
    return InvalidArgument(StrCat(inputs_[0].name, ": found nothing",
                                  inputs_.size() > 1 ? ", nor in any other input" : "",
                                  ", expected a header line"));
  }
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
  while (true) {
    std::string_view line;
    ASSIGN_OR_RETURN(const bool got, NextLine(&line));
    if (!got) return false;
    malformed_ = splitter_.Split(line);
    if (malformed_.ok() && cells()[0].size() == columns_[0].size() && IsHeader()) {
      ++skipped_.repeated_headers;
      continue;
    }
    ++next_row_;
    if (malformed_.ok() && cells().size() != columns_.size()) {
      const bool trailing = cells().size() == columns_.size() + 1 && cells().back().empty();
      malformed_ = InvalidArgument(StrCat(
          "found ", cells().size(), " cells, expected ", columns_.size(),
          trailing ? " (the last one is empty: is there a delimiter at the line's end?)" : ""));
    }
    return true;
  }
}

// The next line of any input that is neither the header nor blank.
Result<bool> TextTable::NextLine(std::string_view* line) {
  while (true) {
    if (reader_ == nullptr) {
      if (input_ == inputs_.size()) return false;
      ASSIGN_OR_RETURN(const bool opened, OpenInput());
      if (!opened) continue;
    }
    ASSIGN_OR_RETURN(const bool got, NextLineOfInput(line));
    if (got) return true;
    EndInput();
  }
}

Result<bool> TextTable::NextLineOfInput(std::string_view* line) {
  while (true) {
    auto got = reader_->Next(line);
    if (!got.ok()) return got.status().Annotate(inputs_[input_].name);
    if (!*got) return false;
    if (reader_->line_number() == 1 && line->starts_with(kByteOrderMark)) {
      line->remove_prefix(kByteOrderMark.size());
    }
    if (!IsBlank(*line)) return true;
    ++skipped_.blank_lines;
  }
}

void TextTable::EndInput() {
  if (reader_->line_number() == 0) ++skipped_.empty_inputs;
  reader_.reset();
  ++input_;
}

// Opens the input that comes next and takes its header. False: it holds no line, and was passed
// over.
Result<bool> TextTable::OpenInput() {
  auto source = inputs_[input_].open();
  if (!source.ok()) return source.status().Annotate(inputs_[input_].name);
  auto unpacked = NewUnpackingSource(std::move(source).value());
  if (!unpacked.ok()) return unpacked.status().Annotate(inputs_[input_].name);
  reader_ = std::make_unique<LineReader>(std::move(unpacked).value());
  if (!format_.header) return true;
  ASSIGN_OR_RETURN(const bool got, TakeHeader());
  if (!got) EndInput();
  return got;
}

Result<bool> TextTable::TakeHeader() {
  std::string_view line;
  ASSIGN_OR_RETURN(const bool got, NextLineOfInput(&line));
  if (!got) return false;
  if (line.find('\r') != std::string_view::npos) {
    return InvalidArgument(StrCat(Place(),
                                  ": lines end in a carriage return alone, as on old Macs: convert "
                                  "them with tr '\\r' '\\n'"));
  }
  RETURN_IF_ERROR(splitter_.Split(line).Annotate(Place()));
  std::vector<std::string> names;
  for (const std::string_view cell : cells()) names.emplace_back(TrimBlanks(cell));
  if (!columns_.empty()) {
    RETURN_IF_ERROR(CompareHeader(names));
  } else {
    columns_ = std::move(names);
  }
  return true;
}

Status TextTable::CompareHeader(const std::vector<std::string>& names) const {
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

// Nothing, or blanks that delimit nothing.
bool TextTable::IsBlank(std::string_view line) const {
  for (const char c : line) {
    if ((c != ' ' && c != '\t') || c == format_.delimiter) return false;
  }
  return true;
}

// Whether the row is the header once more, as where files were joined by cat.
bool TextTable::IsHeader() const {
  if (!format_.header || cells()[0] != columns_[0]) return false;
  return std::equal(
      cells().begin(), cells().end(), columns_.begin(), columns_.end(),
      [](std::string_view cell, const std::string& name) { return TrimBlanks(cell) == name; });
}

std::string TextTable::Place() const {
  return StrCat(inputs_[input_].name, ":", reader_->line_number());
}

}  // namespace chorus::worker
