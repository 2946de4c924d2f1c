#include "launch/job/clock_offsets.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <string>
#include <utility>

#include "common/trace.h"

namespace chorus::launch {
namespace {

// The first ones are slow: ranks come to them at different times.
constexpr uint32_t kClockRounds = 24;

std::string BytesOf(const ClockRounds& rounds) {
  std::string bytes(2 * kClockRounds * sizeof(int64_t), '\0');
  std::memcpy(bytes.data(), rounds.told_ns.data(), bytes.size() / 2);
  std::memcpy(bytes.data() + bytes.size() / 2, rounds.heard_ns.data(), bytes.size() / 2);
  return bytes;
}

Result<ClockRounds> RoundsOf(const std::string& bytes) {
  ClockRounds rounds{std::vector<int64_t>(kClockRounds), std::vector<int64_t>(kClockRounds)};
  if (bytes.size() != 2 * kClockRounds * sizeof(int64_t)) {
    return Internal("a rank's times did not arrive");
  }
  std::memcpy(rounds.told_ns.data(), bytes.data(), bytes.size() / 2);
  std::memcpy(rounds.heard_ns.data(), bytes.data() + bytes.size() / 2, bytes.size() / 2);
  return rounds;
}

}  // namespace

// With d the difference sought: rank 0 told at a, and this rank had heard at b on its clock, so
// a + d <= b; this rank told at c, and rank 0 had heard at e, so c - d <= e.
std::vector<ClockOffset> OffsetsOf(const std::vector<ClockRounds>& rounds) {
  std::vector<ClockOffset> offsets(rounds.size());
  const ClockRounds& first = rounds[0];
  for (size_t rank = 1; rank < rounds.size(); ++rank) {
    int64_t least = std::numeric_limits<int64_t>::min();
    int64_t most = std::numeric_limits<int64_t>::max();
    for (size_t i = 0; i < first.told_ns.size(); ++i) {
      least = std::max(least, rounds[rank].told_ns[i] - first.heard_ns[i]);
      most = std::min(most, rounds[rank].heard_ns[i] - first.told_ns[i]);
    }
    offsets[rank].ns = least + (most - least) / 2;
    offsets[rank].error_ns = (most - least) / 2;
  }
  return offsets;
}

Result<std::vector<ClockOffset>> MeasureClocks(Communicator& all,
                                               const std::vector<Place>& places) {
  ClockRounds own;
  for (uint32_t round = 0; round < kClockRounds; ++round) {
    own.told_ns.push_back(TraceClockNs());
    RETURN_IF_ERROR(all.Barrier());
    own.heard_ns.push_back(TraceClockNs());
  }
  ASSIGN_OR_RETURN(const std::vector<std::string> texts, all.AllGather(BytesOf(own)));
  std::vector<ClockRounds> rounds;
  for (const std::string& text : texts) {
    ASSIGN_OR_RETURN(ClockRounds of_rank, RoundsOf(text));
    rounds.push_back(std::move(of_rank));
  }
  std::vector<ClockOffset> offsets = OffsetsOf(rounds);
  for (size_t rank = 1; rank < offsets.size(); ++rank) {
    // Even processes of one machine may have different clocks (time namespaces).
    const bool may_share = std::abs(offsets[rank].ns) <= offsets[rank].error_ns;
    if (may_share && SameHost(places[rank], places[0])) offsets[rank] = {};
  }
  return offsets;
}

}  // namespace chorus::launch
