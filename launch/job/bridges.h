#pragma once
// Open MPI connects ranks by all of their interfaces. It takes hosts whose bridges of containers
// have the same address (docker0: 172.17.0.1 everywhere) for neighbours on that network: jobs of
// several hosts then hang in their first message. Thread safety: before MPI is initialised, one
// thread.

#include <string>
#include <vector>

#include "common/host_address.h"
#include "launch/job/launcher.h"

namespace chorus::launch {

// The interfaces that MPI must avoid, "lo,docker0": loopback, and bridges of a host that has
// another way out; "" if there are no such bridges, or if the user has chosen interfaces
// (variables).
std::string InterfacesToAvoid(const std::vector<HostAddress>& own, const Variables& variables);

// The interfaces that Open MPI avoids, by AvoidBridges or by the user's choice.
std::string AvoidedInterfaces(const Variables& variables);

// Sets Open MPI's btl_tcp_if_exclude to InterfacesToAvoid, in the environment of this process.
void AvoidBridges(const std::vector<HostAddress>& own);

}  // namespace chorus::launch
