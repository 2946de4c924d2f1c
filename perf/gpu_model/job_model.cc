#include "perf/gpu_model/job_model.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "common/strings.h"
#include "launch/gpu/hardware.h"
#include "perf/gpu_model/reading_time.h"

namespace chorus::perf {

using namespace gpu;
namespace {

constexpr uint64_t kBlockRows = 2048;  // of a random log

// Counts the rows that all workers touch in a step, over the groups of the stage that is trained.
Status CountUniqueRows(const JobModel& model, FileSystem& files, uint32_t stage, StepWork* work) {
  const GrainRange all = {0, model.config.step().grains_per_step()};
  ASSIGN_OR_RETURN(const StepData whole, ReadStepData(model.config, files, all, 1, stage));
  RETURN_IF_ERROR(CheckFull(model.config, whole, 1));
  const auto& groups = whole.objective->shape().groups;
  const size_t tables = whole.model.dims.size() / groups.size();
  for (size_t i = 0; i < whole.model.dims.size(); ++i) {
    if (groups[i / tables].stage != stage) continue;
    const uint64_t rows = whole.steps.back()->keys[i].keys.size();
    work->unique_rows += rows;
    work->unique_floats += rows * whole.model.dims[i];
  }
  return Status::Ok();
}

}  // namespace

Result<JobModel> ModelJob(const TrainConfig& config, FileSystem& files,
                          const JobModelOptions& options) {
  if (!std::has_single_bit(options.gpus)) {
    return InvalidArgument(StrCat("GPUs: ", options.gpus, " is no power of two"));
  }
  JobModel model;
  model.config = config;
  const uint32_t grains = config.step().grains_per_step();
  model.config.mutable_step()->set_grains_per_step(grains * options.gpus);
  ASSIGN_OR_RETURN(model.data,
                   ReadStepData(model.config, files, {0, grains}, options.steps, options.stage));
  RETURN_IF_ERROR(CheckFull(model.config, model.data, options.steps));
  ASSIGN_OR_RETURN(model.dry, RunDry(model.config, model.data, options.gpus));
  model.shape = ShapeOf(model.data);
  StepWork& work = model.work;
  work.exposures = model.shape.exposures;
  work.device = model.dry.cost;
  work.parameters = static_cast<uint64_t>(model.dry.parameters);
  work.nodes = model.dry.nodes;
  const uint32_t reader_threads = config.compute().reader_threads();
  ASSIGN_OR_RETURN(const double read_seconds,
                   SecondsOfReading(model.config, files, model.data, options.steps));
  work.read_seconds =
      read_seconds / (reader_threads > 0 ? reader_threads : assumed::kReaderThreads);
  work.pack_seconds = model.dry.pack_seconds;
  RETURN_IF_ERROR(CountUniqueRows(model, files, options.stage, &work));
  return model;
}

Status AddTraffic(uint32_t gpus, uint32_t servers, JobModel* model) {
  ASSIGN_OR_RETURN(model->work.traffic,
                   TrafficOf(model->config, model->data, model->dry, gpus, servers));
  model->work.client_seconds = model->work.traffic.client_seconds;
  return Status::Ok();
}

uint64_t RandomLogRows(const TrainConfig& config, const JobModelOptions& options) {
  const uint64_t rows = uint64_t{config.step().grain_rows()} * (options.steps + 1);
  const uint64_t lane = (rows + kBlockRows - 1) / kBlockRows * kBlockRows;
  return lane * config.step().grains_per_step() * options.gpus;
}

}  // namespace chorus::perf
