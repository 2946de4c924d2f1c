#include "perf/gpu_model/prediction.h"

#include <algorithm>

namespace chorus::perf {
namespace {

constexpr double kGiga = 1e9;

double Of(uint64_t n) { return static_cast<double>(n); }

double GbitToBytes(double gbit_s) { return gbit_s / 8 * kGiga; }

// The rows that cross bus and network, as a share of what they are today.
double TravellingShare(const WhatIf& what_if) {
  return (1 - what_if.cached_share) * (what_if.half_rows ? 0.5 : 1.0);
}

// Kernels and products of a step.
double DeviceSeconds(const StepCost& calls, const Gpu& gpu, ComputeConfig::Precision precision) {
  double seconds = 0;
  for (const CallCost& call : calls) {
    if (call.cost.bus_bytes() == 0) seconds += SecondsOf(call.cost, gpu, precision);
  }
  return seconds;
}

// Copies one way; `rows` floats of them are embedding rows.
double BusSeconds(const StepCost& calls, bool to_device, uint64_t rows, const Gpu& gpu,
                  const WhatIf& what_if) {
  double seconds = 0, bytes = 0;
  for (const CallCost& call : calls) {
    const uint64_t own = to_device ? call.cost.bytes_to_device : call.cost.bytes_to_host;
    if (own == 0) continue;
    seconds += assumed::kCopySeconds;
    bytes += Of(own);
  }
  bytes -= 4 * Of(rows) * (1 - TravellingShare(what_if));
  return seconds + bytes / (gpu.bus_gb_s * kGiga * assumed::kBusShare);
}

// The gradients' sum over workers, cached rows included.
double SumSeconds(const StepWork& work, const Cluster& cluster, const WhatIf& what_if) {
  if (cluster.gpus == 1) return 0;
  const Gpu& gpu = *cluster.gpu;
  const auto cached = static_cast<uint64_t>(what_if.cached_share * Of(work.unique_floats));
  const double bytes =
      Of(cluster.canonical_sum ? CanonicalSumBytes(work.parameters, work.nodes, cluster.gpus)
                               : RingSumBytes(work.parameters, cluster.gpus)) +
      Of(RingSumBytes(cached, cluster.gpus));
  double speed = gpu.link_gb_s * kGiga * assumed::kLinkShare;
  if (cluster.gpus > assumed::kGpusOfHost) {
    // A ring leaves a host once; in the canonical sum all GPUs of a host send to other hosts.
    const double flows = cluster.canonical_sum ? assumed::kGpusOfHost : 1;
    speed = std::min(speed, GbitToBytes(gpu.host_gbit_s) * assumed::kNetworkShare / flows);
  }
  return assumed::kSumSeconds + bytes / speed;
}

struct WireBytes {
  double sent = 0;      // by one worker
  double received = 0;  // likewise
};

WireBytes BytesOnWire(const ServerTraffic& traffic, const WhatIf& what_if) {
  const double travelling = TravellingShare(what_if);
  const double keys = 8 * Of(traffic.rows_pulled) * what_if.cached_share;
  return {Of(traffic.bytes_sent) - 4 * Of(traffic.floats_pushed) * (1 - travelling) - keys,
          Of(traffic.bytes_received) - 4 * Of(traffic.floats_pulled) * (1 - travelling)};
}

// Network threads of a process with so many connections, each of which has one of them.
double FrameSeconds(double bytes, double connections) {
  return bytes / (assumed::kFrameGbS * kGiga * std::min(connections, assumed::kNetworkThreads));
}

// Cores of all servers: look-ups and additions for every worker, one update a row.
double ServerCpuSeconds(const StepWork& work, const Cluster& cluster, const WhatIf& what_if) {
  const double left = 1 - what_if.cached_share, workers = cluster.gpus;
  const double rows = left * (workers * Of(work.traffic.rows_pulled + work.traffic.rows_pushed) +
                              Of(work.unique_rows));
  const double floats =
      left * (workers * Of(work.traffic.floats_pulled + work.traffic.floats_pushed) +
              3 * Of(work.unique_floats));  // weights and state are read and written
  const double seconds = rows * assumed::kRowSeconds + 4 * floats / (assumed::kRowGbS * kGiga);
  return seconds / (assumed::kServerCores * cluster.servers);
}

}  // namespace

double ProductPeakOf(const Gpu& gpu, ComputeConfig::Precision precision) {
  double tflops = gpu.fp32_tflops;
  if (precision == ComputeConfig::TF32) tflops = std::max(tflops, gpu.tf32_tflops);
  if (precision == ComputeConfig::BF16) tflops = std::max(tflops, gpu.bf16_tflops);
  return tflops * 1e12;
}

double SecondsOf(const Cost& cost, const Gpu& gpu, ComputeConfig::Precision precision) {
  if (cost.bus_bytes() > 0) {
    return Of(cost.copies) * assumed::kCopySeconds +
           Of(cost.bus_bytes()) / (gpu.bus_gb_s * kGiga * assumed::kBusShare);
  }
  const double starts = Of(cost.launches + cost.products + cost.fills + cost.copies + cost.graphs) *
                            assumed::kStartSeconds +
                        Of(cost.nodes) * assumed::kNodeSeconds;
  const double memory = Of(cost.memory_bytes) / (gpu.memory_gb_s * kGiga * assumed::kMemoryShare);
  double products = 0;
  if (cost.flops > 0) {
    const double busy = std::min(1.0, Of(cost.pieces) / gpu.processors);
    products = Of(cost.flops) / (ProductPeakOf(gpu, precision) * assumed::kProductShare * busy);
  }
  const double loops = Of(cost.passes) * assumed::kPassSeconds;
  return std::max({starts, memory, products, loops}) + Of(cost.waits) * assumed::kWaitSeconds;
}

Prediction Predict(const StepWork& work, const Cluster& cluster, const WhatIf& what_if) {
  const Gpu& gpu = *cluster.gpu;
  const WireBytes wire = BytesOnWire(work.traffic, what_if);
  const double workers_of_host = std::min(cluster.gpus, assumed::kGpusOfHost);
  const double host_speed = GbitToBytes(gpu.host_gbit_s) * assumed::kNetworkShare;
  const double server_speed = GbitToBytes(assumed::kServerGbitS) * assumed::kNetworkShare;
  const double busier_way = std::max(wire.sent, wire.received);
  const double both_ways = wire.sent + wire.received;
  Prediction out;
  out.resources = {
      {"read", work.read_seconds},
      {"pack", work.pack_seconds},
      {"bus to device", BusSeconds(work.device, true, work.traffic.floats_pulled, gpu, what_if)},
      {"device", DeviceSeconds(work.device, gpu, cluster.precision)},
      {"bus to host", BusSeconds(work.device, false, work.traffic.floats_pushed, gpu, what_if)},
      {"gradient sum", SumSeconds(work, cluster, what_if)},
      {"client", work.client_seconds},
      {"worker network threads", FrameSeconds(both_ways, cluster.servers)},
      {"worker network", busier_way * workers_of_host / host_speed},
      {"server network", busier_way * cluster.gpus / cluster.servers / server_speed},
      {"server network threads",
       FrameSeconds(both_ways * cluster.gpus / cluster.servers, cluster.gpus)},
      {"server cpu", ServerCpuSeconds(work, cluster, what_if)},
  };
  for (const Resource& resource : out.resources) {
    if (resource.name != out.resources[0].name) out.in_turn += resource.seconds;
    if (resource.seconds <= out.overlapped) continue;
    out.overlapped = resource.seconds;
    out.bound = resource.name;
  }
  out.in_turn = std::max(out.in_turn + assumed::kRoundTripSeconds, work.read_seconds);
  return out;
}

}  // namespace chorus::perf
