#include "worker/steps/shared_rows.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "common/key.h"
#include "common/strings.h"
#include "worker/log/log_reader.h"
#include "worker/steps/fit_settings.h"

namespace chorus::worker {
namespace {

// Of each log: one of wide rows or of large blocks costs what others do.
constexpr uint64_t kMostBlocksRead = 64, kMostRowsRead = 1 << 20, kMostBytesRead = 1 << 28;
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
    if (training.HoldsBlocks(file)) {
      trained.emplace(training.identity(file), training.files()[file]);
    }
  }
  for (uint32_t file = 0; file < evaluation.files().size(); ++file) {
    const auto same = trained.find(evaluation.identity(file));
    if (same != trained.end()) return {evaluation.files()[file], same->second};
  }
  return {};
}

// As many as keep the bounds if all are as large as the largest.
uint64_t BlocksLookedAt(const LogReader& log) {
  uint64_t rows = 1, bytes = 1;  // of the largest block
  for (const BlockInfo& block : log.blocks()) {
    rows = std::max<uint64_t>(rows, block.rows);
    bytes = std::max(bytes, block.bytes);
  }
  const uint64_t most =
      std::max<uint64_t>(std::min(kMostRowsRead / rows, kMostBytesRead / bytes), 1);
  return std::min<uint64_t>({log.blocks().size(), kMostBlocksRead, most});
}

// A column of keys: its place in its side of a batch.
struct SlotPlace {
  bool context = false;
  size_t place = 0;
};

// Those of `log` that are in `other`, too, by name, in the order of their names.
std::vector<SlotPlace> SharedSlots(const LogSchema& log, const LogSchema& other) {
  std::map<std::string, SlotPlace> shared;
  size_t contexts = 0, exposures = 0;
  for (const SlotInfo& slot : log.slots) {
    const size_t place = slot.context ? contexts++ : exposures++;
    const auto same = [&](const SlotInfo& o) {
      return o.name == slot.name && o.key_space == slot.key_space;
    };
    if (std::any_of(other.slots.begin(), other.slots.end(), same)) {
      shared[slot.name] = {slot.context, place};
    }
  }
  std::vector<SlotPlace> places;
  for (const auto& [name, place] : shared) places.push_back(place);
  return places;
}

// Hashes of a log's rows, to be compared with those of `other`: by id and, where both have them, by
// group and time, else by their features' keys. Ids of another log may begin at 1 as well.
class RowHashes {
 public:
  RowHashes(const LogReader& log, const LogReader& other)
      : log_(log),
        by_group_(log.schema().has_group && other.schema().has_group),
        by_time_(log.schema().has_time && other.schema().has_time),
        slots_(by_group_ || by_time_ ? std::vector<SlotPlace>()
                                     : SharedSlots(log.schema(), other.schema())) {}

  // False: ids alone say nothing of another log's rows.
  bool TellRowsApart() const { return by_group_ || by_time_ || !slots_.empty(); }

  // Those of the blocks that are looked at.
  Status ForEach(const std::function<void(uint64_t hash)>& take) const {
    const uint64_t blocks = log_.blocks().size(), read = BlocksLookedAt(log_);
    Batch batch;
    for (uint64_t i = 0; i < read; ++i) {
      RETURN_IF_ERROR(log_.ReadBlock(static_cast<uint32_t>(i * blocks / read), &batch));
      for (uint32_t row = 0; row < batch.rows(); ++row) take(HashOf(batch, row));
    }
    return Status::Ok();
  }

 private:
  uint64_t HashOf(const Batch& batch, uint32_t row) const {
    uint64_t hash = Mix(batch.row_id[row]);
    if (by_group_) hash = Mix(hash + batch.group[row]);
    if (by_time_) hash = Mix(hash + static_cast<uint64_t>(batch.time[row]));
    for (const SlotPlace& slot : slots_) {
      const FeatureColumns& side = slot.context ? batch.contexts : batch.exposures;
      const SlotColumn& column = side.slots[slot.place];
      const uint32_t at = slot.context ? batch.context_of[row] : row;
      for (uint32_t i = column.offsets[at]; i < column.offsets[at + 1]; ++i) {
        hash = Mix(hash + column.keys[i]);
      }
    }
    return hash;
  }

  const LogReader& log_;
  const bool by_group_, by_time_;
  const std::vector<SlotPlace> slots_;
};

// About the share of the evaluation's rows that the training's log has, too; 0 for next to none.
Result<double> SharedPart(const LogReader& training, const LogReader& evaluation) {
  const RowHashes trained(training, evaluation), judged(evaluation, training);
  if (!trained.TellRowsApart()) return 0.0;
  std::unordered_set<uint64_t> known;
  uint64_t read = 0, looked_at = 0, found = 0;
  RETURN_IF_ERROR(trained.ForEach([&](uint64_t hash) {
    ++read;
    known.insert(hash);
  }));
  RETURN_IF_ERROR(judged.ForEach([&](uint64_t hash) {
    ++looked_at;
    if (known.contains(hash)) ++found;
  }));
  if (found < kLeastSharedRows) return 0.0;
  // A row of both is found if the training's block that has it was read.
  const double of_training = static_cast<double>(read) / static_cast<double>(SizeOf(training).rows);
  const double share = static_cast<double>(found) / of_training / static_cast<double>(looked_at);
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
