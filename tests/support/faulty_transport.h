#pragma once
// A transport whose channels lose, repeat and delay, as a network with reconnecting peers does:
// what is lost is sent again after a while, so that every call still ends with a reply, and servers
// see duplicates. Thread safety: that of transport.h; the plan's counts may be read at any time.

#include <atomic>
#include <cstdint>
#include <memory>

#include "common/transport.h"

namespace chorus::testing {

struct FaultCounts {
  std::atomic<uint64_t> requests{0}, duplicated{0}, lost_requests{0}, lost_replies{0}, delayed{0};
};

// What befalls request n is a function of (seed, n), n counting the requests of all channels.
struct FaultPlan {
  uint64_t seed = 1;
  double duplicate = 0;     // probabilities, each on its own
  double lose_request = 0;  // sent again after delay_seconds
  double lose_reply = 0;    // the server has answered: sent again after delay_seconds
  double delay = 0;         // a request reaches the server late, so that others overtake it
  double delay_seconds = 0.005;
  std::shared_ptr<FaultCounts> counts = std::make_shared<FaultCounts>();
};

std::unique_ptr<Transport> NewFaultyTransport(std::unique_ptr<Transport> inner,
                                              const FaultPlan& plan);

}  // namespace chorus::testing
