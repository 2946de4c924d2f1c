#include "launch/job/shared_memory.h"

#include <sys/statvfs.h>

#include "common/log.h"
#include "common/strings.h"
#include "launch/job/launcher.h"

namespace chorus::launch {
namespace {

constexpr char kSharedMemory[] = "/dev/shm";
// btl_vader_segment_size of Open MPI 4.
constexpr uint64_t kBytesOfRank = uint64_t{4} << 20;

}  // namespace

std::optional<uint64_t> FreeSharedMemory() {
  struct statvfs space = {};
  if (statvfs(kSharedMemory, &space) != 0) return std::nullopt;
  return uint64_t{space.f_bavail} * space.f_frsize;
}

std::string SharedMemoryDoubt(uint64_t free_bytes, uint32_t ranks) {
  const uint64_t need = ranks * kBytesOfRank;
  if (ranks < 2 || free_bytes >= need) return "";
  return StrCat("shared memory: ", kSharedMemory, " has ", free_bytes >> 20, " MiB free, and the ",
                ranks, " ranks of this machine may need ", need >> 20,
                ": one that finds none dies with SIGBUS; make it larger (docker run "
                "--shm-size=1g, mount -o remount,size=1g ",
                kSharedMemory, "), or go without it (mpirun --mca btl ^vader)");
}

void WarnOfSharedMemory() {
  const Variables variables = Environment();
  const std::optional<uint64_t> free_bytes = FreeSharedMemory();
  if (variables("OMPI_COMM_WORLD_LOCAL_RANK") != "0" || !free_bytes.has_value()) return;
  const uint64_t ranks = ParseUint64(variables("OMPI_COMM_WORLD_LOCAL_SIZE")).value_or(1);
  const std::string doubt = SharedMemoryDoubt(*free_bytes, static_cast<uint32_t>(ranks));
  if (!doubt.empty()) LogWarning(doubt);
}

}  // namespace chorus::launch
