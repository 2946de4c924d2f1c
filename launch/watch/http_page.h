#pragma once
// Reads a rank's page for Prometheus (launch/job/monitor.h), or any other page of plain HTTP.
// Thread safety: any thread.

#include <string>

#include "common/status.h"

namespace chorus::launch {

// The body of http://ENDPOINT/metrics. endpoint: "host:port", "[fd00::7]:9400". Errors, which name the endpoint:
// kInvalidArgument when it is no endpoint; kUnavailable when nobody answers within `seconds`, or not with a page. The
// time to resolve a host name is not part of `seconds`.
Result<std::string> ReadMetricsPage(const std::string& endpoint, double seconds);

// Error: the same kInvalidArgument, without a request.
Status CheckEndpoint(const std::string& endpoint);

}  // namespace chorus::launch
