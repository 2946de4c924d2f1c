#include "perf/gpu_model/prediction.h"

#include <algorithm>

#include "launch/gpu/device_time.h"
#include "launch/gpu/gradient_sum.h"

namespace chorus::perf {
namespace {

constexpr double kGiga = 1e9;

double Of(uint64_t n) { return static_cast<double>(n); }

double GbitToBytes(double gbit_s) { return gbit_s / 8 * kGiga; }

// The bytes of rows that cross bus and network with a WhatIf, as a share of those without.
double TravellingShare(const WhatIf& what_if) {
  return (1 - what_if.cached_share) * (what_if.half_rows ? 0.5 : 1.0);
}

// Copies one way; `rows` floats of them are embedding rows.
double RowBusSeconds(const gpu::StepCost& calls, bool to_device, uint64_t rows, const gpu::Gpu& gpu,
                     const WhatIf& what_if) {
  double copies = 0, bytes = 0;
  for (const gpu::CallCost& call : calls) {
    const uint64_t own = to_device ? call.cost.bytes_to_device : call.cost.bytes_to_host;
    if (own == 0) continue;
    ++copies;
    bytes += Of(own);
  }
  bytes -= 4 * Of(rows) * (1 - TravellingShare(what_if));
  return gpu::BusSeconds(bytes, copies, gpu);
}

// The seconds of the gradients' sum over workers, cached rows included.
double GradientSumSeconds(const StepWork& work, const Cluster& cluster, const WhatIf& what_if) {
  const gpu::Gpu& gpu = *cluster.gpu;
  const auto cached = static_cast<uint64_t>(what_if.cached_share * Of(work.unique_floats));
  const double link = gpu.link_gb_s * kGiga, network = GbitToBytes(gpu.host_gbit_s);
  const double dense = gpu::SumSeconds(
      {work.parameters, work.nodes, cluster.gpus, gpu.of_host, cluster.canonical_sum}, link,
      network);
  if (cached == 0) return dense;
  // They are in the same sums, whose starts are paid once.
  return dense + gpu::SumSeconds({cached, 1, cluster.gpus, gpu.of_host, false}, link, network) -
         (cluster.gpus > 1 ? gpu::assumed::kSumSeconds : 0);
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

// Network threads of a process with this number of connections, each of which has one of them.
double FrameSeconds(double bytes, double connections) {
  return bytes /
         (gpu::assumed::kFrameGbS * kGiga * std::min(connections, gpu::assumed::kNetworkThreads));
}

// Cores of all servers: look-ups and additions for every worker, one update per row.
double ServerCpuSeconds(const StepWork& work, const Cluster& cluster, const WhatIf& what_if) {
  const double left = 1 - what_if.cached_share, workers = cluster.gpus;
  const double rows = left * (workers * Of(work.traffic.rows_pulled + work.traffic.rows_pushed) +
                              Of(work.unique_rows));
  const double floats =
      left * (workers * Of(work.traffic.floats_pulled + work.traffic.floats_pushed) +
              3 * Of(work.unique_floats));  // weights and state are read and written
  const double seconds =
      rows * gpu::assumed::kRowSeconds + 4 * floats / (gpu::assumed::kRowGbS * kGiga);
  return seconds / (gpu::assumed::kServerCores * cluster.servers);
}

}  // namespace

Prediction Predict(const StepWork& work, const Cluster& cluster, const WhatIf& what_if) {
  const gpu::Gpu& gpu = *cluster.gpu;
  const WireBytes wire = BytesOnWire(work.traffic, what_if);
  const double workers_of_host = std::min(cluster.gpus, cluster.gpu->of_host);
  const double host_speed = GbitToBytes(gpu.host_gbit_s) * gpu::assumed::kNetworkShare;
  const double server_speed = GbitToBytes(gpu::assumed::kServerGbitS) * gpu::assumed::kNetworkShare;
  const double busier_way = std::max(wire.sent, wire.received);
  const double both_ways = wire.sent + wire.received;
  Prediction out;
  out.resources = {
      {"read", work.read_seconds},
      {"pack", work.pack_seconds},
      {"bus to device", RowBusSeconds(work.device, true, work.traffic.floats_pulled, gpu, what_if)},
      {"device", gpu::KernelSeconds(work.device, gpu, cluster.precision)},
      {"bus to host", RowBusSeconds(work.device, false, work.traffic.floats_pushed, gpu, what_if)},
      {"gradient sum", GradientSumSeconds(work, cluster, what_if)},
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
  out.in_turn = std::max(out.in_turn + gpu::assumed::kRoundTripSeconds, work.read_seconds);
  return out;
}

}  // namespace chorus::perf
