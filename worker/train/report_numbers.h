#pragma once
// The numbers of a report, by name: what monitoring shows of a run as curves. Thread safety: a pure
// function.

#include <string>
#include <vector>

#include "common/report.pb.h"

namespace chorus::worker {

struct ReportNumber {
  std::string group;  // "train", or "evaluate"
  std::string of;     // "" of the whole; a loss term, a task ("cvr"), a space ("D"), "top10"
  std::string name;   // "loss", "auc"
  double value = 0;

  std::string path() const { return group + (of.empty() ? "" : "/" + of) + "/" + name; }
};

// Of a step: the total loss, the mean loss of each term on its space, and exposures per second. Of
// an evaluation: every metric that has a value.
std::vector<ReportNumber> NumbersOf(const Report& report);

}  // namespace chorus::worker
