#pragma once
// Reads the page that a rank has for Prometheus (launch/job/monitor.h), or any other that is plain
// HTTP. Thread safety: any thread.

#include <string>

#include "common/status.h"

namespace chorus::launch {

// The body of http://ENDPOINT/metrics. endpoint: "host:port", "[fd00::7]:9400". Errors:
// kInvalidArgument, this is no endpoint; kUnavailable, nobody answers there within `seconds`
// (of the whole, but for what the resolver takes for a name that is no address), or not with a page.
// They name the endpoint.
Result<std::string> ReadMetricsPage(const std::string& endpoint, double seconds);

// The same error of an endpoint that is none.
Status CheckEndpoint(const std::string& endpoint);

}  // namespace chorus::launch
