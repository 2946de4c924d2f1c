#include "launch/compare/same_log.h"

#include <span>

#include "common/checksum_stream.h"
#include "common/strings.h"

namespace chorus::launch {

Status CheckSameLog(const worker::Scores& a, const worker::Scores& b) {
  if (a.row_id == b.row_id && a.click == b.click && a.conversion == b.conversion &&
      a.group == b.group) {
    return Status::Ok();
  }
  return OtherLogs();
}

Status OtherLogs() {
  return FailedPrecondition("runs of one data set were evaluated on different test logs");
}

std::string BothPaths(const FinishedRun& a, const FinishedRun& b) {
  return StrCat(a.run->ScoresPath(), " and ", b.run->ScoresPath());
}

uint64_t LogChecksum(const worker::Scores& scores) {
  ChecksumStream checksum;
  const auto add = [&](const auto& column) { checksum.Add(std::as_bytes(std::span(column))); };
  add(scores.row_id);
  add(scores.click);
  add(scores.conversion);
  add(scores.group);
  return checksum.value();
}

}  // namespace chorus::launch
