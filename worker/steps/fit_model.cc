#include "worker/steps/fit_model.h"

#include <string>

#include "common/strings.h"

namespace chorus::worker {
namespace {

// Conversions teach CVR, and are the fewest of what a log has: more of them bear wider towers.
constexpr uint64_t kFewConversions = 200, kManyConversions = 10'000;
constexpr double kDenseRate = 0.004;
constexpr double kDenseRateWithoutTowers = 0.002;  // FitRules
// A floor of 0.3 weighs no click more than 3.3 times: with few conversions, inverse propensities of
// up to 100 make one lucky row outweigh the others.
constexpr double kFloorOfFew = 0.3;

std::string ListOf(const google::protobuf::RepeatedField<uint32_t>& widths) {
  std::vector<std::string> texts;
  for (const uint32_t width : widths) texts.push_back(StrCat(width));
  return StrCat("[", Join(texts, ", "), "]");
}

std::vector<uint32_t> HiddenFor(const LogSize& log, bool follows) {
  // Nobody knows how much will follow the first file of a log that grows.
  if (follows || log.conversions >= kManyConversions) return {360, 200, 80};
  if (log.conversions < kFewConversions) return {64, 32};
  return {128, 64};
}

void FitTowers(const LogSize& log, bool follows, ModelConfig* model,
               std::vector<FittedSetting>* fitted) {
  TowerConfig* tower = model->add_tower();
  for (const uint32_t width : HiddenFor(log, follows)) tower->add_hidden(width);
  tower->add_wide("inputs");
  const std::string size =
      follows ? std::string("a log that grows") : StrCat(log.conversions, " conversions");
  fitted->push_back(
      {"model.tower", TowerText(*tower),
       StrCat("widths for ", size, ", and a linear part for what each column says alone")});
}

// The floors of `options` that nobody has written.
void FitFloors(ChorusCvrConfig* options, std::vector<FittedSetting>* fitted) {
  const std::string reason =
      "inverse propensities are at most 3.3: few conversions are steadier so";
  const std::string value = StrCat(kFloorOfFew);
  if (!options->has_eps()) {
    options->set_eps(kFloorOfFew);
    fitted->push_back({"objective.chorus_cvr.eps", value, reason});
  }
  if (!options->has_eps_un()) {
    options->set_eps_un(kFloorOfFew);
    fitted->push_back({"objective.chorus_cvr.eps_un", value, reason});
  }
}

// Terms that are divided by the rows of their own spaces let the few clicked rows weigh as much as
// all, on tables that they share with CTR.
template <typename Options>
void FitNorm(const std::string& method, Options* options, std::vector<FittedSetting>* fitted) {
  if (options->has_norm()) return;
  options->set_norm(EXPOSURE);
  fitted->push_back({StrCat("objective.", method, ".norm"), "EXPOSURE",
                     "clicks do not outweigh CTR in shared tables; the paper's is SPACE"});
}

}  // namespace

bool LeavesLayersOpen(const ModelConfig& model) {
  return model.tower_size() == 0 && model.encoder_size() == 0 && model.transfer_size() == 0 &&
         !model.has_shared_bottom();
}

std::string TowerText(const TowerConfig& tower) {
  std::string text = StrCat("{hidden: ", ListOf(tower.hidden()));
  std::vector<std::string> wide;
  for (const std::string& name : tower.wide()) wide.push_back(StrCat("\"", name, "\""));
  if (!wide.empty()) text += StrCat(" wide: [", Join(wide, ", "), "]");
  return text + "}";
}

void FitModel(const LogSize& log, FitRules rules, bool decays, TrainConfig* config,
              std::vector<FittedSetting>* fitted) {
  ModelConfig& model = *config->mutable_model();
  const bool follows = config->data().follow_seconds() > 0;
  const bool with_towers = rules != FitRules::kWithoutTowers;
  if (with_towers && LeavesLayersOpen(model)) FitTowers(log, follows, &model, fitted);
  if (model.optimizer().kind_case() == DenseOptimizerConfig::KIND_NOT_SET) {
    const double rate = with_towers ? kDenseRate : kDenseRateWithoutTowers;
    model.mutable_optimizer()->mutable_adam()->set_lr(rate);
    fitted->push_back({"model.optimizer.adam.lr", StrCat(rate), "a rate for a decay to 0"});
  }
  if (!model.has_schedule() && decays) {
    model.mutable_schedule()->set_decay(ScheduleConfig::LINEAR);
    fitted->push_back(
        {"model.schedule.decay", "LINEAR", "the last steps settle, which calibrates"});
  }
  if (!model.has_start()) {
    model.set_start(ModelConfig::BASE_RATE);
    fitted->push_back(
        {"model.start", "BASE_RATE",
         "predictions begin at the log's rates, so that the first steps do not tear the tables"});
  }
}

void FitObjective(const LogSize& log, FitRules rules, TrainConfig* config,
                  std::vector<FittedSetting>* fitted) {
  ObjectiveConfig& objective = *config->mutable_objective();
  if (objective.has_chorus_cvr()) {
    FitNorm("chorus_cvr", objective.mutable_chorus_cvr(), fitted);
  }
  if (rules == FitRules::kWithoutTowers) return;
  if (objective.has_two_task()) FitNorm("two_task", objective.mutable_two_task(), fitted);
  if (objective.has_chorus_cvr() && log.conversions < kManyConversions) {
    FitFloors(objective.mutable_chorus_cvr(), fitted);
  }
}

void KeepModel(const TrainConfig& earlier, TrainConfig* config) {
  ModelConfig& model = *config->mutable_model();
  if (model.tower_size() == 0) *model.mutable_tower() = earlier.model().tower();
  if (model.optimizer().kind_case() == DenseOptimizerConfig::KIND_NOT_SET) {
    *model.mutable_optimizer() = earlier.model().optimizer();
  }
  if (!model.has_schedule()) *model.mutable_schedule() = earlier.model().schedule();
  if (!model.has_start()) model.set_start(earlier.model().start());
}

void KeepObjective(const TrainConfig& earlier, TrainConfig* config) {
  ObjectiveConfig& objective = *config->mutable_objective();
  if (objective.has_two_task() && earlier.objective().has_two_task()) {
    TwoTaskConfig& options = *objective.mutable_two_task();
    if (!options.has_norm()) options.set_norm(earlier.objective().two_task().norm());
  }
  if (objective.has_chorus_cvr() && earlier.objective().has_chorus_cvr()) {
    ChorusCvrConfig& options = *objective.mutable_chorus_cvr();
    const ChorusCvrConfig& kept = earlier.objective().chorus_cvr();
    if (!options.has_norm()) options.set_norm(kept.norm());
    if (!options.has_eps()) options.set_eps(kept.eps());
    if (!options.has_eps_un()) options.set_eps_un(kept.eps_un());
  }
}

}  // namespace chorus::worker
