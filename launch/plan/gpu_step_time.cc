#include "launch/plan/gpu_step_time.h"

#include <algorithm>
#include <string>
#include <utility>

#include "launch/gpu/device_time.h"

namespace chorus::launch {
namespace {

double SecondsOfTime(const std::vector<PlanTime>& times, const std::string& name) {
  for (const PlanTime& time : times) {
    if (time.name() == name) return time.seconds();
  }
  return 0;
}

PlanTime TimeOf(const std::string& name, double seconds) {
  PlanTime time;
  time.set_name(name);
  time.set_seconds(seconds);
  return time;
}

// The hosts' side alone, without the workers' computation. sums: of losses and counts, and of
// gradients if hosts sum them.
StepWork HostSide(const StepWork& work, bool sums) {
  StepWork host = work;
  host.pull_ahead = 0;
  for (WorkerWork& worker : host.workers) {
    worker.flops = worker.parameters = 0;
    if (sums) continue;
    worker.sums = worker.sum_messages = worker.sum_bytes = worker.sum_away = worker.added_bytes = 0;
  }
  return host;
}

struct BusBytes {
  double up = 0, down = 0;
  double copies_up = 0, copies_down = 0;
};

BusBytes BytesOnBus(const gpu::StepCost& calls) {
  BusBytes bus;
  for (const gpu::CallCost& call : calls) {
    const auto up = static_cast<double>(call.cost.bytes_to_device);
    const auto down = static_cast<double>(call.cost.bytes_to_host);
    bus.up += up;
    bus.down += down;
    if (up > 0) ++bus.copies_up;
    if (down > 0) ++bus.copies_down;
  }
  return bus;
}

class GpuStepModel {
 public:
  GpuStepModel(const StepWork& work, const GpuWork& gpu, const PlanRates& rates)
      : work_(work),
        gpu_(gpu),
        bus_(BytesOnBus(gpu.device)),
        host_(PredictStep(HostSide(work, false), rates)),
        sums_(PredictStep(HostSide(work, true), rates)) {
    gpu::StepCost updates, others;
    for (const gpu::CallCost& call : gpu.device) {
      (call.phase == gpu::Phase::kUpdate ? updates : others).push_back(call);
    }
    kernels_ = gpu::KernelSeconds(others, gpu.gpu, gpu.precision);
    update_ = gpu::KernelSeconds(updates, gpu.gpu, gpu.precision);
  }

  GpuStepTime Predict() const;

 private:
  double network() const { return work_.layout.link_gbit() * 1e9 / 8; }  // bytes a second
  double link() const { return gpu_.gpu.link_gb_s * 1e9; }
  // Each worker has its share of the host's cores.
  double PackSeconds(double bytes) const {
    const double share = static_cast<double>(work_.layout.cores()) / gpu_.sum.of_host;
    const double threads =
        std::min<double>(work_.layout.threads(), gpu::assumed::kMostPackingThreads);
    return bytes / (gpu::assumed::kPackGbS * 1e9 * std::min(threads, share));
  }
  double SumOfGradients() const {
    if (!gpu_.sums) return 0;
    const double way = work_.layout.hosts() > 1 ? 2 * work_.layout.latency_us() * 1e-6 : 0;
    return way + gpu::SumSeconds(gpu_.sum, link(), network());
  }
  std::vector<PlanTime> Resources() const;

