#include "worker/import/text_table.h"

#include <algorithm>
#include <cstddef>
#include <set>
#include <utility>

#include "common/byte_order_mark.h"
#include "common/strings.h"
#include "worker/import/cell_text.h"

namespace chorus::worker {
namespace {

// In the first line a NUL byte is no damage of one row.
Status SplitFirstLine(RowCutter& cutter, std::string_view line) {
  const Status status = cutter.Split(line);
  if (status.ok() || line.find('\0') == std::string_view::npos) return status;
  return InvalidArgument(StrCat(
      status.message(), ": this is no text in UTF-8; what it holds is to be written as CSV"));
}

}  // namespace

TextTable::TextTable(std::vector<TextInput> inputs, const TextFormat& format)
    : inputs_(std::move(inputs)), format_(format) {
  if (format_.rows == nullptr) return;
  format_.header = false;
  columns_ = format_.rows->columns();
}

Result<std::unique_ptr<TextTable>> TextTable::Open(std::vector<TextInput> inputs,
                                                   const TextFormat& format) {
  std::unique_ptr<TextTable> table(new TextTable(std::move(inputs), format));
  RETURN_IF_ERROR(table->LearnColumns());
  table->cutter_ = std::make_unique<LineCutter>(table->NewCutter());
  return table;
}

Status TextTable::LearnColumns() {
  if (inputs_.empty()) return InvalidArgument("no input");
  if (format_.rows != nullptr) return Status::Ok();
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
  ASSIGN_OR_RETURN(row_waits_, NextLine(&waiting_row_));
  if (!row_waits_) return InvalidArgument("the input holds no rows");
  const auto cutter = NewRowCutter();
  RETURN_IF_ERROR(SplitFirstLine(*cutter, waiting_row_).Annotate(Place()));
  for (size_t i = 0; i < cutter->cells().size(); ++i) columns_.push_back(StrCat(i));
  return Status::Ok();
}

std::unique_ptr<RowCutter> TextTable::NewRowCutter() const {
  if (format_.rows != nullptr) return format_.rows->NewCutter();
  return std::make_unique<RowSplitter>(format_.delimiter, format_.escape);
}

LineCutter TextTable::NewCutter() const {
  return LineCutter(NewRowCutter(), columns_, format_.header);
}

Result<bool> TextTable::Next() {
  while (true) {
    std::string_view line;
    ASSIGN_OR_RETURN(const bool got, NextOrWaiting(&line));
    if (!got) return false;
    if (cutter_->Cut(line, order_)) break;
    ++skipped_.repeated_headers;
  }
  ++next_row_;
  return true;
}

Result<bool> TextTable::NextOrWaiting(std::string_view* line) {
  if (!std::exchange(row_waits_, false)) return NextLine(line);
  *line = waiting_row_;
  return true;
}

Result<bool> TextTable::NextLines(size_t bytes, LineChunk* out) {
  const auto next = [this](std::string_view* line, LineChunk::Line* place) -> Result<bool> {
    ASSIGN_OR_RETURN(const bool got, NextOrWaiting(line));
    if (got) {
      *place = {.input = static_cast<uint32_t>(input_),
                .number = reader_->line_number(),
                .order = order_};
    }
    return got;
  };
  return chunks_.Fill(bytes, next, out);
}

std::string TextTable::PlaceOf(const LineChunk::Line& line) const {
  return PlaceIn(line.input, line.number);
}

std::string TextTable::PlaceIn(size_t input, uint64_t line) const {
  const TextInput& in = inputs_[input];
  return in.place ? in.place(line) : StrCat(in.name, ":", in.lines_before + line);
}

void LineCutter::CutCells(std::string_view line, const std::vector<uint32_t>* order) {
  malformed_ = cutter_->Split(line);
  is_ordered_ = false;
  if (malformed_.ok() && order != nullptr && cutter_->cells().size() == columns_.size()) {
    ordered_.clear();
    for (const uint32_t place : *order) ordered_.push_back(cutter_->cells()[place]);
    is_ordered_ = true;
  }
}

bool LineCutter::Cut(std::string_view line, const std::vector<uint32_t>* order) {
  const std::string_view unmarked = WithoutByteOrderMark(line);
  if (has_header_ && unmarked.size() < line.size()) {  // of a file that cat put behind another
    CutCells(unmarked, order);
    if (malformed_.ok() && IsHeader()) return false;
  }
  CutCells(line, order);
  if (!malformed_.ok()) return true;
  if (has_header_ && IsHeader()) return false;
  if (cells().size() != columns_.size()) {
    malformed_ = InvalidArgument(
        StrCat("found ", cells().size(), " cells, expected ", columns_.size(), TrailingHint()));
  }
  return true;
}

// Of cells beyond the columns that are all empty.
std::string LineCutter::TrailingHint() const {
  if (cells().size() <= columns_.size()) return "";
  const size_t more = cells().size() - columns_.size();
  const bool empty = std::all_of(cells().end() - static_cast<std::ptrdiff_t>(more), cells().end(),
                                 [](std::string_view cell) { return cell.empty(); });
  if (!empty) return "";
  if (more == 1) return " (the last one is empty: is there a delimiter at the line's end?)";
  return StrCat(" (the last ", more, " are empty: are there delimiters at the line's end?)");
}

// Whether the row is the header once more, as where files were joined by cat.
bool LineCutter::IsHeader() const {
  if (cells()[0] != columns_[0]) return false;
  return std::equal(
      cells().begin(), cells().end(), columns_.begin(), columns_.end(),
      [](std::string_view cell, const std::string& name) { return TrimBlanks(cell) == name; });
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
    if (reader_->line_number() == 1) *line = WithoutByteOrderMark(*line);
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
  const bool is_file = inputs_[input_].open_file != nullptr;
  auto unpacked = inputs_[input_].is_plain ? std::move(source)
                  : is_file                ? NewUnpackingFileSource(std::move(source).value())
                                           : NewUnpackingSource(std::move(source).value());
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
  if (line.ends_with('\r') && line.find('\r') + 1 == line.size()) {
    return InvalidArgument(
        StrCat(Place(),
               ": lines end in two carriage returns and a line feed (\\r\\r\\n), as "
               "texts do whose ends were converted twice: convert them with tr -d "
               "'\\r'"));
  }
  if (line.find('\r') != std::string_view::npos) {
    return InvalidArgument(StrCat(Place(),
                                  ": lines end in a carriage return alone, as on old Macs: convert "
                                  "them with tr '\\r' '\\n'"));
  }
  const auto cutter = NewRowCutter();
  RETURN_IF_ERROR(SplitFirstLine(*cutter, line).Annotate(Place()));
  std::vector<std::string> names;
  for (const std::string_view cell : cutter->cells()) names.emplace_back(TrimBlanks(cell));
  order_ = nullptr;
  if (!columns_.empty()) {
    RETURN_IF_ERROR(CompareHeader(names));
  } else {
    columns_ = std::move(names);
  }
  return true;
}

// [column] its place among `names`; empty when these are no other order of the columns, each of
// which has a name of its own.
std::vector<uint32_t> TextTable::OrderOf(const std::vector<std::string>& names) const {
  std::vector<uint32_t> order;
  if (std::set<std::string>(names.begin(), names.end()).size() != names.size()) return order;
  for (const std::string& column : columns_) {
    const auto found = std::find(names.begin(), names.end(), column);
    if (found == names.end()) return {};
    order.push_back(static_cast<uint32_t>(found - names.begin()));
  }
  return order;
}

// The same names in another order are read by name.
Status TextTable::CompareHeader(const std::vector<std::string>& names) {
  constexpr std::string_view kRemedy =
      ": the files of one command have the same columns. Import each kind by itself, the later "
      "ones "
      "with --like the first one's log, and name all logs in data.log";
  if (names.size() != columns_.size()) {
    return InvalidArgument(StrCat(Place(), ": the header has ", names.size(), " columns, that of ",
                                  inputs_[0].name, " has ", columns_.size(), kRemedy));
  }
  const auto differing = std::mismatch(names.begin(), names.end(), columns_.begin());
  if (differing.first == names.end()) return Status::Ok();
  if (std::vector<uint32_t> order = OrderOf(names); !order.empty()) {
    order_ = &orders_.emplace_back(std::move(order));
    return Status::Ok();
  }
  return InvalidArgument(StrCat(Place(), ": the header names ", Shown(*differing.first),
                                " where that of ", inputs_[0].name, " names ",
                                Shown(*differing.second), kRemedy));
}

// Nothing, or blanks that delimit nothing.
bool TextTable::IsBlank(std::string_view line) const {
  for (const char c : line) {
    if ((c != ' ' && c != '\t') || c == format_.delimiter) return false;
  }
  return true;
}

std::string TextTable::Place() const { return PlaceIn(input_, reader_->line_number()); }

}  // namespace chorus::worker
