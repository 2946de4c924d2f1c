#pragma once
// A worker's step on a GPU whose speeds are round numbers. Thread safety: pure functions.

#include "launch/plan/gpu_work.h"
#include "launch/plan/plan_rates.h"
#include "launch/plan/step_time.h"

namespace chorus::launch {

// Hosts that do everything in next to no time.
inline PlanRates FastHosts() {
  PlanRates rates = AssumedRates();
  rates.set_cores(1);
  rates.set_read_exposures(1e12);
  rates.set_combine_bytes(1e15);
  rates.set_frame_bytes(1e15);
  rates.set_encrypted_bytes(1e15);
  rates.set_server_rows(1e15);
  rates.set_frame_seconds(1e-12);
  rates.set_sum_bytes(1e15);
  rates.set_message_seconds(1e-12);
  return rates;
}

// `workers` workers of one thread, each on a host of its own, with one more host for the server.
inline StepWork HostsOfGpus(uint32_t workers) {
  StepWork work;
  work.layout.set_hosts(workers + 1);
  work.layout.set_servers(1);
  work.layout.set_workers(workers);
  work.layout.set_threads(1);
  work.layout.set_server_threads(1);
  work.layout.set_cores(1);
  work.layout.set_link_gbit(8e-3);  // 1e6 bytes a second
  work.layout.set_latency_us(0);
  for (uint32_t w = 0; w < workers; ++w) {
    WorkerWork worker;
    worker.host = w + 1;
    worker.grains = 1;
    work.workers.push_back(worker);
  }
  work.servers.emplace_back();
  return work;
}

// Kernels of 1 ms: three for the step and one for the update; 800,000 bytes to the device, half of
// them rows, take 1 ms of its bus, and 400,000 come back.
inline GpuWork RoundGpuWork() {
  GpuWork work;
  work.gpu.name = "round";
  work.gpu.memory_gb = 1;
  work.gpu.fp32_tflops = work.gpu.memory_gb_s = work.gpu.bus_gb_s = work.gpu.link_gb_s = 1;
  work.gpu.processors = 1;
  work.gpu.start_us = 1000;
  gpu::Cost up, kernels, down, update;
  up.copies = down.copies = update.launches = 1;
  up.bytes_to_device = 800'000;
  down.bytes_to_host = 400'000;
  kernels.launches = 3;
  work.device = {{"Upload", gpu::Phase::kUpload, up},
                 {"Fill", gpu::Phase::kForward, kernels},
                 {"Download", gpu::Phase::kReturn, down},
                 {"Update", gpu::Phase::kUpdate, update}};
  work.row_bytes = 400'000;
  work.memory.parts = {{"activations", 1000}};
  work.memory.counted = 1000;
  return work;
}

}  // namespace chorus::launch
