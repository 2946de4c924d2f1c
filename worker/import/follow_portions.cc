#include "worker/import/follow_portions.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>

#include "common/log.h"
#include "common/strings.h"
#include "worker/import/file_format.h"
#include "worker/import/growing_text.h"
#include "worker/import/inputs.h"

namespace chorus::worker {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kSecondsBetweenLooks = 0.25;  // at a folder

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
    if (has_header_ && header_.empty()) {
      ASSIGN_OR_RETURN(header_, cutter_->TakeHeader(&header_lines_));
      if (header_.empty()) return portion;
      if (position.offset() == 0) portion.after.set_lines(header_lines_);
    }
    ASSIGN_OR_RETURN(const TextChunk chunk, cutter_->Next());
    portion.stopped = chunk.stopped;
    if (chunk.begin == chunk.end) {
      TellUnended();
      return portion;
    }
    const uint64_t lines_before = portion.after.lines();
    portion.inputs.push_back({name_, [this, chunk] { return OpenChunk(chunk); }, nullptr,
                              lines_before - (has_header_ ? header_lines_ : 0)});
    portion.after.set_offset(chunk.end);
    portion.after.set_lines(lines_before + chunk.lines);
    RETURN_IF_ERROR(SetHead(chunk.end, &portion.after));
    RETURN_IF_ERROR(CheckPlain());
    return portion;
  }

 private:
  TextPortions(const std::string& path, std::unique_ptr<GrowingText> text)
      : is_file_(path != kFollowedInput),
        name_(is_file_ ? path : "standard input"),
        text_(std::move(text)) {}

  Result<std::unique_ptr<ByteSource>> OpenChunk(const TextChunk& chunk) const {
    ASSIGN_OR_RETURN(auto rows, text_->Open(chunk.begin, chunk.end));
    return std::unique_ptr<ByteSource>(std::make_unique<HeadedSource>(header_, std::move(rows)));
  }

  Status CheckPlain() const {
    if (PackingOf(header_) == Packing::kNone) return Status::Ok();
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
  std::string header_;
  uint64_t header_lines_ = 0;
};

// A folder in which whole files appear.
class FolderPortions final : public PortionSource {
 public:
  FolderPortions(FileSystem& files, const FollowOptions& options)
      : files_(files), options_(options), folder_(options.import.inputs[0]) {}

  Result<Portion> Next(const FollowPosition& position) override {
    Portion portion{{}, position, false};
    const Clock::time_point begin = Clock::now();
    while (true) {
      if (options_.stop()) {
        portion.stopped = true;
        return portion;
      }
      ASSIGN_OR_RETURN(const std::string name, FindNew(position, &portion.after));
      if (!name.empty()) {
        RETURN_IF_ERROR(Take(name, &portion));
        return portion;
      }
      const std::chrono::duration<double> waited = Clock::now() - begin;
      double pause = kSecondsBetweenLooks;
      if (options_.idle_seconds > 0) {
        pause = std::min(pause, options_.idle_seconds - waited.count());
        if (pause <= 0) return portion;
      }
      std::this_thread::sleep_for(std::chrono::duration<double>(pause));
    }
  }

 private:
  static bool IsInWork(std::string_view name) {
    return name.starts_with(".") || name.ends_with(".tmp") || name.ends_with(".part") ||
           name.ends_with(".lock");
  }

  // The first file that is not done; "" = none. Those that are gone need not be known any more.
  Result<std::string> FindNew(const FollowPosition& position, FollowPosition* after) {
    ASSIGN_OR_RETURN(const std::vector<std::string> names, files_.List(folder_));
    const std::set<std::string> there(names.begin(), names.end());
    std::set<std::string> done;
    after->clear_done();
    for (const FollowedInput& input : position.done()) {
      if (!there.contains(input.name())) continue;
      done.insert(input.name());
      *after->add_done() = input;
      RETURN_IF_ERROR(CheckUnchanged(input));
    }
    for (const std::string& name : names) {
      if (IsInWork(name) || done.contains(name)) continue;
      if (!files_.List(JoinPath(folder_, name)).ok()) return name;  // it is no directory
    }
    return std::string();
  }

  Status CheckUnchanged(const FollowedInput& input) {
    const std::string path = JoinPath(folder_, input.name());
    ASSIGN_OR_RETURN(const auto file, files_.OpenForRead(path));
    if (file->size() == input.bytes()) {
      ASSIGN_OR_RETURN(const uint64_t head,
                       HeadChecksum(*file, std::min(input.bytes(), kHeadBytes)));
      if (head == input.head_checksum()) return Status::Ok();
    }
    return FailedPrecondition(StrCat(path, " has changed since it was imported (", input.bytes(),
                                     " bytes then, ", file->size(),
                                     " now): files of a folder that "
                                     "is followed appear whole, under a name of their own"));
  }

  Status Take(const std::string& name, Portion* portion) {
    const std::string path = JoinPath(folder_, name);
    ASSIGN_OR_RETURN(portion->inputs, MakeInputs(files_, {path}, -1, ""));
    ASSIGN_OR_RETURN(const auto file, files_.OpenForRead(path));
    FollowedInput* const done = portion->after.add_done();
    done->set_name(name);
    done->set_bytes(file->size());
    ASSIGN_OR_RETURN(const uint64_t head, HeadChecksum(*file, std::min(done->bytes(), kHeadBytes)));
    done->set_head_checksum(head);
    return Status::Ok();
  }

  FileSystem& files_;
  const FollowOptions& options_;
  const std::string folder_;
};

}  // namespace

Result<std::unique_ptr<PortionSource>> FollowText(FileSystem& files, const ImportSchema& schema,
                                                  const FollowOptions& options,
                                                  const FollowPosition& position) {
  return TextPortions::Open(files, schema, options, position);
}

std::unique_ptr<PortionSource> FollowFolder(FileSystem& files, const FollowOptions& options) {
  return std::make_unique<FolderPortions>(files, options);
}

}  // namespace chorus::worker
