#include "worker/report_writer.h"

#include <google/protobuf/util/json_util.h>

#include <span>

#include "common/strings.h"

namespace chorus::worker {
namespace {

std::span<const std::byte> BytesOf(const std::string& text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

// The lines of reports up to `step`; a torn last line is dropped.
std::string LinesUpTo(const std::string& text, uint64_t step) {
  std::string kept;
  for (const std::string& line : Split(text, '\n')) {
    Report report;
    if (google::protobuf::util::JsonStringToMessage(line, &report).ok() && report.step() <= step &&
        !line.empty()) {
      kept.append(line).append("\n");
    }
  }
  return kept;
}

}  // namespace

Result<std::unique_ptr<ReportWriter>> ReportWriter::Open(FileSystem& files, const std::string& path,
                                                         uint64_t resumed_step) {
  if (path.empty()) return std::unique_ptr<ReportWriter>(new ReportWriter(nullptr));
  RETURN_IF_ERROR(files.CreateDirectories(DirectoryOf(path)));
  std::string kept;
  if (resumed_step > 0 && files.Exists(path)) {
    ASSIGN_OR_RETURN(const std::string text, ReadWholeFile(files, path));
    kept = LinesUpTo(text, resumed_step);
  }
  RETURN_IF_ERROR(ReplaceFile(files, path, kept));
  ASSIGN_OR_RETURN(std::unique_ptr<WritableFile> file, files.OpenForAppend(path));
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

Status ReportWriter::Close() { return file_ == nullptr ? Status::Ok() : file_->Close(); }

}  // namespace chorus::worker
