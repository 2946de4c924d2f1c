#include "worker/steps/time_order.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "common/strings.h"
#include "common/utc_text.h"
#include "worker/log/batch.h"

namespace chorus::worker {
namespace {

// The column that the times were read from; "" where the log does not say.
std::string TimeColumn(const LogReader& log) {
  ImportSchema schema;
  const std::string& text = log.schema().text;
  return !text.empty() && schema.ParseFromString(text) ? schema.time() : std::string();
}

// Those of the blocks that are looked at, ascending.
Result<std::vector<int64_t>> TimesOf(const LogReader& log) {
  constexpr uint64_t kMostBlocks = 16;
  const uint64_t blocks = log.blocks().size(), read = std::min(blocks, kMostBlocks);
  std::vector<int64_t> times;
  Batch batch;
  for (uint64_t i = 0; i < read; ++i) {
    // The first block and the last one are among them.
    const uint64_t at = read == 1 ? 0 : i * (blocks - 1) / (read - 1);
    RETURN_IF_ERROR(log.ReadBlock(static_cast<uint32_t>(at), &batch));
    times.insert(times.end(), batch.time.begin(), batch.time.end());
  }
  std::sort(times.begin(), times.end());
  return times;
}

// Whether one of the two is in milliseconds, say, and the other in seconds.
bool HaveOtherUnits(int64_t a, int64_t b) {
  constexpr int64_t kFactor = 100;
  return a > 0 && b > 0 && (a / kFactor > b || b / kFactor > a);
}

// A column of dates is one of seconds in the log, and so are most numbers: "1764101601 (2025-11-25
// 20:13:21 UTC, if these are seconds)".
std::string ShownTime(int64_t time) {
  constexpr int64_t kFrom = 946684800, kUntil = 4102444800;  // the years 2000 and 2100
  if (time < kFrom || time >= kUntil) return StrCat(time);
  return StrCat(time, " (", UtcText(time), " UTC, if these are seconds)");
}

Result<std::string> DoubtOfTimes(const LogReader& training, const LogReader& evaluation) {
  const std::string column = TimeColumn(training);
  if (!training.schema().has_time || !evaluation.schema().has_time ||
      column != TimeColumn(evaluation)) {
    return std::string();
  }
  ASSIGN_OR_RETURN(const std::vector<int64_t> trained, TimesOf(training));
  ASSIGN_OR_RETURN(const std::vector<int64_t> judged, TimesOf(evaluation));
  if (trained.empty() || judged.empty()) return std::string();
  constexpr size_t kEarliestPart = 20;  // one in this many rows of the training may be earlier
  const int64_t middle = judged[judged.size() / 2];
  const int64_t early = trained[trained.size() / kEarliestPart];
  if (middle >= early || HaveOtherUnits(middle, early)) return std::string();
  return StrCat("evaluate.log ", evaluation.files().front(), " is earlier than data.log ",
                training.files().front(), ": half of its exposures are from before ",
                ShownTime(middle + 1), " and nearly all of the training's from ", ShownTime(early),
                " on (time", column.empty() ? "" : StrCat(" is column \"", column, "\""),
                "). A model that knows what came afterwards looks better than it will when it "
                "serves: evaluate on a later time (import --split-by-time)");
}

}  // namespace

std::string DoubtOfTimeOrder(FileSystem& files, const TrainConfig& config, const OpenLogs& open) {
  std::unique_ptr<LogReader> opened_training, opened_evaluation;
  // Null: it cannot be read.
  const auto reader = [&](const LogReader* given, const auto& paths,
                          std::unique_ptr<LogReader>* log) -> const LogReader* {
    if (given != nullptr) return given;
    auto read = LogReader::Open(files, {paths.begin(), paths.end()});
    if (read.ok()) *log = std::move(read).value();
    return log->get();
  };
  const LogReader* const training = reader(open.training, config.data().log(), &opened_training);
  const LogReader* const evaluation =
      reader(open.evaluation, config.evaluate().log(), &opened_evaluation);
  if (training == nullptr || evaluation == nullptr) return "";
  Result<std::string> doubt = DoubtOfTimes(*training, *evaluation);
  return doubt.ok() ? *std::move(doubt) : "";
}

}  // namespace chorus::worker
