#pragma once
// The rows of all inputs of an import, as cells, one after the other: files and standard input,
// each plain or packed, each with its own header line if there are headers (they must agree, blanks
// around names apart). A UTF-8 byte order mark at an input's begin is skipped; so are blank lines,
// further copies of the header, and inputs without a line, which are counted. Thread safety: none.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/status.h"
#include "worker/import/byte_source.h"
#include "worker/import/delimited_row.h"
#include "worker/import/line_reader.h"

namespace chorus::worker {

struct TextInput {
  std::string name;  // in messages: "data.csv", "standard input"
  std::function<Result<std::unique_ptr<ByteSource>>()> open;
};

inline constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

struct TextFormat {
  char delimiter = ',';
  bool header = true;
  char escape = '\0';  // as RowSplitter takes it
};

// What was passed over.
struct SkippedText {
  uint64_t blank_lines = 0;
  uint64_t repeated_headers = 0;
  uint64_t empty_inputs = 0;
};

class TextTable {
 public:
  // Opens the first input and learns the columns: from its header, or, without headers, "0", "1",
  // ... as many as the first row has. Errors: kInvalidArgument when there is neither header nor
  // row.
  static Result<std::unique_ptr<TextTable>> Open(std::vector<TextInput> inputs,
                                                 const TextFormat& format);

  const std::vector<std::string>& columns() const { return columns_; }

  // Goes to the next row; false after the last. Errors end the table: an input that cannot be read,
  // a header that differs from the first one.
  Result<bool> Next();
  // Of the row that Next reached: OK, or why it has not one cell a column.
  const Status& malformed() const { return malformed_; }
  const std::vector<std::string_view>& cells() const {
    return splitter_.cells();
  }                                                        // if not malformed
  uint64_t row_number() const { return next_row_ - 1; }    // from 0, over all inputs
  std::string Place() const;                               // "data.csv:17"
  const SkippedText& skipped() const { return skipped_; }  // so far

 private:
  TextTable(std::vector<TextInput> inputs, const TextFormat& format);
  Status LearnColumns();
  Result<bool> OpenInput();
  Result<bool> TakeHeader();
  Status CompareHeader(const std::vector<std::string>& names) const;
  Result<bool> NextLine(std::string_view* line);
  Result<bool> NextLineOfInput(std::string_view* line);
  void EndInput();
  bool IsBlank(std::string_view line) const;
  bool IsHeader() const;

  std::vector<TextInput> inputs_;
  TextFormat format_;
  RowSplitter splitter_;
  std::vector<std::string> columns_;
  size_t input_ = 0;                    // that reader_ reads, or that comes next
  std::unique_ptr<LineReader> reader_;  // null between inputs
  uint64_t next_row_ = 0;
  Status malformed_;
  SkippedText skipped_;
  bool row_waits_ = false;  // LearnColumns has cut a row that Next has not given out
};

}  // namespace chorus::worker
