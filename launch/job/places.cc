#include "launch/job/places.h"

#include <algorithm>

#include "common/strings.h"

namespace chorus::launch {
namespace {

// An announcement's lines: service, port, whether all addresses are bound, then an address each.
constexpr size_t kFirstAddressLine = 3;

std::string LineOf(const HostAddress& address) {
  return StrCat(address.text, " ", address.prefix, " ", address.doubtful ? 1 : 0);
}

}  // namespace

bool SameHost(const Place& a, const Place& b) { return a.node == b.node && a.network == b.network; }

bool OneNetwork(const std::vector<Place>& places) {
  return std::all_of(places.begin(), places.end(),
                     [&](const Place& place) { return place.network == places.front().network; });
}

uint32_t EarlierOnHost(const std::vector<Place>& places, uint32_t first, uint32_t rank) {
  return static_cast<uint32_t>(
      std::count_if(places.begin() + first, places.begin() + rank,
                    [&](const Place& place) { return SameHost(place, places[rank]); }));
}

Result<std::vector<Place>> GatherPlaces(Communicator& all, const Place& own) {
  ASSIGN_OR_RETURN(const std::vector<std::string> texts,
                   all.AllGather(StrCat(own.network, " ", own.node)));
  std::vector<Place> places;
  for (const std::string& text : texts) {
    const size_t blank = text.find(' ');
    if (blank == std::string::npos) return Internal("a rank's place did not arrive");
    places.push_back({text.substr(blank + 1), text.substr(0, blank)});
  }
  return places;
}

Result<std::vector<Place>> MeetRanks(MpiWorld* world) {
  ASSIGN_OR_RETURN(std::vector<Place> places,
                   GatherPlaces(world->all(), {world->node(), NetworkIdentity()}));
  std::vector<std::string> nodes;
  for (const Place& place : places) nodes.push_back(place.node);
  world->NameNodes(nodes);
  return places;
}

Result<ListenPlan> PlanListening(const std::string& setting, bool alone, const std::string& node,
                                 const std::vector<HostAddress>& own) {
  Result<std::vector<HostAddress>> chosen = ChooseAddresses(setting, own);
  if (!chosen.ok()) return chosen.status().Annotate(StrCat("cluster.listen_address on ", node));
  if (!setting.empty()) {
    // Loopback is the last choice: if it is first, there is nothing else.
    if (!alone && chosen->front().loopback) {
      return FailedPrecondition(StrCat("cluster.listen_address on ", node, ": \"", setting,
                                       "\" is loopback (", chosen->front().text,
                                       "), which the job's other hosts do not reach; name a "
                                       "network that all share, or \"\" for all addresses"));
    }
    return ListenPlan{chosen->front().text, {chosen->front()}};
  }
  const auto loopback = std::find_if(own.begin(), own.end(),
                                     [](const HostAddress& address) { return address.loopback; });
  if (alone && loopback != own.end()) return ListenPlan{loopback->text, {*loopback}};
  if (chosen->empty() && !alone) {
    return FailedPrecondition(StrCat("cluster.listen_address on ", node,
                                     ": no address here is one that another host could reach (",
                                     AddressList(own),
                                     "); give it a network that the job's hosts share, or name one "
                                     "of these"));
  }
  return ListenPlan{"", std::move(*chosen)};
}

std::string Announcement(const ListenPlan& plan, const std::string& service,
                         const std::string& endpoint) {
  std::vector<std::string> lines = {service, endpoint.substr(endpoint.rfind(':') + 1),
                                    plan.bind.empty() ? "all" : "one"};
  for (const HostAddress& address : plan.announced) lines.push_back(LineOf(address));
  return Join(lines, "\n");
}

Result<std::string> RouteTo(const std::string& announcement, bool near,
                            const std::vector<HostAddress>& own) {
  const std::vector<std::string> lines = Split(announcement, '\n');
  const Status wrong = Internal("a server's addresses did not arrive");
  if (lines.size() < kFirstAddressLine) return wrong;
  const std::optional<uint64_t> port = ParseUint64(lines[1]);
  if (!port.has_value() || *port > UINT16_MAX) return wrong;
  std::vector<HostAddress> addresses;
  for (size_t i = kFirstAddressLine; i < lines.size(); ++i) {
    const std::vector<std::string> fields = Split(lines[i], ' ');
    if (fields.size() != 3) return wrong;
    addresses.push_back({.interface = "",
                         .text = fields[0],
                         .prefix = static_cast<uint32_t>(ParseUint64(fields[1]).value_or(0)),
                         .doubtful = fields[2] == "1"});
  }
  if (!near) addresses = ByLikelihood(addresses, own);
  if (near && lines[2] == "all") {
    std::vector<HostAddress> loopback;
    std::copy_if(own.begin(), own.end(), std::back_inserter(loopback),
                 [](const HostAddress& address) { return address.loopback; });
    addresses.insert(addresses.begin(), loopback.begin(), loopback.end());
  }
  std::vector<std::string> endpoints;
  for (const HostAddress& address : addresses) {
    endpoints.push_back(EndpointText(address.text, static_cast<uint16_t>(*port)));
  }
  if (endpoints.empty()) return wrong;
  return StrCat(lines[0], "@", Join(endpoints, ","));
}

}  // namespace chorus::launch
