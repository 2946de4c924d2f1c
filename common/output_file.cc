#include "common/output_file.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <span>

#include "common/log.h"
#include "common/strings.h"
#include "common/write_lock.h"

namespace chorus {
namespace {

constexpr char kStandardOutput[] = "-";

Status StandardOutputError() {
  return Internal(StrCat("writing standard output: ", std::strerror(errno)));
}

}  // namespace

Result<std::unique_ptr<OutputFile>> OutputFile::Create(FileSystem& files, const std::string& path) {
  if (path == kStandardOutput) {
    std::unique_ptr<OutputFile> out(new OutputFile(files, {path, true}));
    out->unfinished_ = std::make_unique<UnfinishedOutput>("standard output");
    return out;
  }
  ASSIGN_OR_RETURN(FileSystem::Target target, files.TargetOf(path));
  std::unique_ptr<OutputFile> out(new OutputFile(files, std::move(target)));
  if (out->target_.in_place) {
    ASSIGN_OR_RETURN(out->file_, files.OpenForAppend(out->target_.path));
    out->unfinished_ = std::make_unique<UnfinishedOutput>(out->target_.path);
    return out;
  }
  ASSIGN_OR_RETURN(out->lock_, LockOutput(files, out->target_.path));
  const std::string partial = out->target_.path + ".partial";
  // Registered before the file exists, so that no signal finds a file that is not registered.
  out->unfinished_ = std::make_unique<UnfinishedOutput>(files, partial, &out->lock_);
  ASSIGN_OR_RETURN(out->file_, files.Create(partial));
  out->partial_ = partial;
  return out;
}

Result<std::unique_ptr<OutputFile>> OutputFile::Replace(FileSystem& files, const std::string& path,
                                                        std::string_view begin,
                                                        std::string_view what) {
  if (path == kStandardOutput) return Create(files, path);
  ASSIGN_OR_RETURN(const FileSystem::Target target, files.TargetOf(path));
  if (!target.in_place && files.Exists(target.path)) {
    ASSIGN_OR_RETURN(const auto file, files.OpenForRead(target.path));
    std::string found(std::min<uint64_t>(file->size(), begin.size()), 0);
    RETURN_IF_ERROR(file->ReadAt(0, std::as_writable_bytes(std::span(found))).Annotate(path));
    if (!found.empty() && found != begin) {
      return FailedPrecondition(
          StrCat(path, " is there and is no ", what, ": move it away, or write to another file"));
    }
    if (!found.empty()) {
      LogInfo(path, " is a ", what, " of ", file->size(),
              " bytes: this one replaces it when it is complete");
    }
  }
  return Create(files, path);
}

OutputFile::~OutputFile() {
  file_.reset();
  // An error here is dropped: the one that ended the command is reported.
  if (!partial_.empty()) (void)files_.Remove(partial_);
}

Status OutputFile::Append(std::string_view text) {
  if (file_ != nullptr) return file_->Append(std::as_bytes(std::span(text.data(), text.size())));
  const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
  return written ? Status::Ok() : StandardOutputError();
}

Status OutputFile::Commit() {
  if (file_ == nullptr) {
    // Closing may wait for a reader; a signal must not wait for that.
    if (std::fflush(stdout) != 0) return StandardOutputError();
    unfinished_.reset();
    return Status::Ok();
  }
  RETURN_IF_ERROR(file_->Sync());
  RETURN_IF_ERROR(file_->Close());
  file_.reset();
  if (partial_.empty()) {
    unfinished_.reset();
    return Status::Ok();
  }
  RETURN_IF_ERROR(unfinished_->Finish([this] { return files_.Rename(partial_, target_.path); }));
  unfinished_.reset();
  partial_.clear();
  lock_.reset();
  return Status::Ok();
}

}  // namespace chorus
