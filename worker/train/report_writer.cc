#include "worker/train/report_writer.h"

#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "common/json.h"
#include "common/log.h"
#include "common/strings.h"
#include "worker/train/run_head.h"

namespace chorus::worker {
namespace {

// How every line begins; what a killed run left of one may be shorter. A loss of power leaves zeros
// where lines had room on the disk and were not written, of steps after the last checkpoint.
constexpr std::string_view kLineStart = "{\"step\":\"";

bool IsTorn(std::string_view line) {
  return line.starts_with(kLineStart) || kLineStart.starts_with(line);
}

struct Line {
  std::string text;
  Report report;
};

bool IsUnwritten(std::string_view line) { return line.find('\0') != std::string_view::npos; }

// The file's lines, without what a killed run left of them. Error: a line is no report.
Result<std::vector<Line>> LinesOf(const std::string& text) {
  std::vector<Line> out;
  const std::vector<std::string> lines = Split(text, '\n');
  for (size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].empty() || IsUnwritten(lines[i])) continue;
    Line line{lines[i], {}};
    const bool parsed = FromJson(lines[i], &line.report).ok();
    if (parsed && (line.report.has_progress() || line.report.has_evaluation())) {
      out.push_back(std::move(line));
    } else if (i + 1 < lines.size() || !IsTorn(lines[i])) {  // the last piece has no end of line
      return DataLoss(StrCat("line ", i + 1, " is no report: move the file away, or give another"));
    }
  }
  return out;
}

// What a run that resumes after `step` keeps.
std::string KeptOf(const std::vector<Line>& lines, uint64_t step, bool evaluates_again) {
  std::string kept;
  for (const Line& line : lines) {
    const bool again =
        evaluates_again && line.report.step() == step && line.report.has_evaluation();
    if (line.report.step() <= step && !again) kept.append(line.text).append("\n");
  }
  return kept;
}

// "7 reports of ESMM, which began 2026-03-01 09:30 UTC"
std::string Earlier(const RunHead& head, size_t reports) {
  return StrCat(reports, reports == 1 ? " report of " : " reports of ",
                head.method().empty() ? "a run" : head.method(),
                head.began().empty() ? "" : ", which began " + head.began());
}

// Puts a new file in the place of `path`, and leaves it open: whoever still writes the old one, a
// rank that outlives its job, has a file without a name.
Result<std::unique_ptr<WritableFile>> ReplaceOpen(FileSystem& files, const std::string& path,
                                                  const std::string& bytes) {
  const std::string temporary = path + ".tmp";
  ASSIGN_OR_RETURN(auto file, files.Create(temporary));
  Status status = file->Append(std::as_bytes(std::span(bytes.data(), bytes.size())));
  if (status.ok()) status = file->Sync();
  if (status.ok()) status = files.Rename(temporary, path);
  if (status.ok()) return file;
  if (files.Exists(temporary)) (void)files.Remove(temporary);  // the first error is worth telling
  return status;
}

// A file that holds what the run goes on from.
Result<std::unique_ptr<WritableFile>> Prepare(FileSystem& files, const std::string& path,
                                              uint64_t resumed_step, bool evaluates_again) {
  std::string kept;
  if (files.Exists(path)) {
    ASSIGN_OR_RETURN(const std::string text, ReadWholeFile(files, path));
    const Result<std::vector<Line>> lines = LinesOf(text);
    if (resumed_step > 0) {
      RETURN_IF_ERROR(lines.status());
      kept = KeptOf(*lines, resumed_step, evaluates_again);
    } else if (!lines.ok()) {
      return FailedPrecondition(
          StrCat("is there and is no file of reports (", lines.status().message(), ")"));
    } else if (!text.empty()) {
      LogWarning("report.metrics: a new run replaces ", path, ": ",
                 Earlier(ReadRunHead(files, path), lines->size()),
                 " (--resume goes on with a run; another report.metrics keeps this one)");
    }
  }
  return ReplaceOpen(files, path, kept);
}

}  // namespace

Result<std::unique_ptr<ReportWriter>> ReportWriter::Open(FileSystem& files, const std::string& path,
                                                         uint64_t resumed_step,
                                                         bool evaluates_again,
                                                         double wait_seconds) {
  std::unique_ptr<ReportWriter> writer(new ReportWriter());
  if (path.empty()) return writer;
  ASSIGN_OR_RETURN(const FileSystem::Target target, files.TargetOf(path));
  if (!target.in_place) {
    const std::string context = "report.metrics: " + path;
    RETURN_IF_ERROR(files.CreateDirectories(DirectoryOf(target.path)).Annotate(context));
    auto lock = LockOutput(files, target.path, wait_seconds);
    if (!lock.ok()) return lock.status().Annotate("report.metrics");
    writer->lock_ = std::move(*lock);
    auto file = Prepare(files, target.path, resumed_step, evaluates_again);
    if (!file.ok()) return file.status().Annotate(context);
    writer->file_ = SideFile(std::move(*file), "report.metrics", path);
    return writer;
  }
  ASSIGN_OR_RETURN(auto file, files.OpenForAppend(target.path));
  writer->file_ = SideFile(std::move(file), "report.metrics", path);
  return writer;
}

Status ReportWriter::Write(const Report& report) {
  if (!file_.is_open()) return Status::Ok();
  // What is undefined (an optional field without a value) alone is left out.
  ASSIGN_OR_RETURN(std::string line, ToJson(report, {.zeros = true}));
  line.push_back('\n');
  file_.Append(line);
  return Status::Ok();
}

void ReportWriter::Close() {
  file_.Close();
  lock_.reset();
}

}  // namespace chorus::worker
