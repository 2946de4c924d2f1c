#pragma once
// Open MPI connects ranks by every interface of theirs, and takes hosts whose bridges of containers
// have the same address (docker0: 172.17.0.1 everywhere) for neighbours there: jobs of several
// hosts then hang in their first message. Thread safety: before MPI is initialised, one thread.

#include <string>
#include <vector>

#include "common/host_address.h"
#include "launch/job/launcher.h"

namespace chorus::launch {

// The interfaces that MPI is to be kept from, "lo,docker0": loopback, and bridges of a host that
// has another way out; "" if there are no such bridges, or the user has chosen (variables)
// interfaces.
std::string InterfacesToAvoid(const std::vector<HostAddress>& own, const Variables& variables);

// What Open MPI is kept from, by AvoidBridges or by the user.
std::string AvoidedInterfaces(const Variables& variables);

// Sets Open MPI's btl_tcp_if_exclude to them, in the environment of this process.
void AvoidBridges(const std::vector<HostAddress>& own);

}  // namespace chorus::launch
