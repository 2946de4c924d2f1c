#include "common/host_address.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <tuple>

#include "common/node_name.h"
#include "common/strings.h"

namespace chorus {
namespace {

// The bytes of an address or a network: 4 or 16.
struct Bits {
  std::array<unsigned char, 16> bytes{};
  uint32_t size = 0;
};

std::optional<Bits> ParseAddress(const std::string& text) {
  Bits bits;
  if (::inet_pton(AF_INET, text.c_str(), bits.bytes.data()) == 1) {
    bits.size = 4;
  } else if (::inet_pton(AF_INET6, text.c_str(), bits.bytes.data()) == 1) {
    bits.size = 16;
  } else {
    return std::nullopt;
  }
  return bits;
}

bool SharePrefix(const Bits& a, const Bits& b, uint32_t prefix) {
  if (a.size != b.size) return false;
  const uint32_t whole = prefix / 8, rest = prefix % 8;
  if (std::memcmp(a.bytes.data(), b.bytes.data(), whole) != 0) return false;
  const int shift = 8 - static_cast<int>(rest);
  return rest == 0 || (a.bytes[whole] >> shift) == (b.bytes[whole] >> shift);
}

uint32_t PrefixOf(const sockaddr* mask) {
  if (mask == nullptr) return 0;
  uint32_t ones = 0;
  const auto count = [&](const void* bytes, size_t size) {
    for (size_t i = 0; i < size; ++i) {
      ones += static_cast<uint32_t>(std::popcount(static_cast<const unsigned char*>(bytes)[i]));
    }
  };
  if (mask->sa_family == AF_INET6) {
    count(&reinterpret_cast<const sockaddr_in6*>(mask)->sin6_addr, 16);
  } else {
    count(&reinterpret_cast<const sockaddr_in*>(mask)->sin_addr, 4);
  }
  return ones;
}

// The names in a folder of the system's.
std::vector<std::string> NamesIn(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    names.push_back(entry->path().filename());
  }
  return names;
}

// Whether this is a bridge without a cable: no port of it is a device or is built on one (a bond, a VLAN).
bool IsBridgeOfOwn(const std::string& interface) {
  const std::string folder = StrCat("/sys/class/net/", interface);
  if (!std::filesystem::exists(StrCat(folder, "/bridge"))) return false;
  for (const std::string& port : NamesIn(StrCat(folder, "/brif"))) {
    for (const std::string& name : NamesIn(StrCat("/sys/class/net/", port))) {
      if (name == "device" || name.rfind("lower_", 0) == 0) return false;
    }
  }
  return true;
}

// Nothing for an entry that is no IP address.
std::optional<HostAddress> AddressOf(const ifaddrs& entry) {
  if (entry.ifa_addr == nullptr || (entry.ifa_flags & IFF_UP) == 0) return std::nullopt;
  HostAddress address;
  char text[INET6_ADDRSTRLEN] = {};
  if (entry.ifa_addr->sa_family == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(entry.ifa_addr);
    ::inet_ntop(AF_INET, &v4->sin_addr, text, sizeof(text));
    address.link_local = (ntohl(v4->sin_addr.s_addr) >> 16) == 0xa9fe;
  } else if (entry.ifa_addr->sa_family == AF_INET6) {
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(entry.ifa_addr);
    ::inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof(text));
    address.link_local = IN6_IS_ADDR_LINKLOCAL(&v6->sin6_addr);
  } else {
    return std::nullopt;
  }
  address.interface = entry.ifa_name;
  address.text = text;
  address.prefix = PrefixOf(entry.ifa_netmask);
  address.loopback = (entry.ifa_flags & IFF_LOOPBACK) != 0;
  address.doubtful = (entry.ifa_flags & IFF_RUNNING) == 0 || IsBridgeOfOwn(entry.ifa_name);
  return address;
}

Status NothingMeant(const std::string& setting, const std::vector<HostAddress>& own) {
  return InvalidArgument(StrCat("\"", setting, "\" is no address, subnet or interface here; there ",
                                own.size() == 1 ? "is " : "are ", AddressList(own)));
}

// The network of "10.0.0.0/16"; nothing if it is none.
std::optional<std::pair<Bits, uint32_t>> ParseSubnet(const std::string& text) {
  const size_t slash = text.find('/');
  if (slash == std::string::npos) return std::nullopt;
  const std::optional<Bits> bits = ParseAddress(text.substr(0, slash));
  const std::optional<uint64_t> prefix = ParseUint64(text.substr(slash + 1));
  if (!bits.has_value() || !prefix.has_value() || *prefix > 8 * bits->size) return std::nullopt;
  return std::pair(*bits, static_cast<uint32_t>(*prefix));
}

// The addresses that the resolver has for a host name.
std::vector<Bits> Resolve(const std::string& name) {
  std::vector<Bits> resolved;
  addrinfo* found = nullptr;
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  if (::getaddrinfo(name.c_str(), nullptr, &hints, &found) != 0) return resolved;
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, ::freeaddrinfo);
  for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
    Bits bits;
    if (entry->ai_family == AF_INET) {
      bits.size = 4;
      std::memcpy(bits.bytes.data(),
                  &reinterpret_cast<const sockaddr_in*>(entry->ai_addr)->sin_addr, 4);
    } else if (entry->ai_family == AF_INET6) {
      bits.size = 16;
      std::memcpy(bits.bytes.data(),
                  &reinterpret_cast<const sockaddr_in6*>(entry->ai_addr)->sin6_addr, 16);
    }
    if (bits.size > 0) resolved.push_back(bits);
  }
  return resolved;
}

