#pragma once
// Cuts a byte source into lines: "\n" or "\r\n" ends one, the last may have no end.
// Thread safety: none.

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "common/status.h"
#include "worker/import/byte_source.h"

namespace chorus::worker {

class LineReader {
 public:
  // A longer line is an error: the input is hardly delimited text.
  static constexpr size_t kMaxLineBytes = size_t{64} << 20;

  explicit LineReader(std::unique_ptr<ByteSource> source);

  // The next line without its end, valid until the next call; false at the end of the text.
  Result<bool> Next(std::string_view* line);
  // The number of the line that Next gave last, from 1.
  uint64_t line_number() const { return line_number_; }

 private:
  Status Fill();  // reads more behind end_; sets ended_ when there is none

  std::unique_ptr<ByteSource> source_;
  std::vector<char> buffer_;
  size_t begin_ = 0;  // buffer_[begin_, end_) is read and not yet given out
  size_t end_ = 0;
  bool ended_ = false;
  uint64_t line_number_ = 0;
};

}  // namespace chorus::worker