  const StepWork& work_;
  const GpuWork& gpu_;
  const BusBytes bus_;
  const StepTime host_, sums_;
  double kernels_ = 0, update_ = 0;
};

std::vector<PlanTime> GpuStepModel::Resources() const {
  const gpu::SumBytes sum = gpu_.sums ? gpu::BytesOf(gpu_.sum) : gpu::SumBytes();
  const double inside = sum.inside / (link() * gpu::assumed::kLinkShare);
  // Devices without links of their own sum over the bus, where as much comes as goes.
  const bool has_links = gpu_.gpu.link_gb_s > gpu_.gpu.bus_gb_s;
  const double on_bus = has_links ? 0 : inside;
  std::vector<PlanTime> resources = {
      TimeOf("the GPU", kernels_ + update_),
      TimeOf("the bus to the GPU", gpu::BusSeconds(bus_.up, bus_.copies_up, gpu_.gpu) + on_bus),
      TimeOf("the bus from the GPU",
             gpu::BusSeconds(bus_.down, bus_.copies_down, gpu_.gpu) + on_bus),
      TimeOf("threads that pack", PackSeconds(bus_.up))};
  if (has_links && inside > 0) resources.push_back(TimeOf("links between GPUs", inside));
  for (const PlanTime& of_host : host_.resources) {
    if (of_host.name() == "sums of workers") continue;
    if (of_host.name() == "threads that compute") {
      resources.push_back(TimeOf("threads that push", of_host.seconds()));
    } else if (of_host.name() == "link of a host") {
      // Hosts sum losses and counts, and gradients if no devices sum them.
      const double gradients = sum.host_away / (network() * gpu::assumed::kNetworkShare);
      const double of_hosts = SecondsOfTime(sums_.resources, of_host.name());
      resources.push_back(TimeOf(of_host.name(), of_hosts + gradients));
    } else if (of_host.name() == "cores of a host") {
      resources.push_back(TimeOf(of_host.name(), SecondsOfTime(sums_.resources, of_host.name())));
    } else {
      resources.push_back(of_host);
    }
  }
  const double of_hosts = SecondsOfTime(sums_.parts, "all-reduce");
  if (of_hosts > 0) resources.push_back(TimeOf("sums of workers", of_hosts));
  std::stable_sort(resources.begin(), resources.end(),
                   [](const PlanTime& a, const PlanTime& b) { return a.seconds() > b.seconds(); });
  return resources;
}

GpuStepTime GpuStepModel::Predict() const {
  const double rows = std::min(gpu_.row_bytes, bus_.up);
  const double pack = PackSeconds(rows);
  const double up = gpu::BusSeconds(rows, 1, gpu_.gpu);
  // While the kernels run, the next step's keys are packed.
  const double device = std::max(kernels_, PackSeconds(bus_.up - rows));
  const double down = gpu::BusSeconds(bus_.down, bus_.copies_down, gpu_.gpu);
  const double compute = pack + up + device + down;
  const double push = SecondsOfTime(host_.parts, "push");
  const double sum = SumOfGradients() + SecondsOfTime(sums_.parts, "all-reduce");
  const double cycle = compute + push + sum + update_;
  const double hidden = sum + update_ + work_.pull_ahead * cycle;
  const double pull = std::max(0.0, SecondsOfTime(host_.parts, "pull") - hidden);
  const double read =
      std::max(0.0, SecondsOfTime(host_.resources, "reader threads") - cycle - pull);
  GpuStepTime time;
  time.resources = Resources();
  const PlanTime& busiest = time.resources.front();
  const double in_turn = cycle + pull + read;
  time.seconds = std::max(in_turn, busiest.seconds());
  time.parts = {TimeOf("read", read),
                TimeOf("pull", pull),
                TimeOf("compute", compute),
                TimeOf("push", push),
                TimeOf("all-reduce", sum),
                TimeOf("optimizer", update_),
                TimeOf("waiting for what is shared", time.seconds - in_turn)};
  time.compute = {TimeOf("packing rows", pack), TimeOf("rows to the GPU", up),
                  TimeOf("kernels and products", device), TimeOf("results to the host", down)};
  time.bottleneck = pull > busiest.seconds() ? "the way to the servers and back" : busiest.name();
  return time;
}

}  // namespace

GpuStepTime PredictGpuStep(const StepWork& work, const GpuWork& gpu, const PlanRates& rates) {
  return GpuStepModel(work, gpu, rates).Predict();
}

}  // namespace chorus::launch
