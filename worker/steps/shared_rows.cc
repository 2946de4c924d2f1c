#include "worker/steps/shared_rows.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <unordered_set>
#include <utility>
#include <vector>

#include "common/key.h"
#include "common/strings.h"
#include "worker/log/log_reader.h"

namespace chorus::worker {
namespace {

constexpr uint64_t kMostBlocks = 64;      // of a log that are looked at
constexpr double kLeastShare = 0.01;      // of the evaluation's rows
constexpr uint64_t kLeastSharedRows = 3;  // that were found in both

// Rows that an import numbered have ids that say nothing of another log's rows.
bool HasOwnRowIds(const LogReader& log) {
  ImportSchema schema;
  return !log.schema().text.empty() && schema.ParseFromString(log.schema().text) &&
         !schema.row_id().empty();
}

// A file of the evaluation's log and one of the training's that hold the same; "" twice if none do.
std::pair<std::string, std::string> SharedFile(const LogReader& training,
                                               const LogReader& evaluation) {
  std::map<uint64_t, std::string> trained;
  for (uint32_t file = 0; file < training.files().size(); ++file) {
    trained.emplace(training.identity(file), training.files()[file]);
  }
  for (uint32_t file = 0; file < evaluation.files().size(); ++file) {
    const auto same = trained.find(evaluation.identity(file));
    if (same != trained.end()) return {evaluation.files()[file], same->second};
  }
  return {};
}

// Hashes of rows, by id and, where both logs have them, by group and time: ids of another log may
// begin at 1 as well.
class Rows {
 public:
  Rows(const LogReader& a, const LogReader& b)
      : by_group_(a.schema().has_group && b.schema().has_group),
        by_time_(a.schema().has_time && b.schema().has_time) {}

  // Those of some blocks. *share: of the log's rows that these are.
  Result<std::vector<uint64_t>> Some(const LogReader& log, double* share) const {
    const uint64_t blocks = log.blocks().size(), read = std::min(blocks, kMostBlocks);
    uint64_t all = 0;
    for (const BlockInfo& block : log.blocks()) all += block.rows;
    std::vector<uint64_t> hashes;
    Batch batch;
    for (uint64_t i = 0; i < read; ++i) {
      RETURN_IF_ERROR(log.ReadBlock(static_cast<uint32_t>(i * blocks / read), &batch));
      for (uint32_t row = 0; row < batch.rows(); ++row) hashes.push_back(HashOf(batch, row));
    }
    *share = all == 0 ? 0 : static_cast<double>(hashes.size()) / static_cast<double>(all);
    return hashes;
  }

 private:
  uint64_t HashOf(const Batch& batch, uint32_t row) const {
    uint64_t hash = Mix(batch.row_id[row]);
    if (by_group_) hash = Mix(hash + batch.group[row]);
    if (by_time_) hash = Mix(hash + static_cast<uint64_t>(batch.time[row]));
    return hash;
  }

  const bool by_group_, by_time_;
};

// About the share of the evaluation's rows that the training's log has, too; 0 for next to none.
Result<double> SharedPart(const LogReader& training, const LogReader& evaluation) {
  const Rows rows(training, evaluation);
  double of_training = 0, of_evaluation = 0;
  ASSIGN_OR_RETURN(const std::vector<uint64_t> trained, rows.Some(training, &of_training));
  ASSIGN_OR_RETURN(const std::vector<uint64_t> judged, rows.Some(evaluation, &of_evaluation));
  const std::unordered_set<uint64_t> known(trained.begin(), trained.end());
  const auto found = static_cast<uint64_t>(std::count_if(
      judged.begin(), judged.end(), [&](uint64_t hash) { return known.contains(hash); }));
  if (found < kLeastSharedRows) return 0.0;
  // A row of both is found if its block was read on either side.
  const double share =
      static_cast<double>(found) / of_training / static_cast<double>(judged.size());
  return share < kLeastShare ? 0.0 : std::min(share, 1.0);
}

Result<std::string> DoubtOfLogs(const LogReader& training, const LogReader& evaluation) {
  constexpr char kRemedy[] =
      ": a model looks better on rows that it has learnt than on new ones; evaluate on others, "
      "such as another part of import --split or a later day";
  const auto [judged, trained] = SharedFile(training, evaluation);
  if (!judged.empty()) {
    return StrCat("evaluate.log ", judged,
                  judged == trained
                      ? " is in data.log, too"
                      : StrCat(" holds the same exposures as ", trained, " of data.log"),
                  kRemedy);
  }
  if (!HasOwnRowIds(training) || !HasOwnRowIds(evaluation)) return std::string();
  ASSIGN_OR_RETURN(const double share, SharedPart(training, evaluation));
  if (share == 0) return std::string();
  return StrCat("evaluate.log ", evaluation.files().front(), " shares about ",
                static_cast<uint64_t>(std::max(1.0, std::round(100 * share))),
                " % of its exposures with data.log ", training.files().front(),
                ", by their row ids", kRemedy);
}

Result<std::unique_ptr<LogReader>> Open(
    FileSystem& files, const google::protobuf::RepeatedPtrField<std::string>& log) {
  return LogReader::Open(files, {log.begin(), log.end()});
}

}  // namespace

std::string DoubtOfSharedRows(FileSystem& files, const TrainConfig& config) {
  const auto training = Open(files, config.data().log());
  const auto evaluation = Open(files, config.evaluate().log());
  if (!training.ok() || !evaluation.ok()) return "";
  Result<std::string> doubt = DoubtOfLogs(**training, **evaluation);
  return doubt.ok() ? *std::move(doubt) : "";
}

}  // namespace chorus::worker
