#pragma once
// What is doubtful about a model by its evaluation: signs of the mistakes that people make, each as
// one line that says what was seen and what to do. Thread safety: pure functions.

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "common/config.pb.h"
#include "common/report.pb.h"

namespace chorus::worker {

// A line about the number of a run's steps; "" when they are enough.
std::string DoubtOfSteps(uint64_t steps);

// Of a loss, of one step or the lowest of some, beside that of its stage's first step; "" where it is
// not far above.
std::string DoubtOfLoss(double first, double loss);

// One sign of one task or slot.
struct Doubt {
  std::string sign;  // "ctr: no better than a constant": equal wherever the same thing is wrong
  std::string text;  // the line, with the numbers that were seen and the remedy
};

// By task: labels of one value; predictions that are all 0 or 1; normalised entropy of 1 or more
// (worse than a constant; from 2 on the remedy is lower rates); a mean prediction of less than half
// or more than twice the labels' mean; an AUC over 0.999 or a normalised entropy below 0.02 (a leak),
// or an AUC within its standard error of 0.5. By slot: more than half of the ids were never trained.
// config: of the run that made the model; no remedy is one that it has.
std::vector<Doubt> DoubtsOf(const Evaluation& evaluation, const TrainConfig& config);

// The doubts by task alone: in the midst of training, ids that were not trained may still come.
std::vector<Doubt> DoubtsOfTasks(const Evaluation& evaluation, const TrainConfig& config);

// Which doubts of a run's evaluations are news: a sign that stays is said once.
// Thread safety: none.
class SaidDoubts {
 public:
  // The doubts of one evaluation whose signs the evaluation before it did not have.
  std::vector<Doubt> News(const std::vector<Doubt>& doubts);

 private:
  std::set<std::string> signs_;  // of the evaluation before
};

}  // namespace chorus::worker
