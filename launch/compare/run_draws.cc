#include "launch/compare/run_draws.h"

#include <memory>
#include <utility>

#include "common/strings.h"
#include "launch/compare/same_log.h"
#include "worker/metrics/task_rows.h"
#include "worker/statistics/group_values.h"
#include "worker/statistics/resampled_metric.h"

namespace chorus::launch {
namespace {

// Everybody's draws are paired: one seed for all.
constexpr uint64_t kBootstrapSeed = 1;

// The bootstrap's metrics of one run.
class MetricMaker {
 public:
  MetricMaker(const worker::Scores& scores, const CompareConfig& config)
      : config_(config),
        has_group_(scores.has_group),
        groups_(worker::NumberGroups(scores.has_group ? scores.group : scores.row_id)),
        ctr_(worker::RowsOfTask(scores, worker::Task::kCtr, groups_.of_row)),
        cvr_(worker::RowsOfTask(scores, worker::Task::kCvr, groups_.of_row)),
        ctcvr_(worker::RowsOfTask(scores, worker::Task::kCtcvr, groups_.of_row)) {}

  const worker::GroupNumbers& groups() const { return groups_; }

  // Null for a column that needs groups where there are none.
  std::unique_ptr<worker::ResampledMetric> Make(const std::string& id) const {
    const auto groups = static_cast<uint32_t>(groups_.ids.size());
    if (id == "cvr_log_loss") return worker::NewLogLoss(cvr_.view(), groups);
    if (id == "cvr_ne") return worker::NewNormalizedEntropy(cvr_.view(), groups);
    if (id == "cvr_ks") return worker::NewKs(cvr_.view(), groups);
    if (id == "cvr_pcoc") return worker::NewPcoc(cvr_.view(), groups);
    if (id == "cvr_ece") return worker::NewCalibrationError(cvr_.view(), groups);
    if (id == "ctr_pcoc") return worker::NewPcoc(ctr_.view(), groups);
    if (!has_group_) return nullptr;
    if (id == "ctcvr_gauc") return worker::NewGroupAuc(ctcvr_.view(), groups);
    for (const uint32_t k : config_.k()) {
      if (id == StrCat("ndcg@", k)) return worker::NewNdcg(ctcvr_.view(), groups, k);
      if (id == StrCat("recall@", k)) return worker::NewRecall(ctcvr_.view(), groups, k);
    }
    return nullptr;
  }

 private:
  const CompareConfig& config_;
  const bool has_group_;
  const worker::GroupNumbers groups_;
  const worker::TaskRows ctr_, cvr_, ctcvr_;
};

void DrawBootstrap(const worker::Scores& scores, const std::vector<Column>& columns,
                   const CompareConfig& config, worker::ThreadPool* pool, RunDraws* out) {
  const MetricMaker maker(scores, config);
  std::vector<std::string> names;
  std::vector<std::unique_ptr<worker::ResampledMetric>> metrics;
  std::vector<const worker::ResampledMetric*> views;
  for (const Column& column : columns) {
    if (column.sampling != Sampling::kBootstrap) continue;
    std::unique_ptr<worker::ResampledMetric> metric = maker.Make(column.id);
    if (metric == nullptr) continue;
    names.push_back(column.id);
    views.push_back(metric.get());
    metrics.push_back(std::move(metric));
  }
  worker::BootstrapOptions options;
  options.seed = kBootstrapSeed;
  options.replicates = config.bootstrap();
  std::vector<worker::MetricDraws> draws =
      worker::DrawReplicates(views, maker.groups().ids, options, pool);
  for (size_t m = 0; m < names.size(); ++m) out->draws[names[m]] = std::move(draws[m]);
}

RankedRows Ranked(worker::Task task, const worker::Scores& scores) {
  worker::TaskRows rows = worker::RowsOfTask(scores, task, {});
  return {std::move(rows.logit), {rows.label.begin(), rows.label.end()}};
}

}  // namespace

RunDraws DrawRun(const worker::Scores& scores, const worker::Scores* common,
                 const std::vector<Column>& columns, const CompareConfig& config,
                 worker::ThreadPool* pool) {
  RunDraws out;
  out.log = LogChecksum(scores);
  for (const Column& column : columns) {
    if (column.id == "ctr_auc") out.ranked[column.id] = Ranked(worker::Task::kCtr, scores);
    if (column.id == "cvr_auc") out.ranked[column.id] = Ranked(worker::Task::kCvr, scores);
    if (column.id == "ctcvr_auc") out.ranked[column.id] = Ranked(worker::Task::kCtcvr, scores);
    if (column.id == kCommonCtcvrAuc && common != nullptr) {
      out.ranked[column.id] = Ranked(worker::Task::kCtcvr, *common);
    }
  }
  DrawBootstrap(scores, columns, config, pool, &out);
  return out;
}

}  // namespace chorus::launch
