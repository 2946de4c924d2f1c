#pragma once
// What a simulated cluster shares: its clock and threads, what befalls it, and the trace of what
// happened. Thread safety: threads of the simulation, of which one runs at a time.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/strings.h"
#include "tests/simulation/scheduler.h"

namespace chorus::simulation {

// All that can befall a cluster; NameOf has their names.
enum class Fault : uint32_t {
  kCut,              // a connection breaks in the middle of what is written to it
  kDuplicate,        // a request is sent twice
  kFlipOnWire,       // a bit of what is written to a connection is flipped
  kPartition,        // two ranks do not reach each other for a while, shorter than the deadline
  kLongPartition,    // longer than the deadline
  kStall,            // a rank stands still for a while, shorter than the deadline
  kLongStall,        // longer than the deadline
  kStop,             // a rank is asked to stop: the job saves what it has, and ends well
  kProcessDeath,     // a rank ends; its connections close; its files keep what was written
  kHostDeath,        // a rank's host goes without a word; what it has not synced is lost
  kPowerLoss,        // all of the cluster, the disks' memory included
  kRankOutlives,     // the launcher loses a rank, which goes on when the next job has begun
  kJobOutlives,      // the same for all ranks of a job
  kDiskFull,         // a write ends in the middle, and there is no more room for a while
  kWriteError,       // of the disk
  kSyncError,        // of the disk, which drops what was not synced
  kRenameError,      // of the disk
  kReadError,        // of the disk
  kUnsyncedLost,     // bytes that were written and not synced are not there after a death
  kUnsyncedGarbage,  // or they are zeros
  kNameLost,         // a file whose directory was not synced is not there after a death
  kNameBack,         // or a removed file is there again
  kFlipAtRest,       // a bit of a file is flipped when the job starts again
  kNumber
};
constexpr size_t kFaults = static_cast<size_t>(Fault::kNumber);
std::string_view NameOf(Fault fault);

using FaultCounts = std::array<uint32_t, kFaults>;

// What befalls one run of a job. Events are what ranks do with the network and with files, counted
// over all ranks; kNoEvent: never.
constexpr uint64_t kNoEvent = UINT64_MAX;
struct Weather {
  double latency_low = 20e-6;  // of a message, in seconds
  double latency_high = 200e-6;
  double slow_message = 0;  // probability that a message takes up to a hundred times as long
  double cut = 0;           // probabilities, each of a write to a connection
  double flip_on_wire = 0;
  double duplicate = 0;  // probability, of a request
  double disk_low = 0;   // seconds that a write, a sync or a rename takes
  double disk_high = 0;
  bool rendezvous = false;  // collective messages leave the sender only when they are fetched

  struct Partition {
    uint32_t a, b;  // ranks
    uint64_t at_event;
    double seconds;
    Fault fault;
  };
  std::vector<Partition> partitions;
  struct Strike {
    // kStall, kLongStall, kStop, kProcessDeath, kHostDeath, kPowerLoss, kRankOutlives, kJobOutlives
    Fault fault;
    uint32_t rank;  // the rank that is meant; kNoRank: the one of the event; any for a power loss
    uint64_t at_event;
    bool of_files;   // the event is counted among those of files
    double seconds;  // of a stall
  };
  std::vector<Strike> strikes;
  struct DiskFault {
    Fault fault;
    uint64_t at_call;  // the n-th of its kind: append, sync, rename or read
  };
  std::vector<DiskFault> disk;

  // When ranks that outlived the run before this one go on.
  uint64_t thaw_at_event = kNoEvent;
};

struct Event {
  Nanos at;
  uint32_t rank;
  std::string text;
};

class World {
 public:
  World(uint64_t seed, Scheduler* scheduler) : draws_(seed), scheduler_(*scheduler) {}

  Scheduler& scheduler() { return scheduler_; }
  Draws& draws() { return draws_; }
  Nanos now() const { return scheduler_.now(); }

  void set_live(bool live) { live_ = live; }  // whether the trace is printed as it comes
  template <typename... Parts>
  void Trace(const Parts&... parts) {
    AddToTrace(scheduler_.rank(), StrCat(parts...));
  }
  template <typename... Parts>
  void TraceOf(uint32_t rank, const Parts&... parts) {
    AddToTrace(rank, StrCat(parts...));
  }
  const std::vector<Event>& trace() const { return trace_; }

  // To be called when a fault happened.
  void Count(Fault fault) { ++counts_[static_cast<size_t>(fault)]; }
  const FaultCounts& counts() const { return counts_; }

  struct EventNumber {
    uint64_t of_all = 0;
    uint64_t of_files = 0;  // among those of files
  };
  const EventNumber& events() const { return events_; }
  void CountEvent(bool of_files) {
    ++events_.of_all;
    if (of_files) ++events_.of_files;
  }

 private:
  void AddToTrace(uint32_t rank, std::string text);

  Draws draws_;
  Scheduler& scheduler_;
  bool live_ = false;
  EventNumber events_;
  FaultCounts counts_{};
  std::vector<Event> trace_;
};

// "[   0.001234] rank 3: text"
std::string TextOf(const Event& event);

}  // namespace chorus::simulation
