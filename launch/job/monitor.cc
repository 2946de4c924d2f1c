#include "launch/job/monitor.h"

#include <prometheus/collectable.h>
#include <prometheus/exposer.h>
#include <prometheus/metric_family.h>
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <map>
#include <utility>
#include <vector>

#include "common/build_id.h"
#include "common/host_address.h"
#include "common/mutex.h"
#include "common/node_name.h"
#include "common/strings.h"
#include "worker/train/report_numbers.h"

namespace chorus::launch {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

// Bytes of this process in memory; 0 where the system does not say.
uint64_t ResidentBytes() {
  unsigned long long size = 0;
  unsigned long long resident = 0;
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen("/proc/self/statm", "r"),
                                                             &std::fclose);
  if (file == nullptr || std::fscanf(file.get(), "%llu %llu", &size, &resident) != 2) return 0;
  return resident * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
}

// The numbers that are shown for each server.
struct ServerMetric {
  const char* name;
  const char* help;
  MetricType type;
  uint64_t ServerNode::Use::*value;
};
constexpr ServerMetric kServerMetrics[] = {
    {"chorus_server_memory_bytes", "Rows of a server and their indices.", MetricType::Gauge,
     &ServerNode::Use::memory_bytes},
    {"chorus_server_rows", "Rows of a server.", MetricType::Gauge, &ServerNode::Use::rows},
    {"chorus_server_requests_total", "Frames that a server was sent.", MetricType::Counter,
     &ServerNode::Use::requests},
    {"chorus_server_received_bytes_total", "Bytes of these frames.", MetricType::Counter,
     &ServerNode::Use::received_bytes},
    {"chorus_server_sent_bytes_total", "Bytes of the frames that answered them.",
     MetricType::Counter, &ServerNode::Use::sent_bytes},
};

// The page: families of numbers with the rank's labels.
class Page {
 public:
  explicit Page(const std::vector<ClientMetric::Label>* labels) : labels_(*labels) {}

  MetricFamily* Begin(const char* name, const char* help, MetricType type) {
    families_.push_back({name, help, type, {}});
    return &families_.back();
  }
  void Add(MetricFamily* family, const std::vector<ClientMetric::Label>& labels, double value) {
    ClientMetric metric;
    metric.label = labels_;
    metric.label.insert(metric.label.end(), labels.begin(), labels.end());
    if (family->type == MetricType::Counter) {
      metric.counter.value = value;
    } else {
      metric.gauge.value = value;
    }
    family->metric.push_back(std::move(metric));
  }
  void AddOne(const char* name, const char* help, MetricType type, double value) {
    Add(Begin(name, help, type), {}, value);
  }
  std::vector<MetricFamily> Take() { return std::move(families_); }

 private:
  const std::vector<ClientMetric::Label>& labels_;
  std::vector<MetricFamily> families_;
};

// The numbers that have been reported so far, for the page's thread.
class Told : public prometheus::Collectable {
 public:
  Told(uint32_t rank, const std::string& role, const std::string& label)
      : labels_{{"rank", StrCat(rank)}, {"role", role}, {"node", NodeName()}} {
    if (!label.empty()) labels_.push_back({"run", label});
  }

  void OnStep(uint64_t step, const worker::StepTimes& times) {
    const MutexLock lock(mutex_);
    step_ = step;
    times_ = times;
  }
  void OnReport(const Report& report) {
    std::vector<worker::ReportNumber> numbers = worker::NumbersOf(report);
    const MutexLock lock(mutex_);
    doubts_ += static_cast<uint64_t>(report.doubt_size());
    if (report.has_progress()) seconds_left_ = report.progress().seconds_left();
    for (worker::ReportNumber& number : numbers) numbers_[number.path()] = std::move(number);
  }
  void Watch(std::weak_ptr<const ServerNode> server) {
    const MutexLock lock(mutex_);
    servers_.push_back(std::move(server));
  }

  std::vector<MetricFamily> Collect() const override {
    Page page(&labels_);
    page.AddOne("process_resident_memory_bytes", "Memory of the process.", MetricType::Gauge,
                static_cast<double>(ResidentBytes()));
    page.Add(page.Begin("chorus_build_info", "The program's build.", MetricType::Gauge),
             {{"build", BuildId()}}, 1);
    const MutexLock lock(mutex_);
    if (step_ > 0) AddSteps(&page);
    AddReports(&page);
    AddServers(&page);
    return page.Take();
  }

 private:
  void AddSteps(Page* page) const REQUIRES_LOCK(mutex_) {
    page->AddOne("chorus_step", "The last step that this worker has finished.", MetricType::Gauge,
                 static_cast<double>(step_));
    const std::pair<const char*, double> parts[] = {{"read", times_.read},
                                                    {"pull", times_.pull},
                                                    {"compute", times_.compute},
                                                    {"combine", times_.combine},
                                                    {"all_reduce", times_.all_reduce},
                                                    {"optimizer", times_.optimizer},
                                                    {"other", times_.other}};
    MetricFamily* const seconds = page->Begin(
        "chorus_step_seconds_total", "Time of this worker's steps, by what it did or waited for.",
        MetricType::Counter);
    for (const auto& [part, value] : parts) page->Add(seconds, {{"part", part}}, value);
  }

  void AddReports(Page* page) const REQUIRES_LOCK(mutex_) {
    if (numbers_.empty()) return;
    page->AddOne("chorus_seconds_left", "Until the last planned step, by the last report.",
                 MetricType::Gauge, seconds_left_);
    page->AddOne("chorus_doubts_total", "Signs of a mistake, which the log and the report name.",
                 MetricType::Counter, static_cast<double>(doubts_));
    AddGroup("train", page->Begin("chorus_train", "Of the last reported step.", MetricType::Gauge),
             page);
    AddGroup("evaluate",
             page->Begin("chorus_evaluate", "Metrics of the last evaluation.", MetricType::Gauge),
             page);
  }

