#pragma once
// Collective messages over the simulated network: as MPI's, they arrive in order, whatever is in
// between, and a rank that has ended is noticed by nobody but the deadline.
// Thread safety: as exchange.h, threads of the simulation.

#include <functional>
#include <memory>
#include <vector>

#include "tests/simulation/network.h"
#include "worker/collective/exchange.h"

namespace chorus::simulation {

// ranks: of the workers, in order; element i is worker i's. at_event: as files.h.
std::vector<std::unique_ptr<worker::Exchange>> NewSimulatedExchanges(
    World* world, Network* network, std::function<void()> at_event, bool rendezvous,
    const std::vector<uint32_t>& ranks);

}  // namespace chorus::simulation
