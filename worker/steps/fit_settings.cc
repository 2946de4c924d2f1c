#include "worker/steps/fit_settings.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <algorithm>
#include <bit>
#include <cstdio>

#include "common/config.h"
#include "common/strings.h"
#include "worker/steps/fit_model.h"
#include "worker/steps/step_view.h"

namespace chorus::worker {
namespace {

// An epoch has some four hundred steps, so that the weights move often enough. A step of more rows
// than the largest gains no speed. One of fewer than the usual least is noisy, which only logs that
// would have too few steps make up for: one step of half of it, then one of a quarter.
constexpr uint64_t kStepsOfEpoch = 400, kUsualFewestSteps = 300, kFewestSteps = 150;
constexpr uint64_t kMostRows = 4096, kUsualLeast = 256, kLeastRows = 64;  // of a step
// A step's loss is a mean over its rows, so an id that is in one row has a gradient of the order of
// 1 / rows. Adagrad's first accumulator is the square of a small part of that: a larger one would
// outweigh the gradients, and rare ids would hardly move.
constexpr double kGradientOfRow = 0.06;
constexpr double kTableRate = 0.2;

std::string Text(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.3g", value);
  return text;
}

uint32_t GrainsOf(const StepConfig& step) {
  return std::max(step.has_grains_per_step() ? step.grains_per_step()
                                             : Defaults<StepConfig>().grains_per_step(),
                  1u);
}

// Whether an optimizer's rate is written.
bool HasRate(const google::protobuf::Message& optimizer) {
  const google::protobuf::Reflection& reflection = *optimizer.GetReflection();
  const google::protobuf::FieldDescriptor* const rule = reflection.GetOneofFieldDescriptor(
      optimizer, optimizer.GetDescriptor()->FindOneofByName("kind"));
  if (rule == nullptr) return false;
  const google::protobuf::Message& options = reflection.GetMessage(optimizer, rule);
  const google::protobuf::FieldDescriptor* const rate =
      options.GetDescriptor()->FindFieldByName("lr");
  return rate != nullptr && options.GetReflection()->HasField(options, rate);
}

class Fitter {
 public:
  Fitter(const LogSize& log, FitRules rules, TrainConfig* config)
      : log_(log), rules_(rules), config_(*config) {}

  std::vector<FittedSetting> Fit() {
    const bool decays = RatesDecay();
    FitStep();
    FitOrder();
    if (config_.table_size() == 0) config_.add_table();
    for (int i = 0; i < config_.table_size(); ++i) {
      FitTable(StrCat("table.", i), decays, config_.mutable_table(i));
    }
    FitModel(log_, rules_, decays, &config_, &fitted_);
    FitObjective(log_, rules_, &config_, &fitted_);
    return std::move(fitted_);
  }

 private:
  void Say(const std::string& field, const std::string& value, const std::string& reason) {
    fitted_.push_back({field, value, reason});
  }

  void FitStep() {
    StepConfig& step = *config_.mutable_step();
    const uint32_t grains = GrainsOf(step);
    if (!step.has_grain_rows()) {
      const uint64_t read = config_.data().rows() == DataConfig::CLICKED ? log_.clicks : log_.rows;
      const uint64_t wanted = std::bit_floor(std::max<uint64_t>(read / kStepsOfEpoch, 1));
      uint64_t rows = std::clamp(wanted, kUsualLeast, kMostRows);
      if (rules_ != FitRules::kWithoutTowers && read / rows < kUsualFewestSteps) rows /= 2;
      while (read / rows < kFewestSteps && rows > kLeastRows) rows /= 2;
      step.set_grain_rows(static_cast<uint32_t>(std::max<uint64_t>(rows / grains, 1)));
      const uint64_t of_step = uint64_t{step.grain_rows()} * grains;
      Say("step.grain_rows", StrCat(step.grain_rows()),
          StrCat(read, " exposures make about ", (read + of_step - 1) / of_step, " steps of ",
                 of_step, " an epoch"));
    }
    rows_ = std::max(1.0, static_cast<double>(uint64_t{step.grain_rows()} * grains));
  }

