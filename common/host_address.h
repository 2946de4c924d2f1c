#pragma once
// The address at which other machines reach this one.
// Thread safety: a pure function of the network interfaces.

#include <string>

namespace chorus {

// The IPv4 address of the first interface that is up and not loopback, in the system's order;
// "127.0.0.1" if there is none. A machine with several networks names the right one by
// `listen_address`.
std::string OutwardAddress();

}  // namespace chorus
