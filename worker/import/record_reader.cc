#include "worker/import/record_reader.h"

#include <algorithm>
#include <utility>

#include "common/record_frame.h"
#include "common/strings.h"

namespace chorus::worker {
namespace {
constexpr size_t kFillBytes = size_t{256} << 10;
}  // namespace

RecordReader::RecordReader(std::unique_ptr<ByteSource> source)
    : buffer_(std::move(source), kFillBytes) {}

Status RecordReader::Damaged(std::string_view why) const {
  return DataLoss(StrCat("record ", next_, " at byte ", offset_, ": ", why));
}

Result<bool> RecordReader::Next(std::string_view* record) {
  ASSIGN_OR_RETURN(const size_t head, Need(kRecordHead));
  if (head == 0) return false;
  if (head < kRecordHead) return Damaged("the file ends in it (is it whole?)");
  const std::string_view frame = buffer_.unread().substr(0, kRecordHead);
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
  const std::string_view all = buffer_.unread().substr(0, whole);
  *record = all.substr(kRecordHead, static_cast<size_t>(bytes));
  if (MaskedCrc32c(*record) != LittleEndian<uint32_t>(all.substr(whole - kRecordTail))) {
    return Damaged("its checksum is wrong: the file is damaged here");
  }
  buffer_.Take(whole);
  offset_ += whole;
  ++next_;
  return true;
}

Result<size_t> RecordReader::Need(size_t bytes) {
  while (buffer_.unread().size() < bytes) {
    ASSIGN_OR_RETURN(const bool more, buffer_.Fill());
    if (!more) break;
  }
  return std::min(bytes, buffer_.unread().size());
}

}  // namespace chorus::worker
