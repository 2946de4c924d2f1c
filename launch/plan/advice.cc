#include "launch/plan/advice.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "common/strings.h"

namespace chorus::launch {
namespace {

// The work with the rows and frames of the servers dealt to `servers` servers on hosts of their
// own, so that all frames go to other hosts, unless there is only one host.
StepWork WithServers(const StepWork& work, uint32_t servers) {
  StepWork other = work;
  other.layout.set_servers(servers);
  ServerWork all;
  for (const ServerWork& server : work.servers) {
    all.rows += server.rows / servers;
    all.bytes_received += server.bytes_received / servers;
    all.bytes_sent += server.bytes_sent / servers;
  }
  other.servers.clear();
  const bool spread = work.layout.hosts() > 1;
  all.away_received = spread ? all.bytes_received : 0;
  all.away_sent = spread ? all.bytes_sent : 0;
  const uint32_t hosts = work.layout.hosts();
  for (uint32_t s = 0; s < servers; ++s) {
    all.host = spread ? hosts + s : 0;
    other.servers.push_back(all);
  }
  if (!spread) return other;
  other.layout.set_hosts(hosts + servers);
  for (WorkerWork& worker : other.workers) {
    worker.away_sent = worker.bytes_sent;
    worker.away_received = worker.bytes_received;
  }
  return other;
}

class Advisor {
 public:
  Advisor(const TrainConfig& config, const StepWork& work,
          const std::function<double(const StepWork&)>& seconds)
      : config_(config), work_(work), seconds_(seconds), now_(seconds(work)) {}

  void Ask() {
    Servers();
    ServerThreads();
    Threads();
    Readers();
    PullAhead();
  }
  // compute: of these seconds of a step.
  void Grains(double compute);
  std::vector<Gain> Take() { return std::move(gains_); }

 private:
  double GainOf(const StepWork& other) const { return 1 - seconds_(other) / now_; }
  void Offer(double gain, const std::string& what) {
    if (gain < kWorthwhileGain) return;
    gains_.push_back({gain, StrCat(what, ": a step takes ", PercentOf(gain), " less")});
  }
  void Servers();
  void ServerThreads();
  void Threads();
  void Readers();
  void PullAhead();

  const TrainConfig& config_;
  const StepWork& work_;
  const std::function<double(const StepWork&)>& seconds_;
  const double now_;
  std::vector<Gain> gains_;
};

void Advisor::Servers() {
  if (config_.cluster().placement() == ClusterConfig::COLOCATED) return;
  const uint32_t servers = work_.layout.servers();
  uint32_t best = servers;
  double gain = 0;
  for (uint32_t more = servers * 2; more <= servers * 8; more *= 2) {
    const double its = GainOf(WithServers(work_, more));
    if (its < gain + kWorthwhileGain) break;
    best = more;
    gain = its;
  }
  const char* const where = work_.layout.hosts() > 1 ? " on hosts of their own" : "";
  if (best > servers) return Offer(gain, StrCat("cluster.servers=", best, where));
  if (servers == 1 || work_.layout.hosts() == 1) return;
  const uint32_t fewer = servers / 2;
  if (GainOf(WithServers(work_, fewer)) > -0.01) {
    gains_.push_back({0, StrCat("cluster.servers=", fewer,
                                " would be as fast, where their memory holds the rows")});
  }
}

void Advisor::ServerThreads() {
  StepWork other = work_;
  const uint32_t threads = work_.layout.server_threads();
  if (threads * 2 > work_.layout.cores()) return;
  other.layout.set_server_threads(threads * 2);
  Offer(GainOf(other), StrCat("cluster.server_threads=", threads * 2));
}

void Advisor::Threads() {
  double most = 0;  // workers of a host
  std::vector<double> workers(work_.layout.hosts());
  for (const WorkerWork& worker : work_.workers) most = std::max(most, ++workers[worker.host]);
  const double cores = work_.layout.cores();
  const auto fitting = static_cast<uint32_t>(std::max(1.0, std::floor(cores / most)));
  const uint32_t threads = work_.layout.threads();
  if (threads * most > std::max(cores, most)) {
    gains_.push_back(
        {kWorthwhileGain, StrCat("compute.threads=", fitting, ": a host has ", cores, " cores for ",
                                 most, most == 1 ? " worker" : " workers")});
    return;
  }
  if (fitting <= threads) return;
  StepWork other = work_;
  other.layout.set_threads(fitting);
  Offer(GainOf(other), StrCat("compute.threads=", fitting));
}

void Advisor::Readers() {
  StepWork other = work_;
  other.reader_threads = work_.reader_threads * 2;
  Offer(GainOf(other), StrCat("compute.reader_threads=", other.reader_threads));
}

void Advisor::PullAhead() {
  StepWork other = work_;
  other.pull_ahead = work_.pull_ahead + 1;
  if (other.pull_ahead > 2) return;
  Offer(GainOf(other), StrCat("step.pull_ahead=", other.pull_ahead,
                              " (part of the result: rows are that much older)"));
}

// The share of its threads that a worker uses while it computes `grains` grains, in rounds of one
// grain per thread.
double UseOfThreads(double grains, double threads) {
  return grains / (std::ceil(grains / threads) * threads);
}

// Offers twice as many grains of half the rows, if a worker would use its threads better. compute:
// seconds of a step that a worker computes.
void Advisor::Grains(double compute) {
  constexpr uint32_t kMostOfStep = 4096;  // step.grains_per_step (common/config.proto)
  if (work_.workers.empty() || work_.workers.front().grains == 0) return;
  if (config_.step().grain_rows() < 128) return;
  if (2 * config_.step().grains_per_step() > kMostOfStep) return;
  const double grains = work_.workers.front().grains;
  const double threads = work_.layout.threads();
  const double saved = 1 - UseOfThreads(grains, threads) / UseOfThreads(2 * grains, threads);
  Offer(saved * compute / now_,
        StrCat("step.grain_rows=", config_.step().grain_rows() / 2, " with step.grains_per_step=",
               2 * config_.step().grains_per_step(), " (part of the result: ", grains,
               " grains of a worker leave some of its ", threads, " threads idle)"));
}

}  // namespace

std::string PercentOf(double share) { return StrCat(std::lround(100 * share), " %"); }

std::vector<Gain> GainsOf(const TrainConfig& config, const StepWork& work,
                          const std::function<double(const StepWork&)>& seconds) {
  Advisor advisor(config, work, seconds);
  advisor.Ask();
  return advisor.Take();
}

std::vector<std::string> LinesOf(std::vector<Gain> gains) {
  std::stable_sort(gains.begin(), gains.end(),
                   [](const Gain& a, const Gain& b) { return a.gain > b.gain; });
  std::vector<std::string> lines;
  for (const Gain& gain : gains) lines.push_back(gain.line);
  return lines;
}

std::vector<std::string> AdviceFor(const TrainConfig& config, const StepWork& work,
                                   const PlanRates& rates) {
  const std::function<double(const StepWork&)> seconds = [&](const StepWork& other) {
    return PredictStep(other, rates).seconds;
  };
  Advisor advisor(config, work, seconds);
  advisor.Ask();
  advisor.Grains(PredictStep(work, rates).parts[2].seconds());
  return LinesOf(advisor.Take());
}

}  // namespace chorus::launch
