#pragma once
// Steps of a job as one of its workers gets them from the log, and the numbers of things that they
// hold. Thread safety: functions of their arguments.

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "common/config.pb.h"
#include "common/file.h"
#include "common/status.h"
#include "worker/log/batch.h"
#include "worker/model/model.h"
#include "worker/objective/objective.h"
#include "worker/servers/ps_client.h"
#include "worker/steps/step_reader.h"

namespace chorus::gpu {

struct StepData {
  worker::LogSchema schema;
  std::unique_ptr<worker::Objective> objective;
  worker::Model model;
  GrainRange grains;  // of this worker
  std::vector<std::unique_ptr<worker::StepBatch>> steps;
};

// The first `steps` steps of the config's log (fewer, if it has fewer), read as steps of `stage`.
Result<StepData> ReadStepData(const TrainConfig& config, FileSystem& files, GrainRange grains,
                              uint32_t steps, uint32_t stage);

// The options with which the worker reads them; the caller sets the steps.
worker::StepReaderOptions ReaderOptionsOf(const TrainConfig& config, const StepData& data);

// Error: kInvalidArgument unless there are `steps` steps, each of full grains: the cost of a step
// that the log cannot fill says nothing about the job.
Status CheckFull(const TrainConfig& config, const StepData& data, uint32_t steps);

// The contents of one worker's part of a step.
struct StepShape {
  uint64_t exposures = 0;
  uint64_t contexts = 0;            // distinct ones, over grains
  uint64_t keys = 0;                // in all slots, those of a context once
  uint64_t unique_keys = 0;         // over configured tables
  double of_last_step = 0;          // share of the unique keys that the step before has too
  double of_last_steps = 0;         // share that any of the steps before has
  uint64_t keys_of_last_steps = 0;  // unique keys of all the steps before
};
// The shape of the last step read; shares are 0 when it is the only one.
StepShape ShapeOf(const StepData& data);

// The number of unique keys in several workers' parts of one step, over configured tables.
uint64_t UniqueKeys(const std::vector<const worker::StepBatch*>& parts, size_t tables);

// Rows of zeros, as servers would send them.
class ZeroRows final : public worker::PulledRows {
 public:
  explicit ZeroRows(const std::vector<uint32_t>& dims);
  std::span<const float> RowsFrom(uint32_t table, uint32_t) const override {
    return {zeros_.data(), kRows * dims_[table]};
  }

 private:
  static constexpr size_t kRows = 1024;  // that are together in memory
  const std::vector<uint32_t> dims_;
  std::vector<float> zeros_;
};

}  // namespace chorus::gpu
