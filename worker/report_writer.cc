#include "worker/report_writer.h"

#include <google/protobuf/util/json_util.h>

#include <span>

#include "common/log.h"
#include "common/strings.h"

namespace chorus::worker {
namespace {

std::span<const std::byte> BytesOf(const std::string& text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

// The lines of reports up to `step`; a torn last line is dropped.
Result<std::string> LinesUpTo(const std::string& text, uint64_t step) {
  std::string kept;
  const std::vector<std::string> lines = Split(text, '\n');
  for (size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].empty()) continue;
    Report report;
    if (google::protobuf::util::JsonStringToMessage(lines[i], &report).ok()) {
      if (report.step() <= step) kept.append(lines[i]).append("\n");
    } else if (i + 1 < lines.size()) {  // the last piece has no end of line
      return DataLoss(StrCat("line ", i + 1, " is no report: move the file away, or give another"));
    }
  }
  return kept;
}

// Makes the file hold what the run goes on from.
Status Prepare(FileSystem& files, const std::string& path, uint64_t resumed_step) {
  RETURN_IF_ERROR(files.CreateDirectories(DirectoryOf(path)));
  std::string kept;
  if (files.Exists(path)) {
    ASSIGN_OR_RETURN(const std::string text, ReadWholeFile(files, path));
    if (resumed_step > 0) {
      ASSIGN_OR_RETURN(kept, LinesUpTo(text, resumed_step));
    } else if (!text.empty()) {
      LogInfo("report.metrics: a new run, ", path, " is replaced");
    }
  }
  return ReplaceFile(files, path, kept);
}

}  // namespace

Result<std::unique_ptr<ReportWriter>> ReportWriter::Open(FileSystem& files, const std::string& path,
                                                         uint64_t resumed_step) {
  if (path.empty()) return std::unique_ptr<ReportWriter>(new ReportWriter(nullptr));
  ASSIGN_OR_RETURN(const FileSystem::Target target, files.TargetOf(path));
  if (!target.in_place) {
    RETURN_IF_ERROR(Prepare(files, target.path, resumed_step).Annotate("report.metrics: " + path));
  }
  ASSIGN_OR_RETURN(std::unique_ptr<WritableFile> file, files.OpenForAppend(target.path));
  return std::unique_ptr<ReportWriter>(new ReportWriter(std::move(file)));
}

Status ReportWriter::Write(const Report& report) {
  if (file_ == nullptr) return Status::Ok();
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string line;
  if (!google::protobuf::util::MessageToJsonString(report, &line, options).ok()) {
    return Internal("a report cannot be written as JSON");
  }
  line.push_back('\n');
  return file_->Append(BytesOf(line));
}

Status ReportWriter::Sync() { return file_ == nullptr ? Status::Ok() : file_->Sync(); }

Status ReportWriter::Close() {
  if (file_ == nullptr) return Status::Ok();
  RETURN_IF_ERROR(file_->Sync());
  return file_->Close();
}

}  // namespace chorus::worker
