#pragma once
// A transport that sends some requests twice, as a channel does when its connection has broken
// before the reply came. Thread safety: that of transport.h, on threads of the simulation.

#include <memory>

#include "common/transport.h"
#include "tests/simulation/world.h"

namespace chorus::simulation {

std::unique_ptr<Transport> NewDoublingTransport(std::unique_ptr<Transport> inner, World* world,
                                                double probability);

}  // namespace chorus::simulation
