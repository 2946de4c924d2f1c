#include "perf/gpu_step/step_times.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "perf/support/timing.h"

namespace chorus::perf {

using namespace gpu;
namespace {

using namespace worker;

constexpr int kWarmUpSteps = 8;  // graphs are there after four of the same shapes
constexpr int kStepRepetitions = 5;

double Median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<int64_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

const StepBatch& BatchOf(const StepData& data, uint32_t step) {
  return *data.steps[step % data.steps.size()];
}

struct Product {
  GemmOptions options;
  MatrixView<const float> a, b;
  MatrixView<float> c;
};

// Seconds from each mark to the next.
Result<std::vector<double>> Between(Device* device, uint32_t marks) {
  std::vector<double> seconds;
  for (uint32_t m = 0; m + 1 < marks; ++m) {
    ASSIGN_OR_RETURN(seconds.emplace_back(), device->SecondsBetween(m, m + 1));
  }
  return seconds;
}

}  // namespace

Result<HostTimes> MeasureSteps(const StepData& data, const PulledRows& rows, uint32_t steps,
                               StepRun* run) {
  for (int i = 0; i < kWarmUpSteps; ++i) {
    RETURN_IF_ERROR(run->Run(BatchOf(data, static_cast<uint32_t>(i)), rows));
  }
  std::vector<double> whole, load, compute, update;
  for (uint32_t step = 0; step < steps; ++step) {
    const StepBatch& batch = BatchOf(data, step);
    const double begin = Seconds();
    RETURN_IF_ERROR(run->Load(batch, rows));
    const double loaded = Seconds();
    RETURN_IF_ERROR(run->Compute(batch));
    const double computed = Seconds();
    RETURN_IF_ERROR(run->Update(batch));
    const double end = Seconds();
    whole.push_back(end - begin);
    load.push_back(loaded - begin);
    compute.push_back(computed - loaded);
    update.push_back(end - computed);
  }
  return HostTimes{Median(whole), Median(load), Median(compute), Median(update)};
}

Result<PhaseTimes> MeasurePhases(const StepData& data, const PulledRows& rows,
                                 CountingDevice* device, StepRun* run) {
  PhaseTimes best;
  double best_sum = 1e9;
  for (int i = 0; i < kStepRepetitions; ++i) {
    std::vector<Phase> phases;
    Status marked;
    device->Clear();
    device->before_call = [&](const CallCost& call) {
      if (!marked.ok() || (!phases.empty() && phases.back() == call.phase)) return;
      marked = device->Mark(static_cast<uint32_t>(phases.size()));
      phases.push_back(call.phase);
    };
    const Status ran = run->Run(BatchOf(data, 0), rows);
    device->before_call = nullptr;
    RETURN_IF_ERROR(ran);
    RETURN_IF_ERROR(marked);
    const auto marks = static_cast<uint32_t>(phases.size());
    RETURN_IF_ERROR(device->Mark(marks));
    RETURN_IF_ERROR(device->Synchronize());
    ASSIGN_OR_RETURN(const std::vector<double> seconds, Between(device, marks + 1));
    PhaseTimes times;
    double sum = 0;
    for (size_t m = 0; m < phases.size(); ++m) {
      times.seconds[static_cast<int>(phases[m])] += seconds[m];
      sum += seconds[m];
    }
    times.cost = device->calls();
    if (sum < best_sum) best = std::move(times);
    best_sum = std::min(best_sum, sum);
  }
  return best;
}

Result<double> MeasureProducts(const StepData& data, const PulledRows& rows, CountingDevice* device,
                               StepRun* run) {
  std::vector<Product> products;
  device->on_product = [&](const GemmOptions& options, MatrixView<const float> a,
                           MatrixView<const float> b, MatrixView<float> c) {
    products.push_back({options, a, b, c});
  };
  const Status ran = run->Run(BatchOf(data, 0), rows);
  device->on_product = nullptr;
  RETURN_IF_ERROR(ran);
  double best = 1e9;
  for (int i = 0; i < kStepRepetitions; ++i) {
    RETURN_IF_ERROR(device->Mark(0));
    for (const Product& product : products) {
      RETURN_IF_ERROR(device->Gemm(product.options, product.a, product.b, product.c));
    }
    RETURN_IF_ERROR(device->Mark(1));
    RETURN_IF_ERROR(device->Synchronize());
    ASSIGN_OR_RETURN(const double seconds, device->SecondsBetween(0, 1));
    best = std::min(best, seconds);
  }
  return best;
}

}  // namespace chorus::perf
