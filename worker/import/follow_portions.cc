#include "worker/import/follow_portions.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "common/log.h"
#include "common/strings.h"
#include "worker/import/byte_source.h"
#include "worker/import/chunk_cutter.h"
#include "worker/import/file_format.h"
#include "worker/import/growing_text.h"
#include "worker/import/held_source.h"

namespace chorus::worker {
namespace {

bool HasHeaderLine(const ImportSchema& schema) {
  const bool delimited = schema.format() == ImportSchema::DELIMITED ||
                         schema.format() == ImportSchema::FORMAT_UNSPECIFIED;
  return delimited && schema.header();
}

// Lines of a text, behind its header.
class TextPortions : public PortionSource {
 public:
  TextPortions(const ImportSchema& schema, const FollowOptions& options, std::string name)
      : limits_{.lines = schema.file_rows(), .seal_seconds = options.seal_seconds},
        name_(std::move(name)),
        has_header_(HasHeaderLine(schema)) {}

  Result<Portion> Poll(const FollowedSource& position, Ask ask) override {
    Portion portion;
    portion.after = position;
    // Which text this is is written before anything of it is read: until then nobody could find it
    // again if it were rotated.
    ASSIGN_OR_RETURN(const bool is_unknown, Named(IsUnknown(position)));
    if (is_unknown) return End(std::move(portion));
    if (has_header_ && header_.text.empty()) {
      ASSIGN_OR_RETURN(header_, Named(cutter_->TakeHeader()));
      portion.grew = header_.grew;
      RETURN_IF_ERROR(CheckPlain(position));
      if (header_.text.empty()) return End(std::move(portion));
    }
    ASSIGN_OR_RETURN(const TextChunk chunk, Named(cutter_->Next(ask != Ask::kFullPortions)));
    RETURN_IF_ERROR(CheckPlain(position));
    portion.grew |= chunk.grew;
    if (chunk.begin == chunk.end) return End(std::move(portion));
    const uint64_t lines_before = position.offset() == 0 ? header_.lines : portion.after.lines();
    portion.inputs.push_back(
        {name_, [this, chunk] { return OpenChunk(chunk); }, nullptr, lines_before - header_.lines});
    portion.after.set_offset(chunk.end);
    portion.after.set_lines(lines_before + chunk.lines);
    RETURN_IF_ERROR(SetHead(&portion.after));
    return portion;
  }

 protected:
  void Begin(GrowingText* text, uint64_t offset) {
    text_ = text;
    cutter_.emplace(text, offset, limits_);
    header_ = {};
    checked_plain_ = false;
  }
  // Whether something is there, and the position does not say of which text.
  virtual Result<bool> IsUnknown(const FollowedSource& position) = 0;
  // There is no portion now. May `after` be written nevertheless, or will there be none any more?
  virtual Result<Portion> End(Portion portion) = 0;
  // By which the text is known again, once some of it is read.
  virtual Status SetHead(FollowedSource* after) const = 0;

  const std::string& name() const { return name_; }
  uint64_t unended_bytes() const { return cutter_->unended_bytes(); }
  // An error says whose it is.
  template <typename T>
  Result<T> Named(Result<T> result) const {
    if (result.ok()) return result;
    return result.status().Annotate(name_);
  }

 private:
  Result<std::unique_ptr<ByteSource>> OpenChunk(const TextChunk& chunk) const {
    ASSIGN_OR_RETURN(auto rows, text_->Open(chunk.begin, chunk.end));
    return std::unique_ptr<ByteSource>(std::make_unique<HeldSource>(header_.text, std::move(rows)));
  }

  // Once, when the first bytes have come.
  Status CheckPlain(const FollowedSource& position) {
    if (text_->size() == 0 || std::exchange(checked_plain_, true) || position.offset() > 0) {
      return Status::Ok();
    }
    std::vector<char> first(std::min<uint64_t>(text_->size(), kFormatBytes));
    RETURN_IF_ERROR(text_->Read(0, first));
    if (PackingOf(std::string_view(first.data(), first.size())) == Packing::kNone) {
      return Status::Ok();
    }
    return InvalidArgument(StrCat(name_,
                                  ": packed text cannot be followed while it grows; unpack it "
                                  "on the way (zcat FILE | chorus import --follow ... -)"));
  }

