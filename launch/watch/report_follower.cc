#include "launch/watch/report_follower.h"

#include <algorithm>
#include <span>

#include "common/json.h"
#include "common/strings.h"

namespace chorus::launch {

namespace {

// Enough for some lines: those of another run differ at least in their times.
constexpr size_t kCompared = 4096;

}  // namespace

Result<bool> ReportFollower::GoesOn(const RandomAccessFile& file) const {
  if (file.size() < offset_) return false;
  std::string found(last_.size(), '\0');
  RETURN_IF_ERROR(file.ReadAt(offset_ - found.size(), std::as_writable_bytes(std::span(found)))
                      .Annotate(path_));
  return found == last_;
}

void ReportFollower::BeginAnew() {
  offset_ = lines_ = 0;
  last_.clear();
  rest_.clear();
  progress_.reset();
  evaluation_.reset();
  doubts_.clear();
}

Status ReportFollower::Read() {
  ASSIGN_OR_RETURN(const auto file, files_.OpenForRead(path_));
  const uint64_t size = file->size();
  ASSIGN_OR_RETURN(const bool goes_on, GoesOn(*file));
  if (!goes_on) BeginAnew();
  std::string added(size - offset_, '\0');
  RETURN_IF_ERROR(file->ReadAt(offset_, std::as_writable_bytes(std::span(added))).Annotate(path_));
  offset_ = size;
  last_ += added;
  if (last_.size() > kCompared) last_.erase(0, last_.size() - kCompared);
  rest_ += added;
  size_t begin = 0;
  for (size_t end; (end = rest_.find('\n', begin)) != std::string::npos; begin = end + 1) {
    const Status taken = Take(rest_.substr(begin, end - begin));
    if (!taken.ok()) rest_.erase(0, end + 1);  // no line is taken twice by a caller that asks again
    RETURN_IF_ERROR(taken);
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
