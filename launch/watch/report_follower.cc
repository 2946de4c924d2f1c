#include "launch/watch/report_follower.h"

#include <algorithm>
#include <span>

#include "common/json.h"
#include "common/strings.h"

namespace chorus::launch {

Status ReportFollower::Read() {
  ASSIGN_OR_RETURN(const auto file, files_.OpenForRead(path_));
  const uint64_t size = file->size();
  if (size < offset_) {
    offset_ = lines_ = 0;
    rest_.clear();
    progress_.reset();
    evaluation_.reset();
    doubts_.clear();
  }
  std::string added(size - offset_, '\0');
  RETURN_IF_ERROR(file->ReadAt(offset_, std::as_writable_bytes(std::span(added))).Annotate(path_));
  offset_ = size;
  rest_ += added;
  size_t begin = 0;
  for (size_t end; (end = rest_.find('\n', begin)) != std::string::npos; begin = end + 1) {
    RETURN_IF_ERROR(Take(rest_.substr(begin, end - begin)));
  }
  rest_.erase(0, begin);
  return Status::Ok();
}

Status ReportFollower::Take(const std::string& line) {
  ++lines_;
  Report report;
  const Status parsed = FromJson(line, &report);
  if (!parsed.ok()) {
    return DataLoss(StrCat(path_, ":", lines_, ": is no report of a training run: ",
                           "give the file that its report.metrics names, or its job"));
  }
  for (const std::string& doubt : report.doubt()) {
    if (std::find(doubts_.begin(), doubts_.end(), doubt) == doubts_.end()) doubts_.push_back(doubt);
  }
  if (report.has_progress()) progress_ = report;
  if (report.has_evaluation()) evaluation_ = std::move(report);
  return Status::Ok();
}

}  // namespace chorus::launch
