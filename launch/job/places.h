#pragma once
// Where the ranks of a job are, and at which addresses its servers are reached. Every rank tells
// all others its machine, its network and, if it serves, each of its addresses; a client tries them
// in the order of common/host_address.h, and the handshake proves who answers.
// Thread safety: pure functions, but for the system's addresses and the communicator's rules.

#include <cstdint>
#include <string>
#include <vector>

#include "common/host_address.h"
#include "common/status.h"
#include "launch/job/mpi_world.h"

namespace chorus::launch {

struct Place {
  std::string node;     // the name of the machine
  std::string network;  // NetworkIdentity(): ranks that share it reach each other by loopback
};

// Hosts of a cluster may have equal names ("localhost"), and containers of a machine their own
// networks: only what has both in common is one host.
bool SameHost(const Place& a, const Place& b);
// Whether all are in one network namespace.
bool OneNetwork(const std::vector<Place>& places);
// How many of the ranks from `first` on, and before `rank`, are on the host of `rank`.
uint32_t EarlierOnHost(const std::vector<Place>& places, uint32_t first, uint32_t rank);

// The places of all ranks, in order. Every rank of `all` calls it.
Result<std::vector<Place>> GatherPlaces(Communicator& all, const Place& own);
// The same for all ranks of `world`, whose errors name nodes from then on.
Result<std::vector<Place>> MeetRanks(MpiWorld* world);

// Where a server binds, and the addresses that it tells others.
struct ListenPlan {
  std::string bind;  // an address; "" = all
  std::vector<HostAddress> announced;
};
// For ranks that serve. setting: cluster.listen_address. alone: all ranks are in one network
// namespace, so that nobody else needs to reach the server: unless `setting` says otherwise, it
// listens on loopback. Errors, which name field and host: kInvalidArgument when the setting means
// nothing here; kFailedPrecondition when other hosts would not reach it.
Result<ListenPlan> PlanListening(const std::string& setting, bool alone, const std::string& node,
                                 const std::vector<HostAddress>& own);

// The text by which a server tells others how to reach it. endpoint: its listener's; only the port
// counts.
std::string Announcement(const ListenPlan& plan, const std::string& service,
                         const std::string& endpoint);

// The endpoint for Transport::Connect to reach the server of this announcement. near: the server is
// in the caller's network namespace. own: the caller's addresses. Error: kInternal when the text is
// no announcement.
Result<std::string> RouteTo(const std::string& announcement, bool near,
                            const std::vector<HostAddress>& own);

}  // namespace chorus::launch
