#include "common/output_file.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <span>

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
    return std::unique_ptr<OutputFile>(new OutputFile(files, {path, true}));
  }
  ASSIGN_OR_RETURN(FileSystem::Target target, files.TargetOf(path));
  std::unique_ptr<OutputFile> out(new OutputFile(files, std::move(target)));
  if (out->target_.in_place) {
    ASSIGN_OR_RETURN(out->file_, files.OpenForAppend(out->target_.path));
    return out;
  }
  ASSIGN_OR_RETURN(out->lock_, LockOutput(files, out->target_.path));
  const std::string partial = out->target_.path + ".partial";
  ASSIGN_OR_RETURN(out->file_, files.Create(partial));
  out->partial_ = partial;
  return out;
}

OutputFile::~OutputFile() {
  file_.reset();
  // The error that ended the command is the one worth telling.
  if (!partial_.empty()) (void)files_.Remove(partial_);
}

Status OutputFile::Append(std::string_view text) {
  if (file_ != nullptr) return file_->Append(std::as_bytes(std::span(text.data(), text.size())));
  const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
  return written ? Status::Ok() : StandardOutputError();
}

Status OutputFile::Commit() {
  if (file_ == nullptr) return std::fflush(stdout) == 0 ? Status::Ok() : StandardOutputError();
  RETURN_IF_ERROR(file_->Sync());
  RETURN_IF_ERROR(file_->Close());
  file_.reset();
  if (partial_.empty()) return Status::Ok();
  RETURN_IF_ERROR(files_.Rename(partial_, target_.path));
  partial_.clear();
  lock_.reset();
  return Status::Ok();
}

}  // namespace chorus