  void AddGroup(const std::string& group, MetricFamily* family, Page* page) const
      REQUIRES_LOCK(mutex_) {
    for (const auto& [path, number] : numbers_) {
      if (number.group != group) continue;
      page->Add(family, {{"of", number.of}, {"metric", number.name}}, number.value);
    }
  }

  void AddServers(Page* page) const REQUIRES_LOCK(mutex_) {
    std::vector<std::pair<std::string, ServerNode::Use>> uses;
    for (const std::weak_ptr<const ServerNode>& weak : servers_) {
      const std::shared_ptr<const ServerNode> server = weak.lock();
      if (server != nullptr) uses.emplace_back(StrCat(server->number()), server->use());
    }
    if (uses.empty()) return;
    for (const ServerMetric& metric : kServerMetrics) {
      MetricFamily* const family = page->Begin(metric.name, metric.help, metric.type);
      for (const auto& [server, use] : uses) {
        page->Add(family, {{"server", server}}, static_cast<double>(use.*metric.value));
      }
    }
  }

  std::vector<ClientMetric::Label> labels_;
  mutable Mutex mutex_;
  uint64_t step_ GUARDED_BY(mutex_) = 0;
  worker::StepTimes times_ GUARDED_BY(mutex_);
  uint64_t doubts_ GUARDED_BY(mutex_) = 0;
  double seconds_left_ GUARDED_BY(mutex_) = 0;
  std::map<std::string, worker::ReportNumber> numbers_ GUARDED_BY(mutex_);  // by path
  std::vector<std::weak_ptr<const ServerNode>> servers_ GUARDED_BY(mutex_);
};

class HttpMonitor final : public Monitor {
 public:
  HttpMonitor(std::shared_ptr<Told> told, std::string url)
      : told_(std::move(told)), url_(std::move(url)) {}

  Status Listen(const std::string& bind) {
    try {
      exposer_ = std::make_unique<prometheus::Exposer>(bind, 1);
      exposer_->RegisterCollectable(told_);
    } catch (const std::exception& error) {
      return FailedPrecondition(StrCat("report.prometheus: no page can be served at ", bind, " (",
                                       error.what(),
                                       "): is the port taken, or the address another machine's?"));
    }
    return Status::Ok();
  }

  void OnStep(uint64_t step, const worker::StepTimes& times) override {
    told_->OnStep(step, times);
  }
  void OnReport(const Report& report) override { told_->OnReport(report); }
  void Watch(std::weak_ptr<const ServerNode> server) override { told_->Watch(std::move(server)); }
  const std::string& url() const override { return url_; }

 private:
  const std::shared_ptr<Told> told_;
  const std::string url_;
  std::unique_ptr<prometheus::Exposer> exposer_;  // destroyed first: its thread reads the others
};

}  // namespace

Result<MonitorAddress> ParseMonitorAddress(const std::string& address, uint32_t rank) {
  const size_t colon = address.rfind(':');
  const auto port = colon == std::string::npos
                        ? std::nullopt
                        : ParseUint64(std::string_view(address).substr(colon + 1));
  if (!port.has_value() || *port == 0 || *port + rank > 65535) {
    return InvalidArgument(StrCat("report.prometheus: '", address, "' for rank ", rank,
                                  ": expected \"host:port\" or \":port\", with port + rank in "
                                  "[1, 65535]"));
  }
  std::string host = address.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return MonitorAddress{host, static_cast<uint32_t>(*port) + rank};
}

Result<std::unique_ptr<Monitor>> Monitor::Open(const std::string& address, uint32_t rank,
                                               const std::string& role, const std::string& label) {
  if (address.empty()) return std::unique_ptr<Monitor>();
  ASSIGN_OR_RETURN(const MonitorAddress at, ParseMonitorAddress(address, rank));
  std::string shown = StrCat(NodeName(), ":", at.port);
  std::string bind = StrCat("+", at.port);  // the library's name for all addresses of both kinds
  if (!at.host.empty()) {
    const auto chosen = ChooseAddresses(at.host, OwnAddresses());
    if (!chosen.ok()) return chosen.status().Annotate("report.prometheus on " + NodeName());
    bind = shown = EndpointText(chosen->front().text, static_cast<uint16_t>(at.port));
  }
  auto monitor = std::make_unique<HttpMonitor>(std::make_shared<Told>(rank, role, label),
                                               StrCat("http://", shown, "/metrics"));
  Status listens = monitor->Listen(bind);
  // A machine may have no IPv6 at all.
  if (!listens.ok() && at.host.empty()) listens = monitor->Listen(StrCat(at.port));
  RETURN_IF_ERROR(listens);
  return std::unique_ptr<Monitor>(std::move(monitor));
}

worker::WorkerEnvironment Monitored(worker::WorkerEnvironment environment, Monitor* monitor) {
  if (monitor == nullptr) return environment;
  environment.on_step = [monitor, told = std::move(environment.on_step)](
                            uint64_t step, const worker::StepTimes& times) {
    if (told) told(step, times);
    monitor->OnStep(step, times);
  };
  environment.on_report = [monitor, told = std::move(environment.on_report)](const Report& report) {
    if (told) told(report);
    monitor->OnReport(report);
  };
  return environment;
}

}  // namespace chorus::launch
