#include "worker/train/group_exchange.h"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "common/check.h"
#include "common/strings.h"
#include "worker/metrics/scores.h"
#include "worker/metrics/task_rows.h"

namespace chorus::worker {
namespace {

// Of all workers: enough that an exchange is worth its messages.
constexpr uint64_t kRowsAtATime = 1 << 16;

GroupedRow GroupedRowOf(const Batch& batch, uint32_t i, const Prediction& prediction) {
  GroupedRow row;
  row.group = batch.group[i];
  row.row_id = batch.row_id[i];
  for (const Task task : {Task::kCtr, Task::kCvr, Task::kCtcvr}) {
    row.logit[static_cast<size_t>(task)] = LogitOf(prediction, task);
  }
  if (!batch.weight.empty()) row.weight = batch.weight[i];
  row.click = batch.click[i] != 0 ? 1 : 0;
  row.conversion = row.click != 0 && batch.conversion[i] != 0 ? 1 : 0;
  return row;
}

// One worker's message, as it is read step by step.
class Incoming {
 public:
  static Result<Incoming> Of(std::string_view bytes, uint32_t steps) {
    Incoming in;
    in.counts_.resize(steps);
    const size_t head = steps * sizeof(uint32_t);
    if (bytes.size() < head) return DataLoss("rows of another worker's groups: too short");
    std::memcpy(in.counts_.data(), bytes.data(), head);
    in.bytes_ = bytes.substr(head);
    uint64_t rows = 0;
    for (const uint32_t count : in.counts_) rows += count;
    if (rows * sizeof(GroupedRow) == in.bytes_.size()) return in;
    return DataLoss(StrCat("rows of another worker's groups: ", in.bytes_.size(),
                           " bytes, expected ", rows, " rows of ", sizeof(GroupedRow)));
  }
  template <typename F>
  void ForEachRow(uint32_t step, F f) {
    for (uint32_t i = 0; i < counts_[step]; ++i) {
      GroupedRow row;
      std::memcpy(&row, bytes_.data(), sizeof(row));
      bytes_.remove_prefix(sizeof(row));
      f(row);
    }
  }

 private:
  std::vector<uint32_t> counts_;  // [steps]
  std::string_view bytes_;        // of the rows that are still to come
};

std::string EncodeRows(const std::vector<uint32_t>& counts, const std::vector<GroupedRow>& rows) {
  const size_t head = counts.size() * sizeof(uint32_t);
  std::string out(head + rows.size() * sizeof(GroupedRow), '\0');
  std::memcpy(out.data(), counts.data(), head);
  if (!rows.empty()) std::memcpy(out.data() + head, rows.data(), out.size() - head);
  return out;
}

}  // namespace

GroupExchange::GroupExchange(Collective* collective, uint64_t step_rows)
    : collective_(collective),
      steps_at_a_time_(static_cast<uint32_t>(
          std::max<uint64_t>(kRowsAtATime / std::max<uint64_t>(step_rows, 1), 1))),
      outgoing_(collective->size()) {
  for (Outgoing& out : outgoing_) out.counts.assign(1, 0);
}

void GroupExchange::Add(const Batch& batch, std::span<const Prediction> predictions) {
  CHECK(predictions.size() == batch.rows() && batch.group.size() == batch.rows(),
        "predictions=", predictions.size(), " groups=", batch.group.size());
  for (uint32_t i = 0; i < batch.rows(); ++i) {
    if (batch.group[i] == kNoGroup) continue;
    const GroupedRow row = GroupedRowOf(batch, i, predictions[i]);
    if (outgoing_.size() == 1) {  // nobody to give it to
      rows_.Add(row);
      continue;
    }
    Outgoing& out = outgoing_[WorkerOfGroup(row.group, collective_->size())];
    out.rows.push_back(row);
    ++out.counts.back();
  }
}

Status GroupExchange::FinishStep() {
  if (outgoing_.size() == 1) return Status::Ok();
  if (++steps_ == steps_at_a_time_) return Exchange();
  for (Outgoing& out : outgoing_) out.counts.push_back(0);
  return Status::Ok();
}

Status GroupExchange::Exchange() {
  std::vector<std::string> parts;
  for (Outgoing& out : outgoing_) {
    out.counts.resize(steps_);
    parts.push_back(EncodeRows(out.counts, out.rows));
    out.counts.assign(1, 0);
    out.rows.clear();
  }
  ASSIGN_OR_RETURN(parts, collective_->AllToAll(std::move(parts)));
  return Take(parts);
}

// A step's rows of worker 0, of worker 1 ... are in log order: then come the next step's.
Status GroupExchange::Take(const std::vector<std::string>& parts) {
  std::vector<Incoming> incoming;
  for (const std::string& part : parts) {
    ASSIGN_OR_RETURN(Incoming in, Incoming::Of(part, steps_));
    incoming.push_back(std::move(in));
  }
  for (uint32_t step = 0; step < steps_; ++step) {
    for (Incoming& in : incoming) {
      in.ForEachRow(step, [&](const GroupedRow& row) { rows_.Add(row); });
    }
  }
  steps_ = 0;
  return Status::Ok();
}

Result<std::optional<GroupSums>> GroupExchange::Finish(std::span<const uint32_t> k,
                                                       uint32_t threads) {
  if (steps_ > 0) RETURN_IF_ERROR(Exchange());
  outgoing_.clear();
  const GroupSums mine = rows_.TakeSums(k, threads);
  ASSIGN_OR_RETURN(const std::vector<std::string> parts, collective_->Gather(mine.Serialize(), 0));
  if (collective_->rank() != 0) return std::optional<GroupSums>();
  GroupSums all(k);
  for (const std::string& part : parts) RETURN_IF_ERROR(all.Merge(part));
  return std::optional<GroupSums>(std::move(all));
}

}  // namespace chorus::worker
