#pragma once
// One line of delimited text as cells, and the pieces of text that error messages show.
//
// Quoting is that of RFC 4180, for every delimiter but the tab: a cell that begins with '"' ends at
// the next single '"' and may hold delimiters and doubled quotes; a quote inside an unquoted cell
// is an ordinary character. A line is a row: a quoted cell that is still open at the line's end is
// an error. Thread safety: pure functions; a RowSplitter belongs to one thread.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/status.h"
#include "worker/import/row_cutter.h"

namespace chorus::worker {

class RowSplitter : public RowCutter {
 public:
  // escape: inside a quoted cell it makes a quote, or itself, an ordinary character; '\0' = none.
  explicit RowSplitter(char delimiter, char escape = '\0')
      : delimiter_(delimiter), escape_(escape), quoting_(delimiter != '\t') {}

  Status Split(std::string_view line) override;
  const std::vector<std::string_view>& cells() const override { return cells_; }

 private:
  bool SplitPlain(std::string_view line);
  Status SplitQuoted(std::string_view line);
  Result<size_t> TakeQuotedCell(std::string_view line, size_t begin);

  char delimiter_;
  char escape_;
  bool quoting_;
  std::vector<std::string_view> cells_;
  std::string unquoted_;  // cells whose doubled quotes were undone; never grows while a row is cut
};

// The text in quotes, at most 40 bytes of it; unprintable bytes are written as \xNN, and so are
// those above 0x7f where the text is no UTF-8: "'a\x00b'".
std::string Shown(std::string_view text);
// The same without quotes and of any length, for a separator in a message: ":", "\x03".
std::string Readable(std::string_view text);
// "column 'price': found 'x', expected a number". Error: kInvalidArgument.
Status MalformedCell(std::string_view column, std::string_view found, std::string_view expected);

}  // namespace chorus::worker
