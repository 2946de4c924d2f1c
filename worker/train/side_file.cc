#include "worker/train/side_file.h"

#include <span>
#include <utility>

#include "common/log.h"

namespace chorus::worker {

SideFile::SideFile(std::unique_ptr<WritableFile> file, std::string field, std::string path)
    : file_(std::move(file)), field_(std::move(field)), path_(std::move(path)) {}

void SideFile::Append(std::string_view bytes) {
  if (file_ == nullptr) return;
  EndOnError(file_->Append(std::as_bytes(std::span(bytes.data(), bytes.size()))));
}

void SideFile::Sync() {
  if (file_ != nullptr) EndOnError(file_->Sync());
}

void SideFile::Close() {
  Sync();
  if (file_ != nullptr) EndOnError(file_->Close());
  file_.reset();
}

void SideFile::EndOnError(const Status& status) {
  if (status.ok()) return;
  LogWarning(field_, ": ", path_, ": ", status.ToString(),
             "; the run goes on, and writes nothing more there");
  file_.reset();
}

}  // namespace chorus::worker
