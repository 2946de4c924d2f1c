#include "launch/doctor/pairs.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <future>
#include <map>
#include <memory>
#include <set>

#include "common/strings.h"

namespace chorus::launch {
namespace {

using Clock = std::chrono::steady_clock;

constexpr uint32_t kPings = 40;
constexpr size_t kLargeBytes = size_t{1} << 20;
constexpr size_t kMostLarge = 256;
constexpr uint64_t kFrameLimit = uint64_t{64} << 20;
// The seconds until a host counts as unreachable: enough for the transport to try each of its
// addresses, and some for a busy host; less than the ranks wait for each other.
constexpr double kAddressSeconds = 4, kBusySeconds = 4, kMostReachSeconds = 20;
constexpr double kCallSeconds = 8;  // of a request over a connection
// An announcement that begins like this has the reason why there is none.
constexpr char kTrouble = '!';

double SecondsSince(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

Frame Request(size_t bytes) {
  Frame frame;
  frame.type = FrameType::kControl;
  ByteArray array = ByteArray::Allocate(bytes);
  if (bytes > 0) std::memset(array.data(), 1, bytes);
  frame.arrays.push_back(std::move(array));
  return frame;
}

// In MB/s: as many large requests at once as fit into `seconds` at the speed of a first one.
Result<double> Bandwidth(Channel& channel, double seconds) {
  const auto first = Clock::now();
  RETURN_IF_ERROR(channel.Call(Request(kLargeBytes), kCallSeconds).status());
  const double one = std::max(1e-6, SecondsSince(first));
  const size_t count = std::clamp<size_t>(static_cast<size_t>(seconds / one), 1, kMostLarge);
  const Frame request = Request(kLargeBytes);
  std::vector<std::promise<Status>> answers(count);
  const auto begin = Clock::now();
  for (std::promise<Status>& answer : answers) {
    channel.CallAsync(request, kCallSeconds + 10 * seconds, [&answer](const Result<Frame>& reply) {
      answer.set_value(reply.ok() ? Status::Ok() : reply.status());
    });
  }
  Status status;
  for (std::promise<Status>& answer : answers) {
    const Status one_status = answer.get_future().get();
    if (status.ok()) status = one_status;
  }
  RETURN_IF_ERROR(status);
  return static_cast<double>(count * kLargeBytes) / 1e6 / SecondsSince(begin);
}

Status MeasurePair(Channel& channel, double seconds, PairSpeed* pair) {
  std::vector<double> times;
  const auto begin = Clock::now();
  for (uint32_t ping = 0; ping < kPings && (ping == 0 || SecondsSince(begin) < seconds / 2);
       ++ping) {
    const auto sent = Clock::now();
    RETURN_IF_ERROR(channel.Call(Request(0), kCallSeconds).status());
    times.push_back(SecondsSince(sent));
  }
  std::nth_element(times.begin(), times.begin() + static_cast<long>(times.size() / 2), times.end());
  pair->latency_us = times[times.size() / 2] * 1e6;
  ASSIGN_OR_RETURN(pair->mb_per_second, Bandwidth(channel, seconds / 2));
  return Status::Ok();
}

std::string TextOf(const PairSpeed& pair) {
  std::string error = pair.error;
  std::replace(error.begin(), error.end(), '\n', ' ');
  return StrCat(pair.from, " ", pair.to, " ", static_cast<uint64_t>(pair.latency_us * 1000), " ",
                static_cast<uint64_t>(pair.mb_per_second * 1000), " ", error);
}

PairSpeed PairOf(const std::string& text) {
  const std::vector<std::string> fields = Split(text, ' ');
  const auto number = [&](size_t i) {
    return i < fields.size() ? ParseUint64(fields[i]).value_or(0) : 0;
  };
  PairSpeed pair{static_cast<uint32_t>(number(0)), static_cast<uint32_t>(number(1)),
                 static_cast<double>(number(2)) / 1000, static_cast<double>(number(3)) / 1000, ""};
  if (fields.size() > 4) pair.error = Join({fields.begin() + 4, fields.end()}, " ");
  return pair;
}

// One rank per host; with one host, two.
std::vector<uint32_t> Speakers(const std::vector<Place>& places) {
  std::set<std::string> networks;
  std::vector<uint32_t> speakers;
  for (uint32_t rank = 0; rank < places.size(); ++rank) {
    if (networks.insert(places[rank].network).second) speakers.push_back(rank);
  }
  if (speakers.size() == 1 && places.size() > 1) speakers.push_back(1);
  return speakers;
}

std::string ServiceOfRank(uint32_t rank) { return StrCat("doctor ", rank); }

double ReachSeconds(const std::string& route) {
  const auto addresses = 1 + std::count(route.begin(), route.end(), ',');
  return std::min(kMostReachSeconds,
                  kBusySeconds + kAddressSeconds * static_cast<double>(addresses));
}

// One rank's part of the measurement.
class Measurement {
 public:
  Measurement(MpiWorld* world, const std::vector<Place>& places)
      : all_(world->all()), node_(world->node()), places_(places), speakers_(Speakers(places)) {}

  // Listens, and tells the others where.
  Status Announce(const PairTerms& terms) {
    TransportOptions options;
    options.token = terms.token;
    options.protection = terms.protection;
    options.service = ServiceOfRank(all_.rank());
    options.max_part_bytes = kLargeBytes;
    options.max_frame_bytes = kFrameLimit;
    options.handshake_seconds = kAddressSeconds;
    options.local_name = StrCat("rank ", all_.rank());
    std::string announcement;
    const auto plan = PlanListening(terms.listen_address, OneNetwork(places_), node_, own_);
    if (plan.ok()) options.listen_address = plan->bind;
    transport_ = NewTcpTransport(options);
    if (plan.ok()) {
      auto listener =
          transport_->Listen([](const Frame&, const Responder& respond) { respond(Request(0)); });
      announcement = listener.ok() ? Announcement(*plan, options.service, (*listener)->endpoint())
                                   : kTrouble + listener.status().message();
      if (listener.ok()) listener_ = std::move(*listener);
    } else {
      announcement = kTrouble + plan.status().message();
    }
    if (listener_ == nullptr) {
      texts_.push_back(TextOf({all_.rank(), all_.rank(), 0, 0, announcement.substr(1)}));
    }
    ASSIGN_OR_RETURN(announcements_, all_.AllGather(announcement));
    return Status::Ok();
  }

  // Connects to all other speakers at once: those that are not reached cost one wait together.
  Status Reach() {
    std::vector<std::promise<Status>> answers(places_.size());
    for (const uint32_t to : Targets()) {
      const bool near = places_[to].network == places_[all_.rank()].network;
      ASSIGN_OR_RETURN(const std::string route, RouteTo(announcements_[to], near, own_));
      ASSIGN_OR_RETURN(channels_[to], transport_->Connect(route, StrCat("rank ", to)));
      channels_[to]->CallAsync(Request(0), ReachSeconds(route),
                               [&answer = answers[to]](const Result<Frame>& reply) {
                                 answer.set_value(reply.status());
                               });
    }
    for (auto& [to, channel] : channels_) {
      const Status reached = answers[to].get_future().get();
      if (reached.ok()) continue;
      texts_.push_back(TextOf({all_.rank(), to, 0, 0, reached.message()}));
      channel.reset();
    }
    return all_.Barrier();
  }

  // In each round every speaker measures the way to a different one, so that no two share a target.
  Status Measure(double seconds) {
    for (size_t round = 1; round < speakers_.size(); ++round) {
      const auto place = std::find(speakers_.begin(), speakers_.end(), all_.rank());
      if (place != speakers_.end()) {
        const auto number = static_cast<size_t>(place - speakers_.begin());
        PairSpeed pair{all_.rank(), speakers_[(number + round) % speakers_.size()], 0, 0, ""};
        if (const auto channel = channels_.find(pair.to);
            channel != channels_.end() && channel->second != nullptr) {
          pair.error = MeasurePair(*channel->second, seconds, &pair).message();
          texts_.push_back(TextOf(pair));
        }
      }
      RETURN_IF_ERROR(all_.Barrier());
    }
    return Status::Ok();
  }

  Result<std::vector<PairSpeed>> Gather() {
    ASSIGN_OR_RETURN(const std::vector<std::string> gathered, all_.AllGather(Join(texts_, "\n")));
    std::vector<PairSpeed> pairs;
    for (const std::string& text : gathered) {
      for (const std::string& line : Split(text, '\n')) {
        if (!line.empty()) pairs.push_back(PairOf(line));
      }
    }
    return pairs;
  }

 private:
  // The other speakers that listen; none for a rank that is no speaker.
  std::vector<uint32_t> Targets() const {
    std::vector<uint32_t> targets;
    if (std::find(speakers_.begin(), speakers_.end(), all_.rank()) == speakers_.end()) return {};
    for (const uint32_t speaker : speakers_) {
      if (speaker != all_.rank() && announcements_[speaker][0] != kTrouble) {
        targets.push_back(speaker);
      }
    }
    return targets;
  }

  Communicator& all_;
  const std::string node_;
  const std::vector<Place>& places_;
  const std::vector<uint32_t> speakers_;
  const std::vector<HostAddress> own_ = OwnAddresses();
  std::unique_ptr<Transport> transport_;  // destroyed after the listener and channels on it
  std::unique_ptr<Listener> listener_;
  std::vector<std::string> announcements_;                 // by rank
  std::map<uint32_t, std::unique_ptr<Channel>> channels_;  // by rank; null: not reached
  std::vector<std::string> texts_;                         // of this rank's pairs
};

}  // namespace

Result<std::vector<PairSpeed>> MeasurePairs(MpiWorld* world, const std::vector<Place>& places,
                                            const PairTerms& terms, double seconds) {
  Measurement measurement(world, places);
  RETURN_IF_ERROR(measurement.Announce(terms));
  RETURN_IF_ERROR(measurement.Reach());
  RETURN_IF_ERROR(measurement.Measure(seconds));
  return measurement.Gather();
}

std::vector<Finding> JudgePairs(const std::vector<PairSpeed>& pairs,
                                const std::vector<Place>& places) {
  constexpr double kFarUs = 5000, kUnequal = 3;
  std::vector<Finding> findings;
  std::vector<PairSpeed> reached;
  const auto name = [&](const PairSpeed& pair) -> std::string {
    const Place &from = places[pair.from], &to = places[pair.to];
    if (from.node != to.node) return StrCat(from.node, " to ", to.node);
    return StrCat("rank ", pair.from, " to ", pair.to, " on ", to.node);
  };
  std::set<std::string> deaf;  // the errors of hosts that cannot listen, each with its host
  for (const PairSpeed& pair : pairs) {
    if (pair.error.empty()) {
      reached.push_back(pair);
      continue;
    }
    if (pair.from == pair.to) {
      if (deaf.insert(pair.error).second) {
        findings.push_back({Finding::Kind::kWrong, "network", pair.error, ""});
      }
      continue;
    }
    findings.push_back(
        {Finding::Kind::kWrong, "network", StrCat(name(pair), ": ", pair.error),
         "let the job's hosts reach each other on any TCP port, or name a network that "
         "they share in cluster.listen_address"});
  }
  if (reached.empty()) return findings;
  const PairSpeed far =
      *std::max_element(reached.begin(), reached.end(),
                        [](const auto& a, const auto& b) { return a.latency_us < b.latency_us; });
  std::sort(reached.begin(), reached.end(),
            [](const auto& a, const auto& b) { return a.mb_per_second < b.mb_per_second; });
  const PairSpeed slow = reached.front(), middle = reached[reached.size() / 2];
  Finding speed{Finding::Kind::kFine, "network",
                StrCat(reached.size(), reached.size() == 1 ? " pair" : " pairs", ", latency up to ",
                       static_cast<uint64_t>(far.latency_us), " us (", name(far), "), ",
                       static_cast<uint64_t>(slow.mb_per_second), " MB/s or more (", name(slow),
                       "), median ", static_cast<uint64_t>(middle.mb_per_second), " MB/s"),
                ""};
  if (far.latency_us > kFarUs) {
    speed.kind = Finding::Kind::kDoubt;
    speed.remedy = "each step waits several times so long; step.pull_ahead hides one of the waits";
  } else if (slow.mb_per_second * kUnequal < middle.mb_per_second) {
    speed.kind = Finding::Kind::kDoubt;
    speed.remedy = "every step waits for its slowest rank";
  }
  findings.push_back(speed);
  return findings;
}

}  // namespace chorus::launch
