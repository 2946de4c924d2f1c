#pragma once
// A network of simulated hosts, one per rank: io_loop.h's loops and sockets on the simulated clock.
// Connections carry bytes in order, each at its own pace; they break, hosts end, and partitions
// hold up what crosses them, as it happens to TCP.
// Thread safety: threads of the simulation, of which one runs at a time.

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/io_loop.h"
#include "tests/simulation/world.h"

namespace chorus::simulation {

class SimulatedLoop;
struct ConnectionEnd;

class Network {
 public:
  // at_event: called with every message, before it leaves; may end or stall the rank.
  Network(World* world, std::function<void()> at_event)
      : world_(*world), at_event_(std::move(at_event)) {}

  // The weather of the run that begins. Earlier runs' ranks are dead, or outlive their job.
  void Begin(const Weather* weather) { weather_ = weather; }

  // A loop of the calling thread's rank, for TransportOptions::new_loop.
  std::shared_ptr<IoLoop> NewLoop();
  static std::string HostOf(uint32_t rank) { return StrCat("host", rank); }

  // When a message between two ranks that is sent now arrives.
  Nanos ArrivalOf(uint32_t from, uint32_t to);
  // Two ranks do not reach each other until then.
  void Part(uint32_t a, uint32_t b, Nanos until);
  // Ends the connections of a rank that is dead. silent: its host is gone, so that the other ends
  // do not hear of it.
  void Drop(uint32_t rank, bool silent);

 private:
  friend class SimulatedLoop;
  friend class SimulatedSocket;
  friend class SimulatedAcceptor;
  struct Parting {
    uint32_t a, b;
    Nanos from, until;
  };
  struct Port {
    uint32_t rank;
    std::weak_ptr<SimulatedLoop> loop;
    std::function<void(Result<std::unique_ptr<Socket>>)> accept;  // empty: nobody waits
    std::vector<std::shared_ptr<ConnectionEnd>> waiting;          // for an accept
  };

  Nanos Latency();
  Nanos HealedAt(uint32_t a, uint32_t b, Nanos at) const;
  std::shared_ptr<void> Connect(const std::shared_ptr<SimulatedLoop>& loop,
                                const std::string& endpoint,
                                std::function<void(Result<std::unique_ptr<Socket>>)> done);
  void Arrive(const std::string& endpoint, std::shared_ptr<ConnectionEnd> server_end);
  // Sends bytes from one end to the other, or breaks the connection.
  void Send(ConnectionEnd* from, std::string bytes);
  void Break(ConnectionEnd* end, Nanos at, const std::string& why);

  World& world_;
  const std::function<void()> at_event_;
  const Weather* weather_ = nullptr;
  std::vector<Parting> partings_;
  std::map<std::string, std::shared_ptr<Port>> ports_;  // by endpoint
  std::vector<std::weak_ptr<ConnectionEnd>> ends_;
  uint16_t next_port_ = 40000;
};

}  // namespace chorus::simulation
