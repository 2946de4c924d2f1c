#include "launch/report/write_page.h"

#include <algorithm>
#include <memory>

#include "common/output_file.h"
#include "common/strings.h"
#include "launch/report/html.h"

namespace chorus::launch {
namespace {

Status CheckReplaceable(FileSystem& files, const std::string& path) {
  ASSIGN_OR_RETURN(const FileSystem::Target target, files.TargetOf(path));
  if (target.in_place || !files.Exists(target.path)) return Status::Ok();
  ASSIGN_OR_RETURN(const auto file, files.OpenForRead(target.path));
  std::string begin(std::min<uint64_t>(file->size(), PageStart().size()), 0);
  RETURN_IF_ERROR(file->ReadAt(0, std::as_writable_bytes(std::span(begin))).Annotate(path));
  if (IsPage(begin)) return Status::Ok();
  return FailedPrecondition(
      path + " is there and is no page that chorus wrote: move it away, or write to another file");
}

}  // namespace

bool IsPage(std::string_view text) { return text.starts_with(PageStart()); }

Status WritePage(FileSystem& files, const std::string& path, std::string_view page) {
  RETURN_IF_ERROR(CheckReplaceable(files, path));
  ASSIGN_OR_RETURN(const std::unique_ptr<OutputFile> out, OutputFile::Create(files, path));
  RETURN_IF_ERROR(out->Append(page));
  return out->Commit();
}

}  // namespace chorus::launch
