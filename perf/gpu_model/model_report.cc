#include "perf/gpu_model/model_report.h"

#include <cstdio>
#include <string>

#include "launch/gpu/device_time.h"

namespace chorus::perf {

using namespace gpu;
namespace {

double Mega(uint64_t bytes) { return static_cast<double>(bytes) * 1e-6; }

void PrintPhase(const char* name, const Cost& cost, double seconds) {
  std::printf(
      "  %-14s %8llu %8llu %6llu %6llu %6llu %10.3f %10.3f %10.3f %10.3f %8.3f\n", name,
      static_cast<unsigned long long>(cost.launches),
      static_cast<unsigned long long>(cost.products), static_cast<unsigned long long>(cost.graphs),
      static_cast<unsigned long long>(cost.nodes), static_cast<unsigned long long>(cost.copies),
      Mega(cost.bytes_to_device), Mega(cost.bytes_to_host), Mega(cost.memory_bytes),
      static_cast<double>(cost.flops) * 1e-9, seconds * 1e3);
}

double Rate(const StepWork& work, uint32_t gpus, double seconds) {
  return static_cast<double>(work.exposures * gpus) / seconds;
}

}  // namespace

void PrintStep(const JobModel& model) {
  const StepShape& shape = model.shape;
  const ServerTraffic& traffic = model.work.traffic;
  const auto number = [](uint64_t n) { return static_cast<unsigned long long>(n); };
  std::printf("a worker's step: %llu exposures, %llu contexts, %llu keys, %llu unique\n",
              number(shape.exposures), number(shape.contexts), number(shape.keys),
              number(shape.unique_keys));
  std::printf("%.0f %% of these are in the step before, %.0f %% in the %zu before (%llu keys)\n",
              100 * shape.of_last_step, 100 * shape.of_last_steps, model.data.steps.size() - 1,
              number(shape.keys_of_last_steps));
  std::printf("rows: %.3f MB pulled, %.3f MB of gradients pushed; %llu dense parameters\n",
              4 * Mega(traffic.floats_pulled), 4 * Mega(traffic.floats_pushed),
              static_cast<unsigned long long>(model.work.parameters));
}

void PrintPhases(const JobModel& model, const Gpu& gpu) {
  std::printf("  %-14s %8s %8s %6s %6s %6s %10s %10s %10s %10s %8s\n", "phase", "launches",
              "products", "graphs", "nodes", "copies", "MB up", "MB down", "MB memory", "GFLOP",
              "ms");
  double seconds[kPhases] = {}, all = 0;
  for (const CallCost& call : model.work.device) {
    const double own = SecondsOf(call.cost, gpu, model.config.compute().precision());
    seconds[static_cast<int>(call.phase)] += own;
    all += own;
  }
  for (int p = 0; p < kPhases; ++p) {
    const auto phase = static_cast<Phase>(p);
    PrintPhase(NameOf(phase), TotalOf(model.work.device, phase), seconds[p]);
  }
  PrintPhase("all", TotalOf(model.work.device), all);
  std::printf("servers: %.3f MB to them, %.3f MB from them\n", Mega(model.work.traffic.bytes_sent),
              Mega(model.work.traffic.bytes_received));
}

void PrintClusterHeader() {
  std::printf("  %-8s %4s %3s | %7s %7s %7s %7s %7s %7s %7s %7s %7s %7s %7s %7s | %9s %9s  %s\n",
              "gpu", "gpus", "srv", "read", "pack", "up", "device", "down", "sum", "client", "w.io",
              "w.net", "s.net", "s.io", "s.cpu", "in turn", "overlap", "bound");
}

void PrintCluster(const JobModel& model, const Cluster& cluster) {
  const Prediction prediction = Predict(model.work, cluster);
  std::printf("  %-8s %4u %3u |", cluster.gpu->name.c_str(), cluster.gpus, cluster.servers);
  for (const Resource& resource : prediction.resources) {
    std::printf(" %7.3f", resource.seconds * 1e3);
  }
  std::printf(" | %8.0fk %8.0fk  %s\n", Rate(model.work, cluster.gpus, prediction.in_turn) * 1e-3,
              Rate(model.work, cluster.gpus, prediction.overlapped) * 1e-3, prediction.bound);
}

void PrintWhatIfs(const JobModel& model, const Cluster& cluster) {
  const double cached = model.shape.of_last_steps;
  const struct {
    const char* name;
    WhatIf what_if;
  } variants[] = {{"as it is", {}},
                  {"rows in 16 bits", {true, 0}},
                  {"rows of those steps cached", {false, cached}},
                  {"both", {true, cached}}};
  constexpr size_t kShown[] = {2, 4, 7, 8, 9, 10, 11};  // resources
  std::printf("  %-28s %8s %8s %8s %8s %8s %8s %8s %9s  %s\n", "design", "up", "down", "w.io",
              "w.net", "s.net", "s.io", "s.cpu", "overlap", "bound; without read, pack and client");
  for (const auto& variant : variants) {
    StepWork device_side = model.work;
    device_side.read_seconds = device_side.pack_seconds = device_side.client_seconds = 0;
    const Prediction p = Predict(device_side, cluster, variant.what_if);
    std::printf("  %-28s", variant.name);
    for (const size_t shown : kShown) std::printf(" %8.3f", p.resources[shown].seconds * 1e3);
    std::printf(" %8.0fk  %s\n", Rate(model.work, cluster.gpus, p.overlapped) * 1e-3, p.bound);
  }
}

}  // namespace chorus::perf
