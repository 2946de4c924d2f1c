#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "worker/metrics.h"

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

}  // namespace

std::string FormatEvaluation(const Evaluation& evaluation) {
  std::vector<Row> tasks = {
      {"task", "rows", "positives", "AUC", "AUC error <=", "log loss", "PCOC", "ECE"}};
  for (const TaskMetrics& t : evaluation.task()) {
    tasks.push_back({t.task(), std::to_string(t.rows()), std::to_string(t.positives()),
                     OrDash(t.has_auc(), "%.5f", t.auc()),
                     OrDash(t.has_auc(), "%.1e", t.auc_error_bound()),
                     OrDash(t.has_log_loss(), "%.6f", t.log_loss()),
                     OrDash(t.has_pcoc(), "%.4f", t.pcoc()), OrDash(t.has_ece(), "%.6f", t.ece())});
  }
  std::string out = FormatTable(tasks);
  if (evaluation.oracle().empty()) return out;
  std::vector<Row> oracle = {
      {"truth on", "rows", "CVR AUC", "AUC error <=", "best AUC", "PCOC", "KL"}};
  for (const OracleMetrics& o : evaluation.oracle()) {
    oracle.push_back({o.space(), std::to_string(o.rows()), OrDash(o.has_auc(), "%.5f", o.auc()),
                      OrDash(o.has_auc(), "%.1e", o.auc_error_bound()),
                      OrDash(o.has_auc_ceiling(), "%.5f", o.auc_ceiling()),
                      OrDash(o.has_pcoc(), "%.4f", o.pcoc()), OrDash(o.has_kl(), "%.6f", o.kl())});
  }
  return out + '\n' + FormatTable(oracle);
}

}  // namespace chorus::worker
