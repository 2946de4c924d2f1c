#pragma once
// The best speeds of GPUs and the machines around them, as their makers publish them, and the shares of these that a
// step is assumed to get. None of them has been measured for this table. Thread safety: constants and values.

#include <cstdint>
#include <span>
#include <string>

namespace chorus::gpu {

struct Gpu {
  std::string name;
  double memory_gb = 0;     // of the device, in 1e9 bytes
  double fp32_tflops = 0;   // vector units
  double tf32_tflops = 0;   // tensor cores, without sparsity; 0: it has none for this type
  double bf16_tflops = 0;   // likewise
  double memory_gb_s = 0;   // peak of the device's memory
  double bus_gb_s = 0;      // of its PCIe slot, each way
  double link_gb_s = 0;     // to the other GPUs of the host, each way; up to bus_gb_s: over the bus
  double host_gbit_s = 0;   // network of a usual host of them, each way
  uint32_t processors = 0;  // multiprocessors
  uint32_t of_host = 8;     // GPUs of a usual host
  double start_us = 4;      // to start a kernel, product or graph behind the one before
  // Whether the CUDA library is built for it: from Ampere on (worker/cuda/CMakeLists.txt).
  bool runs = true;
  std::string source;
};
std::span<const Gpu> Gpus();
const Gpu* FindGpu(const std::string& name);  // capital letters are small ones; null: unknown

// Shares of the peaks: long copies and large products reach about these. A short kernel costs Gpu::start_us, the time
// that a host thread takes to start one kernel after the other.
namespace assumed {
constexpr double kProductShare = 0.75;
constexpr double kMemoryShare = 0.75;
constexpr double kBusShare = 0.8;
constexpr double kLinkShare = 0.7;
constexpr double kNetworkShare = 0.8;
// The least time of a kernel inside a graph: about 0.5 us from one kernel to the next (A. Gray,
// "Getting Started with CUDA Graphs", NVIDIA developer blog, 2019: kernels of 2.9 us come every 3.4
// us), and the time that even a kernel without work takes.
constexpr double kNodeSeconds = 2e-6;
constexpr double kCopySeconds = 10e-6;  // of a copy, besides its bytes
// The time of one pass of a thread's loop: memory answers after some 0.5 us, and the compiler
// issues the loads of about four passes at once.
constexpr double kPassSeconds = 0.12e-6;
constexpr double kWaitSeconds = 15e-6;  // of a wait for the device
constexpr double kSumSeconds = 40e-6;   // of a bucket of a sum over workers, besides its bytes
// Gigabytes of a step that one thread packs per second: 9 to 16 were seen (perf/README.md, "What bounds published
// shapes"). A worker packs with at most eight threads (worker/engine/device/device_engine.cc).
constexpr double kPackGbS = 12;
constexpr uint32_t kMostPackingThreads = 8;
// Device memory that a process has before it asks for any: CUDA's context, kernels and the matrix library, and NCCL's
// buffers where several devices sum.
constexpr double kContextBytes = 700e6;
constexpr double kNcclBytes = 400e6;

// The speeds of a server. A look-up or an update costs some cache misses and the row's bytes
// (table_perf). Bytes of frames are read for checksums and copied by the kernel; each connection is
// served by one network thread, and a process has one such thread for every four of its cores
// (transport_perf).
constexpr double kRowSeconds = 45e-9;
constexpr double kRowGbS = 10;
constexpr double kFrameGbS = 4;
constexpr double kNetworkThreads = 4;  // with 16 cores per GPU, and of a server
constexpr uint32_t kServerCores = 16;
constexpr double kServerGbitS = 100;
constexpr uint32_t kReaderThreads = 8;  // if compute.reader_threads is 0, with 16 cores per GPU
constexpr double kRoundTripSeconds = 100e-6;
}  // namespace assumed

}  // namespace chorus::gpu
