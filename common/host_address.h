#pragma once
// The addresses of this machine, which of them a setting means, and in which order another
// machine's are to be tried. A machine has several networks, and no other machine is on some of
// them (bridges of containers, which have the same address everywhere). It cannot know by itself
// which of its addresses others reach, so it tells them all, and whoever connects tries them.
// Thread safety: any thread.

#include <cstdint>
#include <string>
#include <vector>

#include "common/status.h"

namespace chorus {

struct HostAddress {
  std::string interface;  // "eth0"
  std::string text;       // "10.0.0.7", "fd00::7"
  uint32_t prefix = 0;    // bits that the addresses of its network share
  bool loopback = false;
  bool link_local = false;  // means nothing without an interface
  // A bridge without a cable, or no carrier: likely a network of this machine's own.
  bool doubtful = false;

  bool is_v6() const { return text.find(':') != std::string::npos; }
  bool operator==(const HostAddress&) const = default;
};

// The addresses of the interfaces that are up, in the system's order.
std::vector<HostAddress> OwnAddresses();

// The address at which others likely reach this machine: the first that is neither loopback nor
// link-local, doubtful ones last, IPv4 before IPv6; "127.0.0.1" if there is none.
std::string OutwardAddress();

// The addresses of `own` that a setting means: an address ("10.0.0.7"), a subnet ("10.0.0.0/16",
// "fd00::/64"), an interface ("eth1") or a host name; at least one, in the order in which other
// machines likely reach them (loopback last, before it link-local and doubtful ones, IPv4 before
// IPv6). "" means all that other machines may reach, in the same order; there may be none. Error:
// kInvalidArgument, whose message lists the addresses that there are.
Result<std::vector<HostAddress>> ChooseAddresses(const std::string& setting,
                                                 const std::vector<HostAddress>& own);

// "eth0 10.0.0.7/24, lo 127.0.0.1/8", "none"; for messages.
std::string AddressList(const std::vector<HostAddress>& addresses);

// Whether both are addresses of one network.
bool SameNetwork(const HostAddress& a, const HostAddress& b);

// Another machine's addresses in the order in which this one, which has `own`, tries them: first
// those in networks that both are in, then the others, doubtful ones last. Addresses that are also
// our own are left out, unless none is left: they lead back to us.
std::vector<HostAddress> ByLikelihood(const std::vector<HostAddress>& theirs,
                                      const std::vector<HostAddress>& own);

// "10.0.0.7:41230", "[fd00::7]:41230"
std::string EndpointText(const std::string& address, uint16_t port);

// A text that is the same for two processes which reach each other by the loopback device:
// "BOOT-NAMESPACE-NAME", without blanks. It differs between hosts even if they have the same name,
// and between containers with networks of their own.
std::string NetworkIdentity();

}  // namespace chorus