  const ChunkLimits limits_;
  const std::string name_;
  const bool has_header_;
  GrowingText* text_ = nullptr;
  std::optional<ChunkCutter> cutter_;
  TextHeader header_;
  bool checked_plain_ = false;
};

class PipePortions final : public TextPortions {
 public:
  PipePortions(const ImportSchema& schema, const FollowOptions& options)
      : TextPortions(schema, options, "standard input"),
        pipe_(FollowDescriptor(options.import.standard_input)) {
    Begin(pipe_.get(), 0);
  }
  Status Wait(double seconds) override { return Named(pipe_->Grow(seconds)).status(); }

 protected:
  Result<Portion> End(Portion portion) override {
    portion.over = pipe_->ended();
    return portion;
  }
  Result<bool> IsUnknown(const FollowedSource& /*position*/) override { return false; }
  Status SetHead(FollowedSource* /*after*/) const override { return Status::Ok(); }

 private:
  const std::unique_ptr<GrowingText> pipe_;
};

// A file that grows, and the one after it when it is rotated.
class FilePortions final : public TextPortions {
 public:
  FilePortions(FileSystem& files, const ImportSchema& schema, const FollowOptions& options,
               const std::string& path)
      : TextPortions(schema, options, path), files_(files) {}

  Status Open(const FollowedSource& position) {
    const FileHead head{.bytes = position.head_bytes(),
                        .checksum = position.head_checksum(),
                        .id = position.file_id()};
    ASSIGN_OR_RETURN(file_, FollowFile(files_, name(), "", position.offset(), head));
    Begin(file_.get(), position.offset());
    return Status::Ok();
  }
  Status Wait(double seconds) override {
    std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
    return Status::Ok();
  }
  void TellRest() const override {
    if (unended_bytes() == 0) return;
    LogInfo(name(), ": ", unended_bytes(), " bytes at its end are no whole line yet; the ",
            "same command reads them when they are");
  }

 protected:
  Result<Portion> End(Portion portion) override {
    if (file_->ended()) {
      ASSIGN_OR_RETURN(portion.moved, MoveOn(&portion.after));
      return portion;
    }
    if (portion.after.head_bytes() == 0 && file_->head().bytes > 0) {
      RETURN_IF_ERROR(SetHead(&portion.after));
      portion.moved = true;
    }
    return portion;
  }
  Result<bool> IsUnknown(const FollowedSource& position) override {
    if (position.head_bytes() > 0) return false;
    RETURN_IF_ERROR(file_->Grow(0).status());
    return file_->head().bytes > 0;
  }

  Status SetHead(FollowedSource* after) const override {
    after->set_head_bytes(file_->head().bytes);
    after->set_head_checksum(file_->head().checksum);
    after->set_file_id(file_->head().id);
    return Status::Ok();
  }

 private:
  // To the file after a rotated one of which all is read. False: its name changed meanwhile, so
  // that it is to be looked for once more.
  Result<bool> MoveOn(FollowedSource* after) {
    auto begun = FollowFile(files_, name(), file_->next_path(), 0, {});
    if (begun.status().code() == Code::kNotFound) return false;  // amid a further rotation
    ASSIGN_OR_RETURN(auto next, Named(std::move(begun)));
    // A rotation renames the oldest file first: while this one has its name, so has the next one.
    FileHead head = file_->head();
    head.least_size = file_->size();
    ASSIGN_OR_RETURN(const bool is_alike, HasHead(files_, file_->at(), head));
    if (!is_alike || files_.IdOf(file_->at()) != head.id) return false;
    LogInfo(name(), " was rotated: ", file_->at(), " is read to its end, and ", next->at(),
            " comes next");
    file_ = std::move(next);
    Begin(file_.get(), 0);
    after->set_offset(0);
    after->set_lines(0);
    RETURN_IF_ERROR(SetHead(after));
    return true;
  }

  FileSystem& files_;
  std::unique_ptr<GrowingFileText> file_;
};

}  // namespace

Result<std::unique_ptr<PortionSource>> FollowText(FileSystem& files, const ImportSchema& schema,
                                                  const FollowOptions& options,
                                                  const FollowedSource& position) {
  if (position.name() == kFollowedInput) {
    return std::unique_ptr<PortionSource>(std::make_unique<PipePortions>(schema, options));
  }
  auto portions = std::make_unique<FilePortions>(files, schema, options, position.name());
  RETURN_IF_ERROR(portions->Open(position));
  return std::unique_ptr<PortionSource>(std::move(portions));
}

}  // namespace chorus::worker
