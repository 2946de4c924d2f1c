#include "worker/metrics/doubts.h"

#include <cmath>
#include <cstdio>
#include <optional>
#include <utility>

#include "common/strings.h"

namespace chorus::worker {
namespace {

constexpr double kCertain = 1e-6;  // from 0 or from 1
constexpr double kMostPcoc = 2;    // and 1 / kMostPcoc the least
constexpr double kExploded = 2;    // normalised entropy of predictions that are certain and wrong
constexpr double kLeakAuc = 0.999, kLeakEntropy = 0.02;  // what features do not reach by themselves

std::string Short(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.3g", value);
  return text;
}

// 0.99994 is no 1.
std::string Long(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.6g", value);
  return text;
}

// The standard error of the AUC of a score that knows nothing (Hanley & McNeil 1982).
double ChanceError(double positives, double negatives) {
  return std::sqrt((positives + negatives + 1) / (12 * positives * negatives));
}

bool AllCertain(const TaskMetrics& task) {
  for (const CalibrationBin& bin : task.calibration()) {
    const double p = bin.mean_prediction();
    if (p > kCertain && p < 1 - kCertain) return false;
  }
  return task.calibration_size() > 0;
}

std::optional<Doubt> DoubtOfLabels(const TaskMetrics& task) {
  if (task.rows() == 0 || (task.positives() > 0 && task.positives() < task.rows())) {
    return std::nullopt;
  }
  return Doubt{"labels of one value",
               StrCat("all ", task.rows(), " labels are ", task.positives() == 0 ? 0 : 1,
                      ": nothing can be learnt or judged; look at the log's label columns (chorus "
                      "inspect LOG)")};
}

// "a", "a, or b", "a, b, or c"
std::string Either(const std::vector<std::string>& remedies) {
  std::string out;
  for (size_t i = 0; i < remedies.size(); ++i) {
    const char* const between = i == 0 ? "" : i + 1 < remedies.size() ? ", " : ", or ";
    out += between + remedies[i];
  }
  return out;
}

// Against a loss that falls on the training log alone.
std::string AgainstLearningByHeart(const TrainConfig& config) {
  std::vector<std::string> remedies;
  if (config.data().epochs() > 1) remedies.emplace_back("fewer data.epochs");
  if (config.checkpoint().best() == CheckpointConfig::NONE)
    remedies.emplace_back("checkpoint.best");
  if (remedies.empty()) {
    remedies = {"lower learning rates (table.optimizer)", "fewer or coarser ids"};
  }
  return Either(remedies);
}

void AddStart(const TrainConfig& config, std::vector<std::string>* remedies) {
  if (config.model().start() == ModelConfig::BASE_RATE) return;
  remedies->emplace_back("start at the labels' rates (model.start: BASE_RATE)");
}

bool Exploded(const TaskMetrics& task) {
  return task.has_normalized_entropy() && task.normalized_entropy() >= kExploded;
}

std::optional<Doubt> DoubtOfCalibration(const TaskMetrics& task, const TrainConfig& config) {
  if (AllCertain(task)) {
    return Doubt{"predictions are 0 or 1",
                 "every prediction is 0 or 1: the learning rates are too high (table.optimizer, "
                 "model.optimizer), a column tells the label, or all labels of the training log "
                 "are the same"};
  }
  if (Exploded(task)) {
    return Doubt{"far worse than a constant",
                 StrCat("normalised entropy ", Short(task.normalized_entropy()),
                        ": far worse than a constant, since predictions are certain and wrong; "
                        "lower the learning rates (table.optimizer, model.optimizer), set "
                        "model.clip_norm, or look whether the log is of another population")};
  }
  if (task.has_normalized_entropy() && task.normalized_entropy() >= 1) {
    std::vector<std::string> untrained = {"train for more steps (smaller step.grain_rows)"};
    AddStart(config, &untrained);
    return Doubt{"no better than a constant",
                 StrCat("normalised entropy ", Short(task.normalized_entropy()),
                        ": no better than a constant; if the training loss still falls, rows are "
                        "learnt by heart (",
                        AgainstLearningByHeart(config), "), else ", Either(untrained))};
  }
  if (task.has_pcoc() && (task.pcoc() > kMostPcoc || task.pcoc() < 1 / kMostPcoc)) {
    std::vector<std::string> remedies = {"train for more steps"};
    AddStart(config, &remedies);
    remedies.emplace_back("look whether the log is of another population");
    return Doubt{task.pcoc() > 1 ? "mean prediction too high" : "mean prediction too low",
                 StrCat("the mean prediction is ", Short(task.pcoc()),
                        " times the mean label: ", Either(remedies))};
  }
  return std::nullopt;
}

Doubt Leak(const std::string& seen) {
  return Doubt{"near-perfect", StrCat(seen,
                                      ": some column tells the label, or nearly; leave out what is "
                                      "only known after the event")};
}

std::optional<Doubt> DoubtOfRanking(const TaskMetrics& task) {
  if (!task.has_auc()) return std::nullopt;
  if (task.auc() > kLeakAuc) return Leak(StrCat("AUC ", Long(task.auc())));
  if (task.has_normalized_entropy() && task.normalized_entropy() < kLeakEntropy) {
    return Leak(StrCat("normalised entropy ", Short(task.normalized_entropy())));
  }
  const auto positives = static_cast<double>(task.positives());
  const double error = ChanceError(positives, static_cast<double>(task.rows()) - positives);
  if (std::abs(task.auc() - 0.5) <= error) {
    return Doubt{
        "AUC of chance",
        StrCat("AUC ", Short(task.auc()), " is within its error (", Short(error), ") of chance: ",
               Exploded(task)
                   ? "what was learnt is lost; lower the learning rates"
                   : "nothing is learnt yet; train for more steps or with higher learning "
                     "rates, and look whether slots and labels are of the same rows")};
  }
  return std::nullopt;
}

std::optional<Doubt> DoubtOfSlot(const SlotUse& slot) {
  if (2 * slot.unseen() <= slot.ids()) return std::nullopt;
  const double share = 100 * static_cast<double>(slot.unseen()) / static_cast<double>(slot.ids());
  return Doubt{"untrained ids",
               StrCat(Short(share), " % of its ", slot.ids(),
                      " ids were never trained: look whether they are written as in the training "
                      "log (41 or 41.0, upper or lower case, another coding), else take coarser "
                      "ids too")};
}

Doubt Of(const std::string& what, const Doubt& doubt) {
  return {StrCat(what, ": ", doubt.sign), StrCat(what, ": ", doubt.text)};
}

}  // namespace

std::string DoubtOfSteps(uint64_t steps) {
  constexpr uint64_t kFewSteps = 100;
  if (steps >= kFewSteps) return "";
  return StrCat("only ", steps, steps == 1 ? " step" : " steps",
                ": a model rarely learns in fewer than ", kFewSteps,
                "; raise data.epochs, or make steps smaller where you have set them "
                "(step.grain_rows, step.grains_per_step)");
}

// A loss that has grown to several times the first one does not come back.
std::string DoubtOfLoss(double first, double loss) {
  constexpr double kFactor = 3;
  if (first <= 0 || loss < kFactor * first) return "";
  return StrCat("the loss has grown from ", Short(first), " to ", Short(loss),
                ": lower the learning rates (table.optimizer, model.optimizer), set "
                "model.clip_norm, or pool long slots with MEAN (slot.pooling)");
}

std::vector<Doubt> DoubtsOfTasks(const Evaluation& evaluation, const TrainConfig& config) {
  std::vector<Doubt> doubts;
  for (const TaskMetrics& task : evaluation.task()) {
    const auto add = [&](const std::optional<Doubt>& doubt) {
      if (doubt.has_value()) doubts.push_back(Of(task.task(), *doubt));
      return doubt.has_value();
    };
    if (add(DoubtOfLabels(task))) continue;
    add(DoubtOfCalibration(task, config));
    add(DoubtOfRanking(task));
  }
  return doubts;
}

std::vector<Doubt> DoubtsOf(const Evaluation& evaluation, const TrainConfig& config) {
  std::vector<Doubt> doubts = DoubtsOfTasks(evaluation, config);
  for (const SlotUse& slot : evaluation.slot()) {
    if (const auto doubt = DoubtOfSlot(slot)) {
      doubts.push_back(Of(StrCat("slot \"", slot.name(), "\""), *doubt));
    }
  }
  return doubts;
}

std::vector<Doubt> SaidDoubts::News(const std::vector<Doubt>& doubts) {
  std::set<std::string> signs;
  std::vector<Doubt> news;
  for (const Doubt& doubt : doubts) {
    if (!signs_.contains(doubt.sign)) news.push_back(doubt);
    signs.insert(doubt.sign);
  }
  signs_ = std::move(signs);
  return news;
}

}  // namespace chorus::worker
