#include "launch/plan/step_time.h"

#include <algorithm>
#include <cmath>

#include "common/strings.h"

namespace chorus::launch {
namespace {

// A process has a network thread for every four cores of its host (launch/job/server_node.cc).
constexpr uint32_t kCoresOfNetworkThread = 4;
// A sum has two rounds, terms to the owners of shares and sums back (worker/collective/tree_sum.h).
constexpr double kRoundsOfSum = 2;

// The parts of a worker's step, in seconds.
struct WorkerParts {
  double read = 0;  // of a step, by all its reader threads while another step is trained
  double compute = 0;
  double push = 0;
  double sum = 0;
  double optimizer = 0;
  double cycle() const { return compute + push + sum + optimizer; }
};

class StepModel {
 public:
  StepModel(const StepWork& work, const PlanRates& rates) : work_(work), rates_(rates) {
    const uint32_t hosts = work.layout.hosts();
    threads_.resize(hosts);
    cpu_.resize(hosts);
    out_.resize(hosts);
    in_.resize(hosts);
    for (const WorkerWork& worker : work.workers) threads_[worker.host] += work.layout.threads();
    for (const WorkerWork& worker : work.workers) AddWorker(worker);
    for (const ServerWork& server : work.servers) AddServer(server);
  }

  StepTime Predict() const;

 private:
  double link() const { return work_.layout.link_gbit() * 1e9 / 8; }  // bytes a second
  double latency() const {
    return work_.layout.hosts() > 1 ? work_.layout.latency_us() * 1e-6 : 0.0;
  }
  // The speed of each of a worker's threads; if its host has more threads than cores, they take
  // turns.
  double SpeedOfThread(uint32_t host) const {
    const double cores = work_.layout.cores();
    const double turns = std::max(1.0, threads_[host] / cores);
    const auto busy = static_cast<uint32_t>(std::min<double>(threads_[host], cores));
    return ShareOfCore(rates_, busy) / turns;
  }
  double NetworkThreads() const {
    const uint32_t most = std::max(1u, work_.layout.cores() / kCoresOfNetworkThread);
    return std::min<double>(most, static_cast<double>(work_.workers.size()));
  }
  double RowSpeed() const {
    const uint32_t threads = std::min(work_.layout.server_threads(), work_.layout.cores());
    return rates_.server_rows() * threads * ShareOfCore(rates_, threads);
  }

  // Seconds of a thread at one end of the connections; traffic to other hosts may be encrypted.
  double Seconds(double bytes, double away) const {
    const double away_speed = work_.is_encrypted ? rates_.encrypted_bytes() : rates_.frame_bytes();
    return (bytes - away) / rates_.frame_bytes() + away / away_speed;
  }
  double FrameSeconds(const ServerWork& server) const {
    return Seconds(server.bytes_received, server.away_received) +
           Seconds(server.bytes_sent, server.away_sent);
  }

  void AddWorker(const WorkerWork& worker);
  void AddServer(const ServerWork& server);
  WorkerParts PartsOf(const WorkerWork& worker) const;
  double PullSeconds(const WorkerWork& worker) const;  // from the push to the rows
  double MostOf(double ServerWork::*what) const;
  std::vector<PlanTime> Resources(const WorkerParts& worker) const;

