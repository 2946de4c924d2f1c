#include "launch/compare/columns.h"

#include <map>
#include <string_view>
#include <utility>

#include "common/strings.h"
#include "launch/compare/run_metric.h"

namespace chorus::launch {
namespace {

using Values = std::map<std::string, RunMetric>;

void Put(const std::string& name, bool present, double value, uint64_t positives, Values* values) {
  if (!present) return;
  (*values)[name] = MakeRunMetric(name, value, positives);
}

void PutTask(const TaskMetrics& task, Values* values) {
  const std::string t = task.task() + "_";
  const uint64_t positives = task.positives();
  Put(t + "gauc", task.has_gauc(), task.gauc(), positives, values);
  Put(t + "log_loss", task.has_log_loss(), task.log_loss(), positives, values);
  Put(t + "ne", task.has_normalized_entropy(), task.normalized_entropy(), positives, values);
  Put(t + "pcoc", task.has_pcoc(), task.pcoc(), positives, values);
}

void PutRanking(const RankingMetrics& ranking, uint64_t positives, Values* values) {
  Put(StrCat("ndcg@", ranking.k()), ranking.has_ndcg(), ranking.ndcg(), positives, values);
  Put(StrCat("recall@", ranking.k()), ranking.has_recall(), ranking.recall(), positives, values);
}

void PutOracle(const OracleMetrics& oracle, Values* values) {
  if (oracle.space() == "L") return;  // by each model's own pCTR; the table's is by the common one
  Put("oracle_pcoc_" + oracle.space(), oracle.has_pcoc(), oracle.pcoc(), 0, values);
  Put("oracle_kl_" + oracle.space(), oracle.has_kl(), oracle.kl(), 0, values);
}

constexpr Sampling kDeLong = Sampling::kDeLong;
constexpr Sampling kBootstrap = Sampling::kBootstrap;
constexpr Sampling kNone = Sampling::kNone;

void AddRanking(const CompareConfig& config, std::vector<Column>* columns) {
  constexpr Section kTable = Section::kRanking;
  const auto add = [&](Column column) { columns->push_back(std::move(column)); };
  add({"ctr_auc", "CTR AUC", "all exposures by pCTR, label click", kTable, kDeLong, 4, true});
  add({"cvr_auc", "CVR AUC", "clicked exposures by pCVR, label conversion", kTable, kDeLong});
  add({"ctcvr_auc", "CTCVR AUC",
       "all exposures by the method's own pCTR times pCVR, label click "
       "and conversion",
       kTable, kDeLong, 4, true});
  const std::string common =
      config.common_ctr().empty() ? "the method's own" : config.common_ctr() + "'s";
  add({kCommonCtcvrAuc, "CTCVR AUC, common pCTR",
       StrCat("the same with ", common, " pCTR of the same seed and fold in place of its own"),
       kTable, kDeLong});
  add({"ctcvr_gauc", "CTCVR GAUC",
       "mean CTCVR AUC of the groups that have both labels, weighted "
       "by exposures",
       kTable, kBootstrap, 4, true});
  for (const uint32_t k : config.k()) {
    add({StrCat("ndcg@", k), StrCat("NDCG@", k),
         "exposures of a group by pCTCVR; groups with a conversion", kTable, kBootstrap, 4, true});
    add({StrCat("recall@", k), StrCat("Recall@", k),
         StrCat("share of a group's conversions among its first ", k, " by pCTCVR"), kTable,
         kBootstrap, 4, true});
  }
}

void AddClicked(std::vector<Column>* columns) {
  constexpr Section kTable = Section::kClicked;
  const auto add = [&](Column column) { columns->push_back(std::move(column)); };
  add({"cvr_log_loss", "CVR log loss", "clicked exposures", kTable, kBootstrap, 4});
  add({"cvr_ne", "CVR NE", "CVR log loss / entropy of the conversion rate", kTable, kBootstrap, 4});
  add({"cvr_ks", "CVR KS", "largest true minus false positive rate, clicked exposures", kTable,
       kBootstrap, 4});
  add({"cvr_pcoc", "CVR PCOC", "mean pCVR / conversion rate, clicked exposures", kTable, kBootstrap,
       3, false, true});
  add({"cvr_ece", "CVR ECE",
       "mean distance of pCVR and conversion rate over 20 bins of equal "
       "size, clicked exposures",
       kTable, kBootstrap, 4});
  add({"ctr_pcoc", "CTR PCOC", "mean pCTR / click rate, all exposures", kTable, kBootstrap, 3, true,
       true});
}

void AddTruth(const CompareConfig& config, std::vector<Column>* columns) {
  constexpr Section kTable = Section::kTruth;
  const std::pair<const char*, const char*> spaces[] = {
      {"D", "all exposures"}, {"O", "clicked exposures"}, {"N", "un-clicked exposures"}};
  for (const auto& [space, rows] : spaces) {
    columns->push_back({StrCat("oracle_auc_", space), StrCat("AUC ", space),
                        StrCat(rows, " by pCVR, weighted by P(conversion | do(click))"), kTable,
                        kNone});
  }
  for (const auto& [space, rows] : spaces) {
    columns->push_back({StrCat("oracle_pcoc_", space), StrCat("PCOC ", space),
                        StrCat(rows, ": mean pCVR / mean P(conversion | do(click))"), kTable, kNone,
                        3, false, true});
  }
  const std::string common =
      config.common_ctr().empty() ? "the method's own" : config.common_ctr() + "'s";
  columns->push_back({kCommonLowPcoc, "PCOC lowest pCTR",
                      StrCat("the same on the tenth of all exposures with the lowest pCTR, ",
                             common, " of the same seed and fold"),
                      kTable, kNone, 3, false, true});
  columns->push_back({"oracle_kl_D", "KL D",
                      "mean KL(P(conversion | do(click)) || pCVR), all exposures", kTable, kNone,
                      5});
}

bool IsLoss(const std::string& id) {
  return id == "cvr_log_loss" || id == "cvr_ne" || id == "cvr_ece" || id == "oracle_kl_D";
}

}  // namespace

std::vector<Column> ColumnsOf(const CompareConfig& config) {
  std::vector<Column> columns;
  AddRanking(config, &columns);
  AddClicked(&columns);
  AddTruth(config, &columns);
  for (Column& column : columns) column.low_is_best = IsLoss(column.id);
  return columns;
}

std::vector<RunMetric> MetricsOf(const Evaluation& evaluation) {
  Values values;
  uint64_t conversions = 0;
  for (const TaskMetrics& task : evaluation.task()) {
    PutTask(task, &values);
    if (task.task() == "ctcvr") conversions = task.positives();
  }
  for (const RankingMetrics& ranking : evaluation.ranking()) {
    PutRanking(ranking, conversions, &values);
  }
  for (const OracleMetrics& oracle : evaluation.oracle()) PutOracle(oracle, &values);
  std::vector<RunMetric> metrics;
  for (auto& [name, metric] : values) metrics.push_back(std::move(metric));
  return metrics;
}

std::vector<RunMetric> InColumns(const std::vector<RunMetric>& metrics,
                                 const std::vector<Column>& columns, bool reference) {
  std::vector<RunMetric> out;
  for (const Column& column : columns) {
    if (reference && column.needs_pctr) continue;
    for (const RunMetric& metric : metrics) {
      if (metric.name() == column.id) out.push_back(metric);
    }
  }
  return out;
}

}  // namespace chorus::launch
