#include "perf/gpu_model/reading_time.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "perf/support/timing.h"
#include "worker/log/log_reader.h"
#include "worker/steps/step_reader.h"
#include "worker/steps/training_data.h"

namespace chorus::perf {

using namespace worker;

Result<double> SecondsOfReading(const TrainConfig& config, FileSystem& files,
                                const gpu::StepData& data, uint32_t steps) {
  const std::vector<std::string> paths(config.data().log().begin(), config.data().log().end());
  ASSIGN_OR_RETURN(const std::unique_ptr<LogReader> log, LogReader::Open(files, paths));
  ASSIGN_OR_RETURN(const std::unique_ptr<ReadingPlan> plan,
                   ReadingPlan::Make(*log, TrainingOrder(config, 1)));
  StepReaderOptions options = gpu::ReaderOptionsOf(config, data);
  options.last_step = std::min<uint64_t>(steps, plan->total_steps());
  options.ahead = 1;
  StepReader reader(*plan, options);
  ASSIGN_OR_RETURN(std::unique_ptr<StepBatch> batch, reader.Next());
  double best = 1e9;
  for (uint64_t step = 2; step <= options.last_step; ++step) {
    reader.Recycle(std::move(batch));
    const double begin = Seconds();
    ASSIGN_OR_RETURN(batch, reader.Next());
    // The first was waited for; later ones follow as fast as they are made.
    if (step > 2 || options.last_step == 2) best = std::min(best, Seconds() - begin);
  }
  return options.last_step == 1 ? 0.0 : best;
}

}  // namespace chorus::perf
