#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "worker/metrics/metrics.h"

namespace chorus::worker {
namespace {

using Row = std::vector<std::string>;

std::string Number(const char* format, double value) {
  char buffer[48];
  snprintf(buffer, sizeof(buffer), format, value);
  return buffer;
}

std::string OrDash(bool present, const char* format, double value) {
  return present ? Number(format, value) : "-";
}

// Columns as wide as their widest cell; the first to the left, the others to the right.
std::string FormatTable(const std::vector<Row>& rows) {
  std::vector<size_t> widths(rows[0].size(), 0);
  for (const Row& row : rows) {
    for (size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], row[c].size());
  }
  std::string out;
  for (const Row& row : rows) {
    for (size_t c = 0; c < row.size(); ++c) {
      const std::string blanks(widths[c] - row[c].size(), ' ');
      out += c == 0 ? row[c] + blanks : "  " + blanks + row[c];
    }
    out += '\n';
  }
  return out;
}

std::string Range(const char* format, double low, double high) {
  return Number(format, low) + "-" + Number(format, high);
}

std::string TaskTable(const Evaluation& evaluation) {
  std::vector<Row> rows = {{"task", "rows", "positives", "AUC", "AUC error <=", "log loss", "NE",
                            "KS", "KS error <=", "PCOC", "ECE", "ECE error <="}};
  const bool by_group = evaluation.groups() > 0;
  if (by_group) rows[0].insert(rows[0].end(), {"GAUC", "groups", "covered"});
  for (const TaskMetrics& t : evaluation.task()) {
    rows.push_back(
        {t.task(), std::to_string(t.rows()), std::to_string(t.positives()),
         OrDash(t.has_auc(), "%.5f", t.auc()), OrDash(t.has_auc(), "%.1e", t.auc_error_bound()),
         OrDash(t.has_log_loss(), "%.6f", t.log_loss()),
         OrDash(t.has_normalized_entropy(), "%.5f", t.normalized_entropy()),
         OrDash(t.has_ks(), "%.4f", t.ks()), OrDash(t.has_ks(), "%.1e", t.ks_error_bound()),
         OrDash(t.has_pcoc(), "%.4f", t.pcoc()), OrDash(t.has_ece(), "%.6f", t.ece()),
         OrDash(t.has_ece(), "%.1e", t.ece_error_bound())});
    if (!by_group) continue;
    rows.back().push_back(OrDash(t.has_gauc(), "%.5f", t.gauc()));
    rows.back().push_back(std::to_string(t.gauc_groups()));
    rows.back().push_back(OrDash(t.has_gauc(), "%.1f%%", 100 * t.gauc_coverage()));
  }
  return FormatTable(rows);
}

std::string RankingTable(const Evaluation& evaluation) {
  std::vector<Row> rows = {{"by group, pCTCVR", "groups converted", "NDCG", "recall"}};
  for (const RankingMetrics& r : evaluation.ranking()) {
    rows.push_back({"first " + std::to_string(r.k()), std::to_string(r.groups()),
                    OrDash(r.has_ndcg(), "%.5f", r.ndcg()),
                    OrDash(r.has_recall(), "%.5f", r.recall())});
  }
  return FormatTable(rows);
}

std::string PcocTable(const Evaluation& evaluation) {
  std::vector<Row> rows = {{"clicked, pCTR >=", "rows", "conversions", "mean pCTR", "mean pCVR",
                            "rate (95 %)", "PCOC", "95 %"}};
  for (const PcocBucket& b : evaluation.pcoc_bucket()) {
    rows.push_back({Number("%.5f", b.lowest_pctr()), std::to_string(b.rows()),
                    std::to_string(b.conversions()), Number("%.5f", b.mean_pctr()),
                    Number("%.5f", b.mean_pcvr()), Range("%.5f", b.rate_low(), b.rate_high()),
                    OrDash(b.has_pcoc(), "%.4f", b.pcoc()),
                    b.has_pcoc() ? Range("%.3f", b.pcoc_low(), b.pcoc_high()) : "-"});
  }
  return FormatTable(rows);
}

std::string OracleTable(const Evaluation& evaluation) {
  std::vector<Row> rows = {
      {"truth on", "rows", "CVR AUC", "AUC error <=", "best AUC", "PCOC", "KL"}};
  for (const OracleMetrics& o : evaluation.oracle()) {
    rows.push_back({o.space() == "L" ? "L (lowest tenth of pCTR)" : o.space(),
                    std::to_string(o.rows()), OrDash(o.has_auc(), "%.5f", o.auc()),
                    OrDash(o.has_auc(), "%.1e", o.auc_error_bound()),
                    OrDash(o.has_auc_ceiling(), "%.5f", o.auc_ceiling()),
                    OrDash(o.has_pcoc(), "%.4f", o.pcoc()), OrDash(o.has_kl(), "%.6f", o.kl())});
  }
  return FormatTable(rows);
}

}  // namespace

std::string FormatEvaluation(const Evaluation& evaluation) {
  std::string out;
  if (evaluation.has_sample()) {
    out += "of a sample of the log: " + Number("%.3g", 100 * evaluation.sample()) +
           " % of it (evaluate.max_rows)\n";
  }
  out += TaskTable(evaluation);
  if (evaluation.task_size() > 0 && evaluation.task(0).has_weight()) {
    out += "weighted: an exposure counts as often as the log's weight says, " +
           Number("%.6g", evaluation.task(0).weight()) + " in all\n";
  }
  if (evaluation.has_all_exposures_cvr_auc()) {
    out += "pCVR ranking all exposures, label click * conversion (NISE's CVR AUC): " +
           Number("%.5f", evaluation.all_exposures_cvr_auc()) + "\n";
  }
  if (evaluation.pcvr_above_one() > 0) {
    out += "pCVR above 1: " + std::to_string(evaluation.pcvr_above_one()) + " exposures\n";
  }
  if (!evaluation.ranking().empty()) out += '\n' + RankingTable(evaluation);
  if (!evaluation.pcoc_bucket().empty()) out += '\n' + PcocTable(evaluation);
  if (!evaluation.oracle().empty()) out += '\n' + OracleTable(evaluation);
  return out;
}

}  // namespace chorus::worker
