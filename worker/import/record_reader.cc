#include "worker/import/record_reader.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "common/record_frame.h"
#include "common/strings.h"

namespace chorus::worker {
namespace {
constexpr size_t kFillBytes = size_t{256} << 10;
}  // namespace

RecordReader::RecordReader(std::unique_ptr<ByteSource> source)
    : source_(std::move(source)), buffer_(2 * kFillBytes) {}

Status RecordReader::Damaged(std::string_view why) const {
  return DataLoss(StrCat("record ", next_, " at byte ", offset_, ": ", why));
}

Result<bool> RecordReader::Next(std::string_view* record) {
  ASSIGN_OR_RETURN(const size_t head, Need(kRecordHead));
  if (head == 0) return false;
  if (head < kRecordHead) return Damaged("the file ends in it (is it whole?)");
  const std::string_view frame(buffer_.data() + begin_, kRecordHead);
  if (!BeginsRecord(frame)) {
    return Damaged("the checksum of its length is wrong: the file is damaged here");
  }
  const auto bytes = LittleEndian<uint64_t>(frame);
  if (bytes > kMostBytes) {
    return Damaged(StrCat("it has ", bytes, " bytes, and a record has at most ", kMostBytes));
  }
  const size_t whole = kRecordHead + static_cast<size_t>(bytes) + kRecordTail;
  ASSIGN_OR_RETURN(const size_t got, Need(whole));
  if (got < whole) {
    return Damaged(
        StrCat("the file ends in it, after ", got, " of ", whole, " bytes (is it whole?)"));
  }
  const std::string_view all(buffer_.data() + begin_, whole);
  *record = all.substr(kRecordHead, static_cast<size_t>(bytes));
  if (MaskedCrc32c(*record) != LittleEndian<uint32_t>(all.substr(whole - kRecordTail))) {
    return Damaged("its checksum is wrong: the file is damaged here");
  }
  begin_ += whole;
  offset_ += whole;
  ++next_;
  return true;
}

Result<size_t> RecordReader::Need(size_t bytes) {
  while (end_ - begin_ < bytes) {
    if (begin_ > 0) {
      std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
      end_ -= begin_;
      begin_ = 0;
    }
    // Grows with what is there, not with what a length promises.
    if (buffer_.size() - end_ < kFillBytes) buffer_.resize(2 * buffer_.size());
    ASSIGN_OR_RETURN(const size_t got,
                     source_->Read(std::span<char>(buffer_).subspan(end_, kFillBytes)));
    if (got == 0) break;
    end_ += got;
  }
  return std::min(bytes, end_ - begin_);
}

}  // namespace chorus::worker
