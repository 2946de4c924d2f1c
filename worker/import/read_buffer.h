#pragma once
// Bytes of a source, read ahead: what is unread is in one piece, however long that must become.
// Thread safety: none.

#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "common/status.h"
#include "worker/import/byte_source.h"

namespace chorus::worker {

class ReadBuffer {
 public:
  // fill_bytes: the number that is asked of the source at once.
  ReadBuffer(std::unique_ptr<ByteSource> source, size_t fill_bytes)
      : source_(std::move(source)), fill_bytes_(fill_bytes), buffer_(2 * fill_bytes) {}

  // Valid until the next Fill.
  std::string_view unread() const { return {buffer_.data() + begin_, end_ - begin_}; }
  void Take(size_t bytes) { begin_ += bytes; }  // from the front of what is unread
  // Reads more behind what is unread; false at the end of the source. The buffer grows with the
  // unread bytes.
  Result<bool> Fill() {
    if (begin_ > 0) {
      std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
      end_ -= begin_;
      begin_ = 0;
    }
    if (buffer_.size() - end_ < fill_bytes_) buffer_.resize(2 * buffer_.size());
    ASSIGN_OR_RETURN(const size_t got,
                     source_->Read(std::span<char>(buffer_).subspan(end_, fill_bytes_)));
    end_ += got;
    return got > 0;
  }

 private:
  const std::unique_ptr<ByteSource> source_;
  const size_t fill_bytes_;
  std::vector<char> buffer_;
  size_t begin_ = 0, end_ = 0;  // buffer_[begin_, end_) is unread
};

}  // namespace chorus::worker
