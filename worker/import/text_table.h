#pragma once
// The rows of all inputs of an import, as cells, one after the other: files and standard input,
// each plain or packed, each with its own header line if there are headers (they must have the same
// names, blanks around them apart; cells come in the order of the first one). A UTF-8 byte order
// mark at an input's beginning is skipped; so are blank lines, further copies of the header, and
// inputs without a line, which are counted. Thread safety: none.

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/status.h"
#include "worker/import/byte_source.h"
#include "worker/import/delimited_row.h"
#include "worker/import/line_chunk.h"
#include "worker/import/line_reader.h"
#include "worker/import/row_cutter.h"
#include "worker/import/skipped_text.h"

namespace chorus::worker {

struct TextInput {
  std::string name;  // in messages: "data.csv", "standard input"
  std::function<Result<std::unique_ptr<ByteSource>>()> open;
  // The same as a file that is read at any place; null: it is no such file, and may be opened only
  // once.
  std::function<Result<std::unique_ptr<RandomAccessFile>>()> open_file = nullptr;
  uint64_t lines_before = 0;  // of the text that this one continues, for messages
  // The place of a line (from 1, the header included) or a record (from 0) where the input is no
  // file: "topic clicks, partition 3, offset 17"; null: name and number tell it.
  std::function<std::string(uint64_t number)> place = nullptr;
  bool is_plain = false;  // it is not packed, whatever its first bytes look like
};

struct TextFormat {
  char delimiter = ',';
  bool header = true;
  char escape = '\0';  // as RowSplitter takes it
  // Rows that are cut otherwise than at delimiters; they know their columns and have no header.
  std::shared_ptr<const RowFormat> rows = nullptr;
};

// Cuts the lines behind the header of a table.
class LineCutter {
 public:
  LineCutter(std::unique_ptr<RowCutter> cutter, const std::vector<std::string>& columns,
             bool has_header)
      : cutter_(std::move(cutter)), columns_(columns), has_header_(has_header) {}
  // order: null, or [column] the place of its cell in the line. False: the line is the header once
  // more.
  bool Cut(std::string_view line, const std::vector<uint32_t>* order = nullptr);
  // About the line that Cut took last: OK, or why it does not have one cell per column.
  const Status& malformed() const { return malformed_; }
  // [column]
  const std::vector<std::string_view>& cells() const {
    return is_ordered_ ? ordered_ : cutter_->cells();
  }
  void BeginChunk() { cutter_->BeginChunk(); }
  UnreadFields TakeUnread() { return cutter_->TakeUnread(); }

 private:
  void CutCells(std::string_view line, const std::vector<uint32_t>* order);
  bool IsHeader() const;
  std::string TrailingHint() const;

  std::unique_ptr<RowCutter> cutter_;
  std::vector<std::string> columns_;
  bool has_header_;
  bool is_ordered_ = false;  // the last line's cells were put into order, in ordered_
  std::vector<std::string_view> ordered_;
  Status malformed_;
};

class TextTable {
 public:
  // Opens the first input and learns the columns: from its header, or, without headers, "0", "1",
  // ... as many as the first row has; or they are format.rows'. Errors: kInvalidArgument when there
  // is neither header nor row.
  static Result<std::unique_ptr<TextTable>> Open(std::vector<TextInput> inputs,
                                                 const TextFormat& format);

  const std::vector<std::string>& columns() const { return columns_; }

  // Goes to the next row; false after the last. Errors end the table: an input that cannot be read,
  // a header whose names are not those of the first one.
  Result<bool> Next();
  // About the row that Next reached: OK, or why it does not have one cell per column.
  const Status& malformed() const { return cutter_->malformed(); }
  const std::vector<std::string_view>& cells() const { return cutter_->cells(); }  // if OK
  uint64_t row_number() const { return next_row_ - 1; }    // from 0, over all inputs
  std::string Place() const;                               // "data.csv:17"
  const SkippedText& skipped() const { return skipped_; }  // so far

  // In place of Next, for a caller that cuts lines with cutters of NewCutter: the next lines,
  // `bytes` bytes and the rest of the last line; headers that come again are among them. False
  // after the last. An error comes once all lines before it were given.
  Result<bool> NextLines(size_t bytes, LineChunk* out);
  LineCutter NewCutter() const;
  std::string PlaceOf(const LineChunk::Line& line) const;

 private:
  TextTable(std::vector<TextInput> inputs, const TextFormat& format);
  Status LearnColumns();
  Result<bool> OpenInput();
  Result<bool> TakeHeader();
  Status CompareHeader(const std::vector<std::string>& names);
  std::vector<uint32_t> OrderOf(const std::vector<std::string>& names) const;
  Result<bool> NextLine(std::string_view* line);
  Result<bool> NextLineOfInput(std::string_view* line);
  void EndInput();
  bool IsBlank(std::string_view line) const;
  std::string PlaceIn(size_t input, uint64_t line) const;
  std::unique_ptr<RowCutter> NewRowCutter() const;
  Result<bool> NextOrWaiting(std::string_view* line);

  std::vector<TextInput> inputs_;
  TextFormat format_;
  std::unique_ptr<LineCutter> cutter_;  // null before the columns are known
  std::vector<std::string> columns_;
  size_t input_ = 0;                    // the one that reader_ reads, or the next one
  std::unique_ptr<LineReader> reader_;  // null between inputs
  // The orders of inputs whose headers have another one; lines of chunks point to them.
  std::deque<std::vector<uint32_t>> orders_;
  const std::vector<uint32_t>* order_ = nullptr;  // of the input that reader_ reads
  uint64_t next_row_ = 0;
  SkippedText skipped_;
  bool row_waits_ = false;        // LearnColumns has read a row that was not given yet
  std::string_view waiting_row_;  // in reader_'s memory
  LineChunks chunks_;
};

}  // namespace chorus::worker
