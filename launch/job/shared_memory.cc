#include "launch/job/shared_memory.h"

#include <sys/statvfs.h>

#include <cstdlib>

#include "common/log.h"
#include "common/strings.h"

namespace chorus::launch {
namespace {

constexpr char kSharedMemory[] = "/dev/shm";
// btl_vader_segment_size of Open MPI 4.
constexpr uint64_t kBytesOfRank = uint64_t{4} << 20;

}  // namespace

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
  const char* const rank = std::getenv("OMPI_COMM_WORLD_LOCAL_RANK");
  const char* const ranks = std::getenv("OMPI_COMM_WORLD_LOCAL_SIZE");
  if (rank == nullptr || ranks == nullptr || std::string_view(rank) != "0") return;
  struct statvfs space = {};
  if (statvfs(kSharedMemory, &space) != 0) return;
  const std::string doubt =
      SharedMemoryDoubt(uint64_t{space.f_bavail} * space.f_frsize,
                        static_cast<uint32_t>(ParseUint64(ranks).value_or(1)));
  if (!doubt.empty()) LogWarning(doubt);
}

}  // namespace chorus::launch