  void FitOrder() {
    DataConfig& data = *config_.mutable_data();
    if (data.has_window_blocks() || data.order() == DataConfig::SEQUENTIAL || log_.blocks == 0) {
      return;
    }
    const uint32_t grains = GrainsOf(config_.step());
    data.set_window_blocks(FittedWindow({log_.rows, log_.blocks, log_.bytes}, grains));
    const uint64_t view = uint64_t{data.window_blocks()} * grains;
    Say("data.window_blocks", StrCat(data.window_blocks()),
        view >= log_.blocks
            ? StrCat("a step is drawn from all ", log_.blocks, " blocks of the log")
            : StrCat("a step is drawn from ", view, " of ", log_.blocks,
                     " blocks of the log, about ", log_.rows / log_.blocks * view, " exposures"));
  }

  // Of a log that grows nobody knows the last steps. Who writes every rate has a recipe of his own,
  // whose rates are for all steps, as documented.
  bool RatesDecay() const {
    if (config_.data().follow_seconds() > 0) return false;
    const bool writes_all =
        config_.table_size() > 0 && HasRate(config_.model().optimizer()) &&
        std::all_of(config_.table().begin(), config_.table().end(),
                    [](const TableConfig& table) { return HasRate(table.optimizer()); });
    return !writes_all || rules_ != FitRules::kCurrent;
  }

  void FitTable(const std::string& path, bool decays, TableConfig* table) {
    if (table->optimizer().kind_case() == TableOptimizerConfig::KIND_NOT_SET) {
      table->mutable_optimizer()->mutable_adagrad()->set_lr(kTableRate);
      Say(path + ".optimizer.adagrad.lr", Text(kTableRate), "a rate for the accumulator below");
    }
    if (table->optimizer().has_adagrad() &&
        !table->optimizer().adagrad().has_initial_accumulator()) {
      const double root = kGradientOfRow / rows_;
      table->mutable_optimizer()->mutable_adagrad()->set_initial_accumulator(root * root);
      Say(path + ".optimizer.adagrad.initial_accumulator", Text(root * root),
          StrCat("below the squared gradient of an id that is in one of ", rows_, " rows"));
    }
    if (!table->has_schedule() && decays) {
      table->mutable_schedule()->set_decay(ScheduleConfig::LINEAR);
      Say(path + ".schedule.decay", "LINEAR", "the last steps settle, which calibrates");
    }
  }

  const LogSize log_;
  const FitRules rules_;
  TrainConfig& config_;
  double rows_ = 0;  // of a step
  std::vector<FittedSetting> fitted_;
};

void KeepOfTable(const TableConfig& earlier, TableConfig* table) {
  if (table->optimizer().kind_case() == TableOptimizerConfig::KIND_NOT_SET) {
    *table->mutable_optimizer() = earlier.optimizer();
  }
  if (table->optimizer().has_adagrad() && earlier.optimizer().has_adagrad() &&
      !table->optimizer().adagrad().has_initial_accumulator()) {
    table->mutable_optimizer()->mutable_adagrad()->set_initial_accumulator(
        earlier.optimizer().adagrad().initial_accumulator());
  }
  if (!table->has_schedule()) *table->mutable_schedule() = earlier.schedule();
}

}  // namespace

LogSize SizeOf(const LogReader& log) {
  LogSize size;
  for (const BlockInfo& block : log.blocks()) {
    size.rows += block.rows;
    size.clicks += block.clicks;
    size.conversions += block.conversions;
    size.bytes += block.bytes;
  }
  size.blocks = log.blocks().size();
  return size;
}

std::vector<FittedSetting> FitSettings(const LogSize& log, TrainConfig* config, FitRules rules) {
  return Fitter(log, rules, config).Fit();
}

void KeepSettings(const TrainConfig& earlier, TrainConfig* config) {
  if (!config->step().has_grain_rows()) {
    config->mutable_step()->set_grain_rows(earlier.step().grain_rows());
  }
  if (!config->data().has_window_blocks()) {
    config->mutable_data()->set_window_blocks(earlier.data().window_blocks());
  }
  if (config->table_size() == 0) config->add_table();
  for (int i = 0; i < std::min(config->table_size(), earlier.table_size()); ++i) {
    KeepOfTable(earlier.table(i), config->mutable_table(i));
  }
  KeepModel(earlier, config);
  KeepObjective(earlier, config);
}

}  // namespace chorus::worker