  const StepWork& work_;
  const PlanRates& rates_;
  std::vector<double> threads_, cpu_, out_, in_;  // [hosts]; seconds of cores, bytes of links
};

void StepModel::AddWorker(const WorkerWork& worker) {
  const double sums = (worker.sum_bytes + worker.added_bytes) / rates_.sum_bytes() +
                      worker.sum_messages * rates_.message_seconds();
  cpu_[worker.host] +=
      worker.flops / rates_.core_flops() + worker.exposures / rates_.read_exposures() +
      worker.bytes_sent / rates_.combine_bytes() + worker.parameters / rates_.update_floats() +
      sums + Seconds(worker.bytes_sent, worker.away_sent) +
      Seconds(worker.bytes_received, worker.away_received);
  out_[worker.host] += worker.away_sent + worker.sum_away;
  in_[worker.host] += worker.away_received + worker.sum_away;
}

void StepModel::AddServer(const ServerWork& server) {
  cpu_[server.host] += server.rows / rates_.server_rows() + FrameSeconds(server);
  in_[server.host] += server.away_received;
  out_[server.host] += server.away_sent;
}

WorkerParts StepModel::PartsOf(const WorkerWork& worker) const {
  const double speed = SpeedOfThread(worker.host);
  const double threads = work_.layout.threads();
  WorkerParts parts;
  parts.read =
      worker.exposures / rates_.read_exposures() / std::max(1u, work_.reader_threads) / speed;
  const double waves = std::ceil(worker.grains / threads);
  const double grain = worker.grains == 0 ? 0 : worker.flops / worker.grains / rates_.core_flops();
  parts.compute = waves * grain / speed;
  // Both are divided among the threads in pieces.
  parts.push = worker.bytes_sent / rates_.combine_bytes() / threads / speed;
  parts.optimizer = worker.parameters / rates_.update_floats() / threads / speed;
  if (work_.workers.size() > 1) {
    const double bytes = worker.sum_bytes + worker.added_bytes;
    parts.sum = worker.sums * kRoundsOfSum * (latency() + rates_.message_seconds()) +
                worker.sum_messages * rates_.message_seconds() +
                std::max(bytes / rates_.sum_bytes() / speed, worker.sum_away / link());
  }
  return parts;
}

double StepModel::MostOf(double ServerWork::*what) const {
  double most = 0;
  for (const ServerWork& server : work_.servers) most = std::max(most, server.*what);
  return most;
}

// All workers push at once: a server has the last frame when its link has carried all of them.
double StepModel::PullSeconds(const WorkerWork& worker) const {
  const bool away = worker.away_sent + worker.away_received > 0;
  double received = 0, sent = 0;  // seconds of a server
  for (const ServerWork& server : work_.servers) {
    received = std::max(received, Seconds(server.bytes_received, server.away_received));
    sent = std::max(sent, Seconds(server.bytes_sent, server.away_sent));
  }
  const auto transfer = [&](double of_worker, double of_server, double carried) {
    return std::max({of_worker, of_server / NetworkThreads(), away ? carried / link() : 0.0});
  };
  const double there = transfer(Seconds(worker.bytes_sent, worker.away_sent), received,
                                std::max(worker.away_sent, MostOf(&ServerWork::away_received)));
  const double back = transfer(Seconds(worker.bytes_received, worker.away_received), sent,
                               std::max(worker.away_received, MostOf(&ServerWork::away_sent)));
  return rates_.frame_seconds() + (away ? 2 * latency() : 0.0) + there +
         MostOf(&ServerWork::rows) / RowSpeed() + back;
}

std::vector<PlanTime> StepModel::Resources(const WorkerParts& worker) const {
  std::vector<PlanTime> resources;
  const auto add = [&](const std::string& name, double seconds) {
    PlanTime& time = resources.emplace_back();
    time.set_name(name);
    time.set_seconds(seconds);
  };
  add("threads that compute", worker.compute + worker.push + worker.optimizer);
  add("reader threads", worker.read);
  add("sums of workers", worker.sum);
  add("owner threads of a server", MostOf(&ServerWork::rows) / RowSpeed());
  double frames = 0;
  for (const ServerWork& server : work_.servers) frames = std::max(frames, FrameSeconds(server));
  add("network threads of a server", frames / NetworkThreads());
  double cores = 0, links = 0;
  for (size_t host = 0; host < cpu_.size(); ++host) {
    const auto busy = static_cast<uint32_t>(work_.layout.cores());
    cores = std::max(cores, cpu_[host] / busy / ShareOfCore(rates_, busy));
    links = std::max(links, std::max(out_[host], in_[host]) / link());
  }
  add("cores of a host", cores);
  if (cpu_.size() > 1) add("link of a host", links);
  std::stable_sort(resources.begin(), resources.end(),
                   [](const PlanTime& a, const PlanTime& b) { return a.seconds() > b.seconds(); });
  return resources;
}

StepTime StepModel::Predict() const {
  WorkerParts slowest;
  double pull = 0, cycle = 0, read = 0;
  for (const WorkerWork& worker : work_.workers) {
    const WorkerParts parts = PartsOf(worker);
    // The time that a pull has until its rows are needed.
    const double hidden = parts.sum + parts.optimizer + work_.pull_ahead * parts.cycle();
    const double own_pull = std::max(0.0, PullSeconds(worker) - hidden);
    const double own_read = std::max(0.0, parts.read - parts.cycle() - own_pull);
    if (parts.cycle() + own_pull + own_read <= cycle + pull + read) continue;
    slowest = parts;
    cycle = parts.cycle();
    pull = own_pull;
    read = own_read;
  }
  StepTime time;
  time.resources = Resources(slowest);
  time.seconds = std::max(cycle + pull + read, time.resources.front().seconds());
  const double shared = time.seconds - cycle - pull - read;
  const std::pair<const char*, double> parts[] = {{"read", read},
                                                  {"pull", pull},
                                                  {"compute", slowest.compute},
                                                  {"push", slowest.push},
                                                  {"all-reduce", slowest.sum},
                                                  {"optimizer", slowest.optimizer},
                                                  {"waiting for what is shared", shared}};
  for (const auto& [name, seconds] : parts) {
    PlanTime& part = time.parts.emplace_back();
    part.set_name(name);
    part.set_seconds(seconds);
  }
  time.bottleneck = time.resources.front().name();
  if (pull > time.resources.front().seconds()) time.bottleneck = "the way to the servers and back";
  return time;
}

}  // namespace

double ShareOfCore(const PlanRates& rates, uint32_t threads) {
  if (threads <= 1 || rates.cores() <= 1) return 1;
  const double busy = std::min(threads, rates.cores()) - 1.0;
  return 1 - (1 - rates.shared_core()) * busy / (rates.cores() - 1);
}

StepTime PredictStep(const StepWork& work, const PlanRates& rates) {
  return StepModel(work, rates).Predict();
}

}  // namespace chorus::launch
