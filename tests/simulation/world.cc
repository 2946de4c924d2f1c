#include "tests/simulation/world.h"

#include <cstdio>
#include <utility>

namespace chorus::simulation {

std::string_view NameOf(Fault fault) {
  constexpr std::array<std::string_view, kFaults> kNames = {"connection cut",
                                                            "request doubled",
                                                            "bit flipped on the wire",
                                                            "partition",
                                                            "long partition",
                                                            "stall",
                                                            "long stall",
                                                            "asked to stop",
                                                            "process death",
                                                            "host death",
                                                            "power loss",
                                                            "rank outlives its job",
                                                            "job outlives its end",
                                                            "disk full",
                                                            "write error",
                                                            "sync error",
                                                            "rename error",
                                                            "read error",
                                                            "unsynced bytes lost",
                                                            "unsynced bytes zero",
                                                            "unsynced name lost",
                                                            "removed name back",
                                                            "bit flipped at rest"};
  return kNames[static_cast<size_t>(fault)];
}

std::string TextOf(const Event& event) {
  char head[64];
  const double seconds = static_cast<double>(event.at - 1000 * kSecond) * 1e-9;
  if (event.rank == kNoRank) {
    std::snprintf(head, sizeof(head), "[%12.6f] job:     ", seconds);
  } else {
    std::snprintf(head, sizeof(head), "[%12.6f] rank %2u: ", seconds, event.rank);
  }
  return head + event.text;
}

void World::AddToTrace(uint32_t rank, std::string text) {
  trace_.push_back({now(), rank, std::move(text)});
  if (live_) std::printf("%s\n", TextOf(trace_.back()).c_str());
}

}  // namespace chorus::simulation
