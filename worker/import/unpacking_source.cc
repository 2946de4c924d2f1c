#include <algorithm>
#include <utility>
#include <vector>

#include "common/strings.h"
#include "worker/import/byte_source.h"
#include "worker/import/decoder.h"
#include "worker/import/file_format.h"
#include "worker/import/held_source.h"
#include "worker/import/read_ahead.h"

namespace chorus::worker {
namespace {

constexpr size_t kInputBytes = 256 * 1024;

// The streams of a packed source, one behind the other, as one text.
class UnpackingSource : public ByteSource {
 public:
  UnpackingSource(std::unique_ptr<ByteSource> packed, std::unique_ptr<Decoder> decoder)
      : packed_(std::move(packed)), decoder_(std::move(decoder)), input_(kInputBytes) {}

  Result<size_t> Read(std::span<char> out) override {
    while (true) {
      if (left_.empty()) RETURN_IF_ERROR(Fill());
      if (between_streams_ && !SkipPadding()) {
        if (input_ended_) return size_t{0};
        continue;
      }
      ASSIGN_OR_RETURN(const Decoder::Progress progress, decoder_->Decode(left_, out));
      left_ = left_.subspan(progress.taken);
      if (progress.ended) {
        between_streams_ = true;
        RETURN_IF_ERROR(decoder_->Restart());
      } else if (progress.taken == 0 && progress.made == 0 && (input_ended_ || !left_.empty())) {
        return DataLoss(StrCat("the ", decoder_->name(), " data ends early (is the file whole?)"));
      }
      if (progress.made > 0) return progress.made;
    }
  }

 private:
  Status Fill() {
    if (input_ended_) return Status::Ok();
    ASSIGN_OR_RETURN(const size_t bytes, packed_->Read(input_));
    input_ended_ = bytes == 0;
    left_ = std::span<const char>(input_).first(bytes);
    return Status::Ok();
  }

  // Zero bytes may pad the end of a stream (tapes, block devices, xz). Returns whether another
  // stream begins.
  bool SkipPadding() {
    while (!left_.empty() && left_.front() == 0) left_ = left_.subspan(1);
    if (left_.empty()) return false;
    between_streams_ = false;
    return true;
  }

  std::unique_ptr<ByteSource> packed_;
  std::unique_ptr<Decoder> decoder_;
  std::vector<char> input_;
  std::span<const char> left_;  // of input_, not decoded yet
  bool input_ended_ = false;
  bool between_streams_ = false;
};

Result<std::unique_ptr<Decoder>> NewDecoder(Packing packing) {
  switch (packing) {
    case Packing::kGzip:
      return NewGzipDecoder();
    case Packing::kZstd:
      return NewZstdDecoder();
    case Packing::kBzip2:
      return NewBzip2Decoder();
    case Packing::kXz:
      return NewXzDecoder();
    case Packing::kNone:
      break;
  }
  return Internal("text needs no decoder");
}

// `source` from its begin on again, and its first bytes: who writes a line into a pipe and waits for
// what becomes of it need not write more. (A pipe may deliver byte by byte.)
Result<std::unique_ptr<ByteSource>> LookAhead(std::unique_ptr<ByteSource> source,
                                              std::string* first_bytes) {
  std::string first;
  while (first.size() < kFormatBytes &&
         (first.size() < kLineBytes || first.find('\n') == std::string::npos)) {
    const size_t had = first.size();
    first.resize(kFormatBytes);
    ASSIGN_OR_RETURN(const size_t bytes, source->Read(std::span(first).subspan(had)));
    first.resize(had + bytes);
    if (bytes == 0) break;
  }
  *first_bytes = first;
  return std::unique_ptr<ByteSource>(
      std::make_unique<HeldSource>(std::move(first), std::move(source)));
}

// The same, and its first line, or the begin of a long one.
Result<std::unique_ptr<ByteSource>> LookAtLine(std::unique_ptr<ByteSource> source,
                                               std::string* line) {
  constexpr size_t kPieceBytes = 4096, kMostBytes = 64 * 1024;
  std::string read;
  while (read.find('\n') == std::string::npos && read.size() < kMostBytes) {
    const size_t had = read.size();
    read.resize(had + kPieceBytes);
    ASSIGN_OR_RETURN(const size_t bytes, source->Read({read.data() + had, kPieceBytes}));
    read.resize(had + bytes);
    if (bytes == 0) break;
  }
  *line = read;
  return std::unique_ptr<ByteSource>(
      std::make_unique<HeldSource>(std::move(read), std::move(source)));
}

// Behind the first bytes, which were looked at, a thread reads ahead where something is unpacked
// and `ahead` says so.
Result<std::unique_ptr<ByteSource>> Unpacked(std::unique_ptr<ByteSource> packed, bool ahead,
                                             std::string* first_bytes) {
  ASSIGN_OR_RETURN(std::unique_ptr<ByteSource> source, LookAhead(std::move(packed), first_bytes));
  const Packing packing = PackingOf(*first_bytes);
  if (packing == Packing::kNone) return source;
  ASSIGN_OR_RETURN(std::unique_ptr<Decoder> decoder, NewDecoder(packing));
  ASSIGN_OR_RETURN(
      source, LookAhead(std::make_unique<UnpackingSource>(std::move(source), std::move(decoder)),
                        first_bytes));
  if (!ahead) return source;
  return ReadAhead(std::move(source));
}

Result<std::unique_ptr<ByteSource>> UnpackedText(std::unique_ptr<ByteSource> packed, bool ahead) {
  std::string first_bytes;
  ASSIGN_OR_RETURN(std::unique_ptr<ByteSource> source,
                   Unpacked(std::move(packed), ahead, &first_bytes));
  if (BeginsJson(first_bytes)) {
    ASSIGN_OR_RETURN(source, LookAtLine(std::move(source), &first_bytes));
  }
  RETURN_IF_ERROR(CheckIsText(first_bytes));
  return source;
}

}  // namespace

Result<std::unique_ptr<ByteSource>> NewUnpackingSource(std::unique_ptr<ByteSource> packed) {
  return UnpackedText(std::move(packed), /*ahead=*/false);
}

Result<std::unique_ptr<ByteSource>> NewUnpackingFileSource(std::unique_ptr<ByteSource> packed) {
  return UnpackedText(std::move(packed), /*ahead=*/true);
}

Result<std::unique_ptr<ByteSource>> NewUnpackingSource(std::unique_ptr<ByteSource> packed,
                                                       std::string* first_bytes) {
  return Unpacked(std::move(packed), /*ahead=*/false, first_bytes);
}

}  // namespace chorus::worker
