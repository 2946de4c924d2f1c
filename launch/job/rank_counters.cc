#include "launch/job/rank_counters.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>

#include "common/json.h"
#include "common/node_name.h"
#include "common/strings.h"

namespace chorus::launch {
namespace {

constexpr size_t kMostSteps = 10000;  // that are listed one by one
constexpr char kPrefix[] = "rank-", kSuffix[] = ".json";

// "VmRSS" or "VmHWM", in bytes; 0 where the system does not say.
uint64_t MemoryOfProcess(const std::string& name) {
  std::ifstream status("/proc/self/status");
  std::string line;
  while (std::getline(status, line)) {
    unsigned long long kilobytes = 0;
    if (line.starts_with(name + ":") &&
        std::sscanf(line.c_str() + name.size() + 1, "%llu", &kilobytes) == 1) {
      return kilobytes << 10;
    }
  }
  return 0;
}

}  // namespace

void RankCounter::OnStep() {
  const auto now = std::chrono::steady_clock::now();
  if (last_.has_value() && step_seconds_.size() < kMostSteps) {
    step_seconds_.push_back(std::chrono::duration<double>(now - *last_).count());
  }
  last_ = now;
}

void RankCounter::OnResult(uint32_t worker, const worker::TrainResult& result) {
  WorkerCounters& counters = worker_.emplace();
  counters.set_worker(worker);
  counters.set_steps(result.trained_steps);
  counters.set_exposures(result.exposures);
  counters.set_seconds(result.seconds);
  counters.set_read(result.times.read);
  counters.set_pull(result.times.pull);
  counters.set_compute(result.times.compute);
  counters.set_push(result.times.combine);
  counters.set_all_reduce(result.times.all_reduce);
  counters.set_optimizer(result.times.optimizer);
  counters.set_other(result.times.other);
  counters.set_frames_sent(result.frames_sent);
  counters.set_bytes_sent(result.bytes_sent);
  counters.set_frames_received(result.frames_received);
  counters.set_bytes_received(result.bytes_received);
  counters.set_sum_messages_sent(result.sums_sent.messages);
  counters.set_sum_bytes_sent(result.sums_sent.bytes);
  for (const double seconds : step_seconds_) counters.add_step_seconds(seconds);
}

Status RankCounter::Write(FileSystem& files, const std::string& directory,
                          const RankEnd& end) const {
  RankCounters rank;
  rank.set_rank(end.rank);
  rank.set_node(NodeName());
  if (worker_.has_value()) *rank.mutable_worker() = *worker_;
  if (end.server >= 0) {
    ServerCounters& server = *rank.mutable_server();
    server.set_server(static_cast<uint32_t>(end.server));
    server.set_requests(end.use.requests);
    server.set_received_bytes(end.use.received_bytes);
    server.set_memory_bytes(end.use.memory_bytes);
  }
  rank.set_resident_bytes(MemoryOfProcess("VmRSS"));
  rank.set_peak_resident_bytes(MemoryOfProcess("VmHWM"));
  ASSIGN_OR_RETURN(const std::string json, ToJson(rank, {.zeros = true, .indented = true}));
  RETURN_IF_ERROR(files.CreateDirectories(directory));
  return ReplaceFile(files, JoinPath(directory, StrCat(kPrefix, end.rank, kSuffix)), json + "\n");
}

Result<std::vector<RankCounters>> ReadCounters(FileSystem& files, const std::string& directory) {
  ASSIGN_OR_RETURN(const std::vector<std::string> names, files.List(directory));
  std::vector<RankCounters> ranks;
  for (const std::string& name : names) {
    if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix)) continue;
    const std::string path = JoinPath(directory, name);
    ASSIGN_OR_RETURN(const std::string text, ReadWholeFile(files, path));
    if (const Status status = FromJson(text, &ranks.emplace_back()); !status.ok()) {
      return status.Annotate(path);
    }
  }
  if (ranks.empty()) return NotFound(StrCat(directory, ": no rank has written its counters"));
  std::sort(ranks.begin(), ranks.end(),
            [](const RankCounters& a, const RankCounters& b) { return a.rank() < b.rank(); });
  return ranks;
}

}  // namespace chorus::launch
