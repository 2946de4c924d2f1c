#include "worker/metrics/group_sums.h"

#include <cstring>

#include "common/check.h"
#include "common/strings.h"

namespace chorus::worker {
namespace {

TaskRows RowsOf(std::span<const GroupedRow> rows, Task task, std::span<const uint32_t> numbers) {
  TaskRows out;
  for (size_t i = 0; i < rows.size(); ++i) {
    const GroupedRow& row = rows[i];
    if (task == Task::kCvr && row.click == 0) continue;
    out.logit.push_back(row.logit[static_cast<size_t>(task)]);
    out.label.push_back(task == Task::kCtr ? row.click : row.conversion);
    out.group.push_back(numbers[i]);
    out.row_id.push_back(row.row_id);
    out.weight.push_back(static_cast<double>(row.weight));
  }
  return out;
}

// Calls f with every mean of a GroupSums, const or not, in the order of the serialised form.
template <typename Aucs, typename Means, typename F>
void ForEachMean(Aucs& auc, Means& ndcg, Means& recall, F f) {
  for (auto& mean : auc) f(mean);
  for (auto& mean : ndcg) f(mean);
  for (auto& mean : recall) f(mean);
}

void AppendNumber(uint64_t number, std::string* out) {
  out->append(reinterpret_cast<const char*>(&number), sizeof(number));
}

Result<uint64_t> TakeNumber(std::string_view* in) {
  uint64_t number = 0;
  if (in->size() < sizeof(number)) return DataLoss("too short for a count of groups");
  std::memcpy(&number, in->data(), sizeof(number));
  in->remove_prefix(sizeof(number));
  return number;
}

Result<GroupMean> TakeMean(std::string_view* in) {
  GroupMean mean;
  ASSIGN_OR_RETURN(mean.groups, TakeNumber(in));
  ASSIGN_OR_RETURN(mean.values, ExactSum::Take(in));
  ASSIGN_OR_RETURN(mean.weights, ExactSum::Take(in));
  return mean;
}

}  // namespace

void GroupMean::Add(const GroupValues& of_groups) {
  groups += of_groups.groups_counted();
  for (size_t g = 0; g < of_groups.value.size(); ++g) {
    values.Add(of_groups.weight[g] * of_groups.value[g]);
    weights.Add(of_groups.weight[g]);
  }
}

void GroupMean::Merge(const GroupMean& other) {
  groups += other.groups;
  values.Merge(other.values);
  weights.Merge(other.weights);
}

std::optional<double> GroupMean::Mean() const {
  const double total = weights.value();
  if (!(total > 0)) return std::nullopt;
  return values.value() / total;
}

GroupSums::GroupSums(std::span<const uint32_t> k)
    : k_(k.begin(), k.end()), ndcg_(k.size()), recall_(k.size()) {}

void GroupSums::Add(std::span<const GroupedRow> rows) {
  std::vector<uint64_t> ids;
  ids.reserve(rows.size());
  for (const GroupedRow& row : rows) ids.push_back(row.group);
  const GroupNumbers numbers = NumberGroups(ids);
  const auto groups = static_cast<uint32_t>(numbers.ids.size());
  groups_ += groups;
  for (const Task task : {Task::kCtr, Task::kCvr, Task::kCtcvr}) {
    const TaskRows of_task = RowsOf(rows, task, numbers.of_row);
    const GroupRanking ranking = RankGroups(of_task.view(), groups);
    auc_[static_cast<size_t>(task)].Add(AucOfGroups(of_task.view(), ranking));
    if (task != Task::kCtcvr) continue;  // NDCG and Recall rank by pCTCVR alone
    for (size_t i = 0; i < k_.size(); ++i) {
      ndcg_[i].Add(NdcgOfGroups(of_task.view(), ranking, k_[i]));
      recall_[i].Add(RecallOfGroups(of_task.view(), ranking, k_[i]));
    }
  }
}

void GroupSums::Merge(const GroupSums& other) {
  CHECK(k_ == other.k_, "k of ", k_.size(), " and ", other.k_.size());
  groups_ += other.groups_;
  for (size_t t = 0; t < kTasks; ++t) auc_[t].Merge(other.auc_[t]);
  for (size_t i = 0; i < k_.size(); ++i) {
    ndcg_[i].Merge(other.ndcg_[i]);
    recall_[i].Merge(other.recall_[i]);
  }
}

std::string GroupSums::Serialize() const {
  std::string out;
  AppendNumber(groups_, &out);
  ForEachMean(auc_, ndcg_, recall_, [&](const GroupMean& mean) {
    AppendNumber(mean.groups, &out);
    mean.values.AppendTo(&out);
    mean.weights.AppendTo(&out);
  });
  return out;
}

Status GroupSums::Merge(std::string_view serialized) {
  ASSIGN_OR_RETURN(const uint64_t groups, TakeNumber(&serialized));
  groups_ += groups;
  Status status;
  ForEachMean(auc_, ndcg_, recall_, [&](GroupMean& mean) {
    if (!status.ok()) return;
    const Result<GroupMean> other = TakeMean(&serialized);
    status = other.status();
    if (other.ok()) mean.Merge(*other);
  });
  if (status.ok() && !serialized.empty()) {
    status = DataLoss(StrCat(serialized.size(), " bytes follow the last sum"));
  }
  return status.Annotate("sums of another worker's groups");
}

void GroupSums::AddTo(Evaluation* evaluation) const {
  CHECK(evaluation->task_size() == static_cast<int>(kTasks), "tasks=", evaluation->task_size());
  evaluation->set_groups(groups_);
  for (size_t t = 0; t < kTasks; ++t) {
    TaskMetrics* const task = evaluation->mutable_task(static_cast<int>(t));
    task->set_gauc_groups(auc_[t].groups);
    const std::optional<double> mean = auc_[t].Mean();
    if (!mean.has_value()) continue;
    const double all = task->has_weight() ? task->weight() : static_cast<double>(task->rows());
    task->set_gauc(*mean);
    task->set_gauc_coverage(auc_[t].weights.value() / all);
  }
  for (size_t i = 0; i < k_.size(); ++i) {
    RankingMetrics* const out = evaluation->add_ranking();
    out->set_k(k_[i]);
    out->set_groups(ndcg_[i].groups);
    if (const auto mean = ndcg_[i].Mean()) out->set_ndcg(*mean);
    if (const auto mean = recall_[i].Mean()) out->set_recall(*mean);
  }
}

}  // namespace chorus::worker
