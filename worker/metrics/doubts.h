#pragma once
// What is doubtful about a model by its evaluation: signs of the mistakes that people make, each as
// one line that says what was seen and what to do. Thread safety: pure functions.

#include <cstdint>
#include <string>
#include <vector>

#include "common/report.pb.h"

namespace chorus::worker {

// Of a run's steps in all; "" when they are enough.
std::string DoubtOfSteps(uint64_t steps);

// Of a reported loss beside the first one of its stage; "" where it is not far above.
std::string DoubtOfLoss(double first, double loss);

// By task: labels of one value; predictions that are all 0 or 1; normalised entropy of 1 or more
// (worse than a constant); a mean prediction of less than half or more than twice the labels' mean;
// an AUC of 1, or within its standard error of 0.5. By slot: more than half of the ids were never
// trained.
std::vector<std::string> DoubtsOf(const Evaluation& evaluation);

// By task alone: in the midst of training, ids that were not trained may still come.
std::vector<std::string> DoubtsOfTasks(const Evaluation& evaluation);

}  // namespace chorus::worker
