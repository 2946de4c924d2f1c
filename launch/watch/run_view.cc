#include "launch/watch/run_view.h"

#include <algorithm>
#include <utility>

#include "common/strings.h"

namespace chorus::launch {
namespace {

// A count from a page. Any server may answer at the endpoint: a value that can be no count becomes
// the nearest one, and NaN becomes 0.
double CountOf(double value) {
  constexpr double kMost = 9007199254740992;  // 2^53
  return value > 0 ? std::min(value, kMost) : 0.0;
}

RankView::Server* ServerOf(const MetricSample& sample, RankView* view) {
  const std::string number = sample.label("server");
  for (RankView::Server& server : view->servers) {
    if (server.number == number) return &server;
  }
  RankView::Server& added = view->servers.emplace_back();
  added.number = number;
  return &added;
}

bool TakeServerSample(const MetricSample& sample, RankView* view) {
  constexpr std::string_view kPrefix = "chorus_server_";
  if (!sample.name.starts_with(kPrefix)) return false;
  const std::string_view what = std::string_view(sample.name).substr(kPrefix.size());
  RankView::Server* const server = ServerOf(sample, view);
  if (what == "rows") server->rows = CountOf(sample.value);
  if (what == "memory_bytes") server->memory_bytes = CountOf(sample.value);
  if (what == "requests_total") server->requests = CountOf(sample.value);
  if (what == "received_bytes_total") server->received_bytes = CountOf(sample.value);
  if (what == "sent_bytes_total") server->sent_bytes = CountOf(sample.value);
  return true;
}

void TakeSample(const MetricSample& sample, RankView* view) {
  view->rank = sample.label("rank");
  view->role = sample.label("role");
  view->node = sample.label("node");
  if (TakeServerSample(sample, view)) return;
  const std::string of = sample.label("of");
  const std::string metric = sample.label("metric");
  if (sample.name == "process_resident_memory_bytes") view->resident_bytes = CountOf(sample.value);
  if (sample.name == "chorus_step") view->step = CountOf(sample.value);
  if (sample.name == "chorus_seconds_left") view->seconds_left = CountOf(sample.value);
  if (sample.name == "chorus_doubts_total") view->doubts = CountOf(sample.value);
  if (sample.name == "chorus_step_seconds_total") view->parts[sample.label("part")] = sample.value;
  if (sample.name == "chorus_train") view->train[of.empty() ? metric : of] = sample.value;
  if (sample.name == "chorus_evaluate") view->evaluate[of][metric] = sample.value;
}

}  // namespace

RankView RankViewOf(const std::string& endpoint, const Result<std::string>& page) {
  RankView view;
  view.endpoint = endpoint;
  if (!page.ok()) {
    view.error = page.status().message();
    return view;
  }
  for (const MetricSample& sample : SamplesOf(*page)) {
    if (!sample.label("rank").empty()) TakeSample(sample, &view);
  }
  if (view.rank.empty()) view.error = endpoint + " shows no rank of a run";
  return view;
}

}  // namespace chorus::launch
