#pragma once
// A GPU that is described in a file, or named by the table of hardware.h. A file has a line for each field, "#" begins
// a remark:
//   memory            80G       # bytes of the device; K, M, G, T and P are powers of 1000; 1M or more
//   memory_bandwidth  3350G     # bytes per second
//   fp32_flops        67T       # per second, of vector units; tf32_flops, bf16_flops: of tensor cores (0 = none)
//   bus_bandwidth     64G       # bytes per second of its PCIe slot, each way
//   link_bandwidth    450G      # to the other GPUs of the host, each way (default: bus_bandwidth)
//   multiprocessors   132
//   gpus_of_host      8         # default 8
//   launch_us         4         # to start one kernel behind another (default 4)
//   name              my-gpu    # default: the file's
// A byte order mark at its beginning is passed over. Thread safety: functions of their arguments.

#include <string>
#include <string_view>

#include "common/file.h"
#include "common/status.h"
#include "launch/gpu/hardware.h"

namespace chorus::gpu {

// name: the file's, for messages, and for the GPU where the text has no name. Error: kInvalidArgument, which names the
// line, the field and what is expected.
Result<Gpu> ParseGpu(std::string_view text, const std::string& name);

// word: a name of the table, or the path of a file: a word with a "/", or that of a file that exists. A name of the
// table is never taken for a file: write "./h100" for a file of that name. Errors: kInvalidArgument, with the nearest
// name, when there is no such name; that of the file.
Result<Gpu> GpuOf(const std::string& word, FileSystem& files);

// "80G" is 80e9. Error: kInvalidArgument, which says what is expected.
Result<double> QuantityOf(std::string_view text);

}  // namespace chorus::gpu
