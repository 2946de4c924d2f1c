#include "launch/serving/scorer.h"

#include <utility>

#include "common/mutex.h"
#include "common/strings.h"
#include "launch/serving/computing_thread.h"
#include "launch/serving/scoring_thread.h"

namespace chorus::launch {
namespace {

class ExportScorer final : public Scorer {
 public:
  ExportScorer(std::unique_ptr<ServedModel> model, Features features,
               std::unique_ptr<worker::Backend> backend)
      : model_(std::move(model)), features_(std::move(features)), backend_(std::move(backend)) {
    for (const Feature& feature : features_.columns) {
      infos_.push_back({feature.name, feature.column, feature.context, feature.is_numeric,
                        feature.multi_valued, feature.has_values});
    }
    TrainConfig config = model_->config;
    for (size_t size = 0; size < kPieceRows.size(); ++size) {
      config.mutable_step()->set_grain_rows(kPieceRows[size]);
      computes_[size] = worker::GrainCompute::Create(config, model_->model(), model_->network.shape,
                                                     backend_.get());
    }
  }

  const ExportManifest& manifest() const override { return model_->manifest; }
  const std::vector<FeatureInfo>& features() const override { return infos_; }

  Status Score(const InputColumns& rows, const ScoredRows& out) const override {
    ScoringTask task;
    task.rows = rows.rows;
    ASSIGN_OR_RETURN(task.columns, MatchColumns(features_.columns, rows, FeatureSide::kAll));
    std::vector<int64_t> context_of(static_cast<size_t>(rows.rows));
    for (int64_t row = 0; row < rows.rows; ++row) {
      if (row == 0 || !SameContext(task.columns, row - 1, row)) task.context_rows.push_back(row);
      context_of[static_cast<size_t>(row)] = static_cast<int64_t>(task.context_rows.size()) - 1;
    }
    task.context_of = context_of;
    return Run(task, out);
  }

  Status Score(const InputColumns& contexts, const InputColumns& exposures,
               std::span<const int64_t> context_of, const ScoredRows& out) const override {
    ScoringTask task;
    task.rows = exposures.rows;
    task.context_of = context_of;
    if (static_cast<int64_t>(context_of.size()) != exposures.rows) {
      return InvalidArgument(StrCat(context_of.size(), " numbers of contexts; expected: ",
                                    exposures.rows, ", one for each exposure"));
    }
    for (size_t i = 0; i < context_of.size(); ++i) {
      if (context_of[i] >= 0 && context_of[i] < contexts.rows) continue;
      return InvalidArgument(StrCat("exposure ", i, " has context ", context_of[i],
                                    "; expected: a row of ", contexts.rows, " contexts, from 0"));
    }
    const std::vector<Feature>& features = features_.columns;
    ASSIGN_OR_RETURN(task.columns, MatchColumns(features, contexts, FeatureSide::kContexts));
    ASSIGN_OR_RETURN(const std::vector<const InputColumn*> of_exposures,
                     MatchColumns(features, exposures, FeatureSide::kExposures));
    for (size_t f = 0; f < features.size(); ++f) {
      if (!features[f].context) task.columns[f] = of_exposures[f];
    }
    for (int64_t c = 0; c < contexts.rows; ++c) task.context_rows.push_back(c);
    return Run(task, out);
  }

 private:
  bool SameContext(const std::vector<const InputColumn*>& columns, int64_t row,
                   int64_t other) const {
    for (size_t f = 0; f < features_.columns.size(); ++f) {
      if (features_.columns[f].context && !SameCell(*columns[f], row, other)) return false;
    }
    return true;
  }

  Status Run(const ScoringTask& task, const ScoredRows& out) const {
    for (const std::span<double> scores : {out.pctr, out.pcvr, out.pctcvr}) {
      if (static_cast<int64_t>(scores.size()) == task.rows) continue;
      return InvalidArgument(StrCat("room for ", scores.size(), " scores of ", task.rows, " rows"));
    }
    const ComputingThread computing;
    std::unique_ptr<ScoringThread> thread = TakeThread();
    const Status status = thread->Score(task, out);
    MutexLock lock(mutex_);
    idle_.push_back(std::move(thread));
    return status;
  }

  // The memory of a call is kept for later calls: as many are kept as calls ran at the same time.
  std::unique_ptr<ScoringThread> TakeThread() const {
    {
      MutexLock lock(mutex_);
      if (!idle_.empty()) {
        std::unique_ptr<ScoringThread> thread = std::move(idle_.back());
        idle_.pop_back();
        return thread;
      }
    }
    return std::make_unique<ScoringThread>(*model_, features_, computes_);
  }

  const std::unique_ptr<const ServedModel> model_;
  const Features features_;
  const std::unique_ptr<worker::Backend> backend_;
  std::vector<FeatureInfo> infos_;
  PieceComputes computes_;
  mutable Mutex mutex_;
  mutable std::vector<std::unique_ptr<ScoringThread>> idle_ GUARDED_BY(mutex_);
};

}  // namespace

Result<std::unique_ptr<Scorer>> Scorer::Load(FileSystem& files, const std::string& folder,
                                             ComputeConfig::Precision precision) {
  ASSIGN_OR_RETURN(std::unique_ptr<ServedModel> model, LoadModel(files, folder));
  ASSIGN_OR_RETURN(Features features, FeaturesOf(*model));
  if (precision == ComputeConfig::PRECISION_UNSPECIFIED) {
    precision = model->config.compute().precision();
    if (precision == ComputeConfig::TF32) precision = ComputeConfig::FP32;
  }
  ASSIGN_OR_RETURN(std::unique_ptr<worker::Backend> backend,
                   worker::NewCpuBackend(ComputeConfig::NATIVE, precision));
  RETURN_IF_ERROR(backend->UseWeights(model->parameters.data(),
                                      static_cast<int64_t>(model->parameters.size())));
  return std::unique_ptr<Scorer>(
      std::make_unique<ExportScorer>(std::move(model), std::move(features), std::move(backend)));
}

}  // namespace chorus::launch
