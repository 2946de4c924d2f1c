// How fast are training steps on a CUDA device, where does a step's time go, and what share of the
// device's own limits, measured in the same run, does it reach? The backend is opened at run time.
// Checks that what was computed is finite, the same bits each time, and the CPU's up to rounding;
// fails otherwise. README.md in perf/ gives the columns.
//   gpu_step [a job: job_options.h] [--library PATH] [--device N] [--timed-steps N]
//            [--product N] [--copy-mb N] [--gpus N]
// With --gpus above 1 it also times sums of gradients among the first N devices.

#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/log.h"
#include "common/strings.h"
#include "launch/gpu/device_time.h"
#include "perf/gpu_step/device_limits.h"
#include "perf/gpu_step/step_options.h"
#include "perf/gpu_step/step_sums.h"
#include "perf/gpu_step/step_times.h"
#include "perf/gpu_step/sum_times.h"
#include "perf/support/build_info.h"
#include "worker/device/device_library.h"
#include "worker/engine/device/device_choice.h"

namespace chorus::perf {

using namespace gpu;
namespace {

using worker::Device;

// The largest difference from the CPU that rounding explains: of float sums in another order, of
// inputs with 10 or 7 bits of mantissa through a few layers.
double ToleranceOf(ComputeConfig::Precision precision) {
  if (precision == ComputeConfig::BF16) return 0.1;
  return precision == ComputeConfig::TF32 ? 0.02 : 2e-4;
}

struct Results {
  worker::DeviceInfo info;
  DeviceLimits limits;
  HostTimes host, with_graphs;
  PhaseTimes phases;
  double products = 0;  // seconds
  Difference difference;
  uint64_t exposures = 0;
  int64_t parameters = 0;
};

// Computes one step twice, often enough with graphs that each block has its own, and on the CPU.
Status Check(const TrainConfig& config, const StepData& data, StepRun* run,
             Difference* difference) {
  const worker::StepBatch& batch = *data.steps[0];
  const DrawnRows rows(data.model.dims);
  RETURN_IF_ERROR(run->Load(batch, rows));
  RETURN_IF_ERROR(run->Compute(batch));
  const StepSums first = SumsOf(run->step(), data, batch);
  for (int again = 0; again < 7; ++again) {
    run->step().UseGraphs(again > 0);
    RETURN_IF_ERROR(run->Load(batch, rows));
    RETURN_IF_ERROR(run->Compute(batch));
    if (SameBits(SumsOf(run->step(), data, batch), first)) continue;
    return Internal(again == 0 ? "the same step gave other bits the second time"
                               : "a step with graphs gives other bits");
  }
  run->step().UseGraphs(false);
  ASSIGN_OR_RETURN(const StepSums expected, SumsOnCpu(config, data, batch, rows));
  *difference = DifferenceOf(first, expected);
  const double tolerance = ToleranceOf(config.compute().precision());
  if (difference->largest() <= tolerance) return Status::Ok();
  return Internal(StrCat("the device is not the CPU up to rounding (", tolerance, "): logits ",
                         difference->logits, ", losses ", difference->losses, ", dense gradient ",
                         difference->dense, ", gradients of rows ", difference->rows));
}

// Device memory lives as long as its device: each part opens a device of its own, which has all of
// the memory.
using Open = std::function<Result<std::unique_ptr<Device>>()>;

// Runs steps as a job does, without counting.
Status MeasureTimes(const StepOptions& options, const TrainConfig& config, const StepData& data,
                    Device* device, Results* results) {
  ASSIGN_OR_RETURN(const std::unique_ptr<StepRun> run, StepRun::Create(config, data, device));
  run->step().UseGraphs(false);
  RETURN_IF_ERROR(Check(config, data, run.get(), &results->difference));
  run->KeepGradients(false);  // as those of the only worker
  const DrawnRows rows(data.model.dims);
  ASSIGN_OR_RETURN(results->host, MeasureSteps(data, rows, options.timed_steps, run.get()));
  run->step().UseGraphs(true);
  ASSIGN_OR_RETURN(results->with_graphs, MeasureSteps(data, rows, options.timed_steps, run.get()));
  results->parameters = run->step().parameters().size();
  for (const auto& grain : data.steps[0]->grains) results->exposures += grain.rows();
  return Status::Ok();
}

// Where a step's time goes, by calls that are counted.
Status MeasureParts(const TrainConfig& config, const StepData& data, Device* device,
                    Results* results) {
  CountingDevice counting(device, config.compute().precision());
  ASSIGN_OR_RETURN(const std::unique_ptr<StepRun> run, StepRun::Create(config, data, &counting));
  run->step().UseGraphs(false);
  run->KeepGradients(false);
  const DrawnRows rows(data.model.dims);
  ASSIGN_OR_RETURN(results->phases, MeasurePhases(data, rows, &counting, run.get()));
  ASSIGN_OR_RETURN(results->products, MeasureProducts(data, rows, &counting, run.get()));
  return Status::Ok();
}

Result<DeviceLimits> LimitsOf(const StepOptions& options, const Open& open) {
  ASSIGN_OR_RETURN(const std::unique_ptr<Device> device, open());
  RETURN_IF_ERROR(CheckDevices(options, device->info()));
  return MeasureLimits(device.get(), options.limits);
}

Result<Results> Measure(const StepOptions& options, const TrainConfig& config, const StepData& data,
                        const Open& open) {
  Results results;
  ASSIGN_OR_RETURN(std::unique_ptr<Device> device, open());
  RETURN_IF_ERROR(MeasureTimes(options, config, data, device.get(), &results));
  device.reset();
  ASSIGN_OR_RETURN(device, open());
  RETURN_IF_ERROR(MeasureParts(config, data, device.get(), &results));
  results.info = device->info();
  return results;
}

double Of(uint64_t n) { return static_cast<double>(n); }

double Rate(double amount, double seconds) { return seconds > 0 ? amount / seconds : 0; }

void PrintPhases(const Results& results) {
  std::printf("  %-14s %9s %8s %8s | %9s %6s | %9s %6s | %9s %6s\n", "phase", "ms", "launches",
              "products", "GFLOP/s", "share", "GB/s mem", "share", "GB/s bus", "share");
  for (int p = 0; p < kPhases; ++p) {
    const auto phase = static_cast<Phase>(p);
    const Cost cost = TotalOf(results.phases.cost, phase);
    const double seconds = results.phases.seconds[p];
    const double flops = Rate(Of(cost.flops), seconds);
    const double memory = Rate(Of(cost.memory_bytes), seconds);
    const double bus = Rate(Of(cost.bus_bytes()), seconds);
    const double way = cost.bytes_to_device > cost.bytes_to_host ? results.limits.to_device
                                                                 : results.limits.to_host;
    std::printf("  %-14s %9.3f %8.0f %8.0f | %9.1f %6.3f | %9.1f %6.3f | %9.1f %6.3f\n",
                NameOf(phase), seconds * 1e3, Of(cost.launches), Of(cost.products), flops * 1e-9,
                flops / results.limits.product_flops, memory * 1e-9, memory / results.limits.memory,
                bus * 1e-9, bus / way);
  }
}

void Print(const TrainConfig& config, const Results& results) {
  const DeviceLimits& limits = results.limits;
  const Cost all = TotalOf(results.phases.cost);
  const double achieved = Rate(Of(all.flops), results.products);
  const double in_step = Rate(Of(all.flops), results.host.step);
  const double exposures = Rate(Of(results.exposures), results.host.step);
  std::printf("%s, %s\n", results.info.name.c_str(), results.info.versions.c_str());
  std::printf(
      "limits: product %.1f GFLOP/s, copies up %.2f GB/s, down %.2f GB/s, device memory %.1f "
      "GB/s\n",
      limits.product_flops * 1e-9, limits.to_device * 1e-9, limits.to_host * 1e-9,
      limits.memory * 1e-9);
  std::printf(
      "step of %.0f exposures: %.3f ms (load %.3f, compute %.3f, update %.3f), %.0f "
      "exposures/s\n",
      Of(results.exposures), results.host.step * 1e3, results.host.load * 1e3,
      results.host.compute * 1e3, results.host.update * 1e3, exposures);
  std::printf("with graphs: %.3f ms (compute %.3f), %.0f exposures/s\n",
              results.with_graphs.step * 1e3, results.with_graphs.compute * 1e3,
              Rate(Of(results.exposures), results.with_graphs.step));
  PrintPhases(results);
  std::printf("products: %.1f GFLOP/s alone (%.3f of the limit), %.1f in the step (%.3f)\n",
              achieved * 1e-9, achieved / limits.product_flops, in_step * 1e-9,
              in_step / limits.product_flops);
  std::printf(
      "difference from the CPU: logits %.1e, losses %.1e, dense gradient %.1e, gradients "
      "of rows %.1e\n",
      results.difference.logits, results.difference.losses, results.difference.dense,
      results.difference.rows);
  std::printf(
      "{\"bench\":\"gpu_step\",\"device\":\"%s\",\"precision\":\"%s\",\"exposures_per_s\":%"
      ".0f,\"step_ms\":%.3f,\"graphs_step_ms\":%.3f,\"product_share\":%.3f,\"step_share\":%.3f,"
      "\"product_gflops\":%.1f,\"up_gb_s\":%.2f,\"down_gb_s\":%.2f,\"memory_gb_s\":%.1f,%s}"
      "\n",
      results.info.name.c_str(),
      ComputeConfig::Precision_Name(config.compute().precision()).c_str(), exposures,
      results.host.step * 1e3, results.with_graphs.step * 1e3, achieved / limits.product_flops,
      in_step / limits.product_flops, limits.product_flops * 1e-9, limits.to_device * 1e-9,
      limits.to_host * 1e-9, limits.memory * 1e-9, BuildInfoJson().c_str());
}

// The sum of the dense gradient, and one that is so long that its start costs nothing.
Status PrintSums(const StepOptions& options, const CudaConfig& config,
                 const worker::DeviceOptions& device_options, int64_t parameters) {
  const auto large = static_cast<int64_t>(options.limits.copy_bytes / sizeof(float));
  const SumShapes shapes = {options.gpus,
                            {parameters, large},
                            int64_t{config.bucket_kb()} * 1024 / int64_t{sizeof(float)}};
  ASSIGN_OR_RETURN(const std::vector<SumTime> times,
                   MeasureSums(worker::OpenLibraryDevice, device_options, shapes));
  const double limit = times.back().bytes_per_s();
  for (const SumTime& time : times) {
    std::printf(
        "sum of %.0f floats among %u devices, %s order: %.3f ms, %.2f GB/s sent by each, "
        "%.3f of the longest fast one\n",
        static_cast<double>(time.floats), options.gpus, time.reproducible ? "canonical" : "fastest",
        time.seconds * 1e3, time.bytes_per_s() * 1e-9, time.bytes_per_s() / limit);
  }
  return Status::Ok();
}

worker::DeviceOptions DeviceOptionsOf(const StepOptions& options, const ComputeConfig& config) {
  worker::DeviceOptions device;
  device.index = static_cast<int>(options.device);
  device.library =
      options.library.empty() ? LibraryOfBuild(config.cuda().library()) : options.library;
  device.precision = worker::DevicePrecisionOf(config.precision());
  return device;
}

Status Main(const std::vector<std::string>& arguments) {
  if (AsksForHelp(arguments)) {
    std::printf("%s%s", kStepHelp, kJobOptionsHelp);
    return Status::Ok();
  }
  ASSIGN_OR_RETURN(const StepOptions options, ParseStepOptions(arguments));
  SetLogLevel(LogLevel::kWarning);
  ASSIGN_OR_RETURN(JobSource source, SourceOf(options.job));
  const TrainConfig& config = source.config;
  const JobModelOptions& job = options.job.job;
  const worker::DeviceOptions device = DeviceOptionsOf(options, config.compute());
  const Open open = [&] { return worker::OpenLibraryDevice(device); };
  RETURN_IF_ERROR(open().status());  // before what takes long
  ASSIGN_OR_RETURN(const DeviceLimits limits, LimitsOf(options, open));
  RETURN_IF_ERROR(source.WriteLog(job));
  ASSIGN_OR_RETURN(const StepData data,
                   ReadStepData(config, source.files(), {0, config.step().grains_per_step()},
                                job.steps, job.stage));
  RETURN_IF_ERROR(CheckFull(config, data, job.steps));
  ASSIGN_OR_RETURN(Results results, Measure(options, config, data, open));
  results.limits = limits;
  Print(config, results);
  if (options.gpus == 1) return Status::Ok();
  return PrintSums(options, config.compute().cuda(), device, results.parameters);
}

}  // namespace
}  // namespace chorus::perf

int main(int argc, char** argv) {
  return chorus::perf::ExitCode("gpu_step", chorus::perf::Main({argv + 1, argv + argc}));
}
