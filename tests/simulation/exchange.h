#pragma once
// Collective messages over the simulated network. As MPI's do, they arrive in order, whatever
// happens in between, and only a deadline notices a rank that has ended.
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