// The smaller this is, the likelier other machines reach this machine there.
std::tuple<bool, bool, bool, bool> Rank(const HostAddress& address) {
  return {address.loopback, address.link_local, address.doubtful, address.is_v6()};
}

void SortByRank(std::vector<HostAddress>* addresses) {
  std::stable_sort(addresses->begin(), addresses->end(),
                   [](const auto& a, const auto& b) { return Rank(a) < Rank(b); });
}

std::vector<HostAddress> Reachable(const std::vector<HostAddress>& own) {
  std::vector<HostAddress> chosen;
  for (const HostAddress& address : own) {
    if (!address.loopback && !address.link_local) chosen.push_back(address);
  }
  SortByRank(&chosen);
  return chosen;
}

}  // namespace

std::vector<HostAddress> OwnAddresses() {
  std::vector<HostAddress> own;
  ifaddrs* found = nullptr;
  if (::getifaddrs(&found) != 0) return own;
  const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> owner(found, ::freeifaddrs);
  for (const ifaddrs* entry = found; entry != nullptr; entry = entry->ifa_next) {
    if (const std::optional<HostAddress> address = AddressOf(*entry)) own.push_back(*address);
  }
  return own;
}

std::string OutwardAddress() {
  const std::vector<HostAddress> reachable = Reachable(OwnAddresses());
  return reachable.empty() ? "127.0.0.1" : reachable.front().text;
}

Result<std::vector<HostAddress>> ChooseAddresses(const std::string& setting,
                                                 const std::vector<HostAddress>& own) {
  if (setting.empty()) return Reachable(own);
  // Networks that are meant: a subnet, or whole addresses.
  std::vector<std::pair<Bits, uint32_t>> meant;
  const bool is_interface = std::any_of(own.begin(), own.end(), [&](const HostAddress& address) {
    return address.interface == setting;
  });
  if (const std::optional<Bits> exact = ParseAddress(setting)) {
    meant.emplace_back(*exact, 8 * exact->size);
  } else if (const auto subnet = ParseSubnet(setting)) {
    meant.push_back(*subnet);
  } else if (!is_interface && setting.find('/') == std::string::npos) {
    for (const Bits& bits : Resolve(setting)) meant.emplace_back(bits, 8 * bits.size);
  }
  std::vector<HostAddress> chosen;
  for (const HostAddress& address : own) {
    const std::optional<Bits> bits = ParseAddress(address.text);
    const bool in_network = std::any_of(meant.begin(), meant.end(), [&](const auto& network) {
      return bits.has_value() && SharePrefix(network.first, *bits, network.second);
    });
    if (in_network || (address.interface == setting && !address.link_local)) {
      chosen.push_back(address);
    }
  }
  if (chosen.empty()) return NothingMeant(setting, own);
  // A wide subnet may hold docker's bridge, too, and an interface several addresses.
  SortByRank(&chosen);
  return chosen;
}

std::string AddressList(const std::vector<HostAddress>& addresses) {
  std::vector<std::string> texts;
  for (const HostAddress& address : addresses) {
    texts.push_back(StrCat(address.interface, " ", address.text, "/", address.prefix));
  }
  return texts.empty() ? "none" : Join(texts, ", ");
}

bool SameNetwork(const HostAddress& a, const HostAddress& b) {
  const std::optional<Bits> x = ParseAddress(a.text), y = ParseAddress(b.text);
  if (!x.has_value() || !y.has_value() || a.prefix != b.prefix || a.prefix > 8 * x->size)
    return false;
  return SharePrefix(*x, *y, a.prefix);
}

std::vector<HostAddress> ByLikelihood(const std::vector<HostAddress>& theirs,
                                      const std::vector<HostAddress>& own) {
  const auto is_own = [&](const HostAddress& address) {
    return std::any_of(own.begin(), own.end(),
                       [&](const HostAddress& mine) { return mine.text == address.text; });
  };
  const auto distance = [&](const HostAddress& address) {
    const bool near = std::any_of(own.begin(), own.end(), [&](const HostAddress& mine) {
      return !mine.doubtful && !mine.loopback && SameNetwork(mine, address);
    });
    return (address.doubtful ? 2 : 0) + (near ? 0 : 1);
  };
  std::vector<HostAddress> ordered;
  std::copy_if(theirs.begin(), theirs.end(), std::back_inserter(ordered),
               [&](const HostAddress& address) { return !is_own(address); });
  if (ordered.empty()) ordered = theirs;
  std::stable_sort(ordered.begin(), ordered.end(),
                   [&](const auto& a, const auto& b) { return distance(a) < distance(b); });
  return ordered;
}

std::string EndpointText(const std::string& address, uint16_t port) {
  const bool is_v6 = address.find(':') != std::string::npos;
  return StrCat(is_v6 ? "[" : "", address, is_v6 ? "]:" : ":", port);
}

std::string NetworkIdentity() {
  std::string boot;
  std::ifstream("/proc/sys/kernel/random/boot_id") >> boot;
  struct stat network = {};
  if (::stat("/proc/self/ns/net", &network) != 0) network = {};
  // The name tells hosts apart even if the system shows neither of these, or if machines are copies
  // of a running one.
  std::string identity = StrCat(boot, "-", network.st_ino, "-", NodeName());
  std::replace(identity.begin(), identity.end(), ' ', '_');
  return identity;
}

}  // namespace chorus
