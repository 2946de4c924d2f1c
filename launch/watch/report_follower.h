#pragma once
// Reads a metrics.jsonl that a run is writing: each Read takes what has been added since the one
// before. Thread safety: one thread.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/file.h"
#include "common/report.pb.h"
#include "common/status.h"

namespace chorus::launch {

class ReportFollower {
 public:
  ReportFollower(FileSystem& files, std::string path) : files_(files), path_(std::move(path)) {}

  // A line without an end is read once it has one. If the file is shorter than before, or its last bytes read have
  // changed, it belongs to another run, or the run has resumed: it is read from its beginning. Errors: kNotFound;
  // kDataLoss, which names the line that is no report.
  Status Read();

  const std::string& path() const { return path_; }
  uint64_t lines() const { return lines_; }  // read so far, of the run that is there now
  // The last report of progress, and the last with an evaluation.
  const std::optional<Report>& progress() const { return progress_; }
  const std::optional<Report>& evaluation() const { return evaluation_; }
  // The signs of a mistake in all reports, each once.
  const std::vector<std::string>& doubts() const { return doubts_; }

 private:
  // Whether `file` goes on where the last Read ended.
  Result<bool> GoesOn(const RandomAccessFile& file) const;
  void BeginAnew();
  Status Take(const std::string& line);

  FileSystem& files_;
  const std::string path_;
  uint64_t offset_ = 0;
  std::string last_;  // bytes before offset_, at most kCompared
  std::string rest_;  // the beginning of a line that has no end yet
  uint64_t lines_ = 0;
  std::optional<Report> progress_;
  std::optional<Report> evaluation_;
  std::vector<std::string> doubts_;
};

}  // namespace chorus::launch
