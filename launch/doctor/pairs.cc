#include "launch/doctor/pairs.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <future>
#include <memory>
#include <set>

#include "common/strings.h"
#include "common/transport.h"
#include "launch/job/job_token.h"

namespace chorus::launch {
namespace {

using Clock = std::chrono::steady_clock;

constexpr uint32_t kPings = 40;
constexpr size_t kLargeBytes = size_t{1} << 20;
constexpr size_t kMostLarge = 256;
constexpr uint64_t kFrameLimit = uint64_t{64} << 20;
constexpr double kReachSeconds = 8;  // until an unreachable host counts as one

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
  RETURN_IF_ERROR(channel.Call(Request(kLargeBytes), kReachSeconds).status());
  const double one = std::max(1e-6, SecondsSince(first));
  const size_t count = std::clamp<size_t>(static_cast<size_t>(seconds / one), 1, kMostLarge);
  const Frame request = Request(kLargeBytes);
  std::vector<std::promise<Status>> answers(count);
  const auto begin = Clock::now();
  for (std::promise<Status>& answer : answers) {
    channel.CallAsync(request, kReachSeconds + 10 * seconds, [&answer](const Result<Frame>& reply) {
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

Status Measure(Channel& channel, double seconds, PairSpeed* pair) {
  RETURN_IF_ERROR(channel.Call(Request(0), kReachSeconds).status());  // connects
  std::vector<double> times;
  const auto begin = Clock::now();
  for (uint32_t ping = 0; ping < kPings && (ping == 0 || SecondsSince(begin) < seconds / 2);
       ++ping) {
    const auto sent = Clock::now();
    RETURN_IF_ERROR(channel.Call(Request(0), kReachSeconds).status());
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

// One rank a host; with one host, two.
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

}  // namespace

Result<std::vector<PairSpeed>> MeasurePairs(MpiWorld* world, const std::vector<Place>& places,
                                            const std::string& listen_address, double seconds) {
  Communicator& all = world->all();
  const std::vector<uint32_t> speakers = Speakers(places);
  const auto own_place = std::find(speakers.begin(), speakers.end(), all.rank());
  const std::vector<HostAddress> own = OwnAddresses();
  const bool alone = std::all_of(places.begin(), places.end(), [&](const Place& place) {
    return place.network == places.front().network;
  });
  TransportOptions options;
  ASSIGN_OR_RETURN(options.token, ShareJobToken(all));
  ASSIGN_OR_RETURN(const ListenPlan plan, PlanListening(listen_address, alone, world->node(), own));
  options.listen_address = plan.bind;
  options.service = ServiceOfRank(all.rank());
  options.max_part_bytes = kLargeBytes;
  options.max_frame_bytes = kFrameLimit;
  options.local_name = StrCat("rank ", all.rank());
  const std::unique_ptr<Transport> transport = NewTcpTransport(options);
  ASSIGN_OR_RETURN(
      const std::unique_ptr<Listener> listener,
      transport->Listen([](const Frame&, const Responder& respond) { respond(Request(0)); }));
  ASSIGN_OR_RETURN(const std::vector<std::string> announcements,
                   all.AllGather(Announcement(plan, options.service, listener->endpoint())));
  std::vector<std::string> texts;
  // In each round every speaker measures the way to another one, so that no two share a target.
  for (size_t round = 1; round < speakers.size(); ++round) {
    if (own_place != speakers.end()) {
      const auto place = static_cast<size_t>(own_place - speakers.begin());
      PairSpeed pair{all.rank(), speakers[(place + round) % speakers.size()], 0, 0, ""};
      const bool near = places[pair.to].network == places[pair.from].network;
      ASSIGN_OR_RETURN(const std::string route, RouteTo(announcements[pair.to], near, own));
      ASSIGN_OR_RETURN(const auto channel, transport->Connect(route, StrCat("rank ", pair.to)));
      pair.error = Measure(*channel, seconds, &pair).message();
      texts.push_back(TextOf(pair));
    }
    RETURN_IF_ERROR(all.Barrier());
  }
  ASSIGN_OR_RETURN(const std::vector<std::string> gathered, all.AllGather(Join(texts, "\n")));
  std::vector<PairSpeed> pairs;
  for (const std::string& text : gathered) {
    for (const std::string& line : Split(text, '\n')) {
      if (!line.empty()) pairs.push_back(PairOf(line));
    }
  }
  return pairs;
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
  for (const PairSpeed& pair : pairs) {
    if (pair.error.empty()) {
      reached.push_back(pair);
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
