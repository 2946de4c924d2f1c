#pragma once
// A rank's page for Prometheus (report.prometheus), with the numbers of the run at the time of the
// request: `curl http://HOST:PORT/metrics`. Thread safety: any thread.

#include <cstdint>
#include <memory>
#include <string>

#include "common/report.pb.h"
#include "common/status.h"
#include "launch/job/server_node.h"
#include "worker/environment.h"

namespace chorus::launch {

class Monitor {
 public:
  // address: report.prometheus; the page has its port + rank, and the address that its host part
  // means on this machine. role: "worker 0". label: names the run where one process does several;
  // "" = none. Returns null for address "". Errors: kInvalidArgument (no such address here),
  // kFailedPrecondition (the port is taken).
  static Result<std::unique_ptr<Monitor>> Open(const std::string& address, uint32_t rank,
                                               const std::string& role, const std::string& label);
  virtual ~Monitor() = default;

  virtual void OnStep(uint64_t step, const worker::StepTimes& times) = 0;
  virtual void OnReport(const Report& report) = 0;
  // Shows the server as long as it lives.
  virtual void Watch(std::weak_ptr<const ServerNode> server) = 0;
  virtual const std::string& url() const = 0;
};

// The port and host of report.prometheus for a rank. Error: kInvalidArgument, which names the field
// and what is allowed.
struct MonitorAddress {
  std::string host;  // an address, a subnet, an interface or a host name; "" = all addresses
  uint32_t port = 0;
};
Result<MonitorAddress> ParseMonitorAddress(const std::string& address, uint32_t rank);

// `environment` whose steps and reports are also passed to the monitor; unchanged if that is null.
worker::WorkerEnvironment Monitored(worker::WorkerEnvironment environment, Monitor* monitor);

}  // namespace chorus::launch
