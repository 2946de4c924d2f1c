#pragma once
// What training, evaluation and prediction have in common on a worker: objective, tables, model,
// weights, threads, the engine, and the connection to the servers. Thread safety: one thread.

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "common/checkpoint.pb.h"
#include "common/config.pb.h"
#include "worker/engine/cpu/grain_compute.h"
#include "worker/engine/engine.h"
#include "worker/environment.h"
#include "worker/log/batch.h"
#include "worker/math/thread_pool.h"
#include "worker/model/dense_weights.h"
#include "worker/model/model.h"
#include "worker/objective/objective.h"
#include "worker/servers/ps_client.h"
#include "worker/steps/step_reader.h"
#include "worker/train/dense_state.h"
#include "worker/train/warm_fit.h"

namespace chorus::worker {

class Session {
 public:
  // schema: of the log that the model is made for. Connects to the servers.
  // extras: see Engine::Extras.
  static Result<std::unique_ptr<Session>> Create(const TrainConfig& config, const LogSchema& schema,
                                                 const WorkerEnvironment& environment,
                                                 uint32_t extras = 0);

  // Makes the state of this job exactly that of a checkpoint, rows pulled ahead included: the dense
  // state here, the rows on all servers. Every worker calls it; worker 0 reads and tells. Returns
  // the step that the state is after. Error: kDataLoss when a file is not that of the folder's
  // manifest, or holds a value that is not finite.
  Result<uint64_t> Restore(const std::string& folder);
  // The same for a job that does not train and reads no other rows than these: servers keep no
  // others.  keys: worker 0's, [table instances], ascending and unique; null on the others.
  Result<uint64_t> RestoreRows(const std::string& folder,
                               const std::vector<std::vector<Key>>* keys);
  // Takes what fits of a checkpoint's weights and, unless `reset_optimizer`, of its optimizers'
  // state. Every worker calls it; what was taken is told to worker 0. Errors: as Restore and
  // FitState.
  Result<WarmFit> WarmStart(const std::string& folder, bool reset_optimizer);

  // One update of the dense weights of a stage from the gradient of the whole step (clipped in
  // place). step: inside its stage, from 1; planned_steps: where the learning rate's schedule ends.
  Status UpdateDense(uint32_t stage, uint64_t step, uint64_t planned_steps,
                     std::span<float> gradient);
  Result<DenseState> CaptureDenseState(uint64_t step);

  // Sets where the heads' logits start, before the first step.  logits: [heads].
  void StartHeadsAt(std::span<const double> logits);

  Engine& engine() { return *engine_; }

  const TrainConfig& config() const { return config_; }
  const LogSchema& schema() const { return schema_; }
  const Objective& objective() const { return *objective_; }
  const std::vector<TableSpec>& tables() const { return tables_; }
  const Model& model() const { return model_; }
  ThreadPool& pool() { return *pool_; }
  PsClient& client() { return *client_; }
  const WorkerEnvironment& environment() const { return environment_; }
  GrainRange grains() const;  // of this worker
  // How this worker reads a log for the model: everything but which steps, of which stages.
  StepReaderOptions reader_options() const;

 private:
  enum class RestoreMode { kResume, kWarmStart, kWarmStartReset };

  Session() = default;
  uint32_t reader_threads() const;
  // Worker 0: the checkpoint's dense state, while servers begin to load its rows.
  Result<DenseState> BeginRestore(const std::string& folder, const CheckpointManifest& manifest,
                                  RestoreMode mode,
                                  const std::vector<std::vector<Key>>* only = nullptr);
  Status WaitForRestore(const std::string& folder);
  // Ends what worker 0 has begun. state: worker 0's, which all workers load.
  Result<DenseState> FinishRestore(const std::string& folder, const DenseState& state,
                                   bool with_optimizer);
  DenseState StateOfWeights(uint64_t step);
  Status LoadDenseState(const DenseState& state, bool with_optimizer);

  TrainConfig config_;
  LogSchema schema_;
  WorkerEnvironment environment_;
  std::unique_ptr<Objective> objective_;
  std::vector<TableSpec> tables_;
  Model model_;
  std::unique_ptr<ThreadPool> pool_;
  std::optional<DenseWeights> weights_;
  uint64_t updates_ = 0;  // of the weights, in the current stage
  std::unique_ptr<PsClient> client_;
  std::unique_ptr<Engine> engine_;  // after what it computes with
};

}  // namespace chorus::worker
