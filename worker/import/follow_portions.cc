#include "worker/import/follow_portions.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/log.h"
#include "common/strings.h"
#include "worker/import/chunk_cutter.h"
#include "worker/import/file_format.h"
#include "worker/import/growing_text.h"

namespace chorus::worker {
namespace {

// Text whose first bytes come from memory.
class HeadedSource final : public ByteSource {
 public:
  HeadedSource(std::string head, std::unique_ptr<ByteSource> rest)
      : head_(std::move(head)), rest_(std::move(rest)) {}
  Result<size_t> Read(std::span<char> out) override {
    if (at_ == head_.size()) return rest_->Read(out);
    const size_t bytes = std::min(out.size(), head_.size() - at_);
    std::copy_n(head_.data() + at_, bytes, out.data());
    at_ += bytes;
    return bytes;
  }

 private:
  const std::string head_;
  size_t at_ = 0;
  std::unique_ptr<ByteSource> rest_;
};

bool HasHeaderLine(const ImportSchema& schema) {
  const bool delimited = schema.format() == ImportSchema::DELIMITED ||
                         schema.format() == ImportSchema::FORMAT_UNSPECIFIED;
  return delimited && schema.header();
}

// Standard input, or a file that grows.
class TextPortions final : public PortionSource {
 public:
  static Result<std::unique_ptr<PortionSource>> Open(FileSystem& files, const ImportSchema& schema,
                                                     const FollowOptions& options,
                                                     const FollowPosition& position) {
    const std::string& path = options.import.inputs[0];
    std::unique_ptr<GrowingText> text;
    if (path == kFollowedInput) {
      text = FollowDescriptor(options.import.standard_input);
    } else {
      ASSIGN_OR_RETURN(text, FollowFile(files, path, position.offset(), position.head_bytes(),
                                        position.head_checksum()));
    }
    const ChunkLimits limits{schema.file_rows(), options.seal_seconds, options.idle_seconds,
                             options.stop};
    auto portions = std::unique_ptr<TextPortions>(new TextPortions(path, std::move(text)));
    portions->has_header_ = HasHeaderLine(schema);
    portions->cutter_.emplace(portions->text_.get(), position.offset(), limits);
    return std::unique_ptr<PortionSource>(std::move(portions));
  }

  Result<Portion> Next(const FollowPosition& position) override {
    Portion portion{{}, position, false};
    if (has_header_ && header_.text.empty()) {
      ASSIGN_OR_RETURN(header_, Named(cutter_->TakeHeader()));
      RETURN_IF_ERROR(CheckPlain(position));
      portion.stopped = header_.stopped;
      if (header_.text.empty()) return portion;
      if (position.offset() == 0) portion.after.set_lines(header_.lines);
    }
    ASSIGN_OR_RETURN(const TextChunk chunk, Named(cutter_->Next()));
    RETURN_IF_ERROR(CheckPlain(position));
    portion.stopped = chunk.stopped;
    if (chunk.begin == chunk.end) {
      TellUnended();
      return portion;
    }
    const uint64_t lines_before = portion.after.lines();
    portion.inputs.push_back(
        {name_, [this, chunk] { return OpenChunk(chunk); }, nullptr, lines_before - header_.lines});
    portion.after.set_offset(chunk.end);
    portion.after.set_lines(lines_before + chunk.lines);
    RETURN_IF_ERROR(SetHead(chunk.end, &portion.after));
    return portion;
  }

 private:
  TextPortions(const std::string& path, std::unique_ptr<GrowingText> text)
      : is_file_(path != kFollowedInput),
        name_(is_file_ ? path : "standard input"),
        text_(std::move(text)) {}

  Result<std::unique_ptr<ByteSource>> OpenChunk(const TextChunk& chunk) const {
    ASSIGN_OR_RETURN(auto rows, text_->Open(chunk.begin, chunk.end));
    return std::unique_ptr<ByteSource>(
        std::make_unique<HeadedSource>(header_.text, std::move(rows)));
  }

  // An error says whose it is.
  template <typename T>
  Result<T> Named(Result<T> result) const {
    if (result.ok()) return result;
    return result.status().Annotate(name_);
  }

  // Once, when the first bytes have come.
  Status CheckPlain(const FollowPosition& position) {
    if (std::exchange(checked_plain_, true) || position.offset() > 0) return Status::Ok();
    std::vector<char> first(std::min<uint64_t>(text_->size(), kFormatBytes));
    RETURN_IF_ERROR(text_->Read(0, first));
    if (PackingOf(std::string_view(first.data(), first.size())) == Packing::kNone) {
      return Status::Ok();
    }
    return InvalidArgument(StrCat(name_,
                                  ": packed text cannot be followed while it grows; unpack it "
                                  "on the way (zcat FILE | chorus import --follow ... -)"));
  }

  // By which the file is known again.
  Status SetHead(uint64_t end, FollowPosition* position) const {
    if (!is_file_ || position->head_bytes() == kHeadBytes) return Status::Ok();
    std::vector<char> head(std::min(end, kHeadBytes));
    RETURN_IF_ERROR(text_->Read(0, head));
    position->set_head_bytes(head.size());
    position->set_head_checksum(Checksum(std::string_view(head.data(), head.size())));
    return Status::Ok();
  }

  void TellUnended() const {
    if (!is_file_ || cutter_->unended_bytes() == 0) return;
    LogInfo(name_, ": ", cutter_->unended_bytes(), " bytes at its end are no whole line yet; the ",
            "same command reads them when they are");
  }

  const bool is_file_;
  const std::string name_;
  const std::unique_ptr<GrowingText> text_;
  std::optional<ChunkCutter> cutter_;
  bool has_header_ = false;
  TextHeader header_;
  bool checked_plain_ = false;
};

}  // namespace

Result<std::unique_ptr<PortionSource>> FollowText(FileSystem& files, const ImportSchema& schema,
                                                  const FollowOptions& options,
                                                  const FollowPosition& position) {
  return TextPortions::Open(files, schema, options, position);
}

}  // namespace chorus::worker
