#pragma once
// The view of a run that `chorus top` shows at one moment, put together from the run's reports and
// from the pages of its ranks. Thread safety: values and pure functions.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/report.pb.h"
#include "common/status.h"
#include "launch/watch/prometheus_text.h"

namespace chorus::launch {

// The contents of a rank's page.
struct RankView {
  std::string endpoint;
  std::string error;  // "" = it answers
  std::string rank, role, node;
  double resident_bytes = 0;
  std::optional<double> step;           // of a worker
  std::map<std::string, double> parts;  // of a worker: seconds so far by part of a step
  // The numbers of a server.
  struct Server {
    std::string number;
    std::optional<double> rows;
    double memory_bytes = 0, requests = 0, received_bytes = 0;
    std::optional<double> sent_bytes;
  };
  std::vector<Server> servers;
  // From the worker that reports: values by name, "loss", "loss of ctr", "exposures_per_second".
  std::map<std::string, double> train;
  std::map<std::string, std::map<std::string, double>> evaluate;  // task, then metric
  std::optional<double> seconds_left;
  double doubts = 0;
};

// page: the text, or the reason why there is none.
RankView RankViewOf(const std::string& endpoint, const Result<std::string>& page);

// The whole view. RunText shows times of `parts`, frames and bytes as differences to the earlier
// view of the same rank, where there is one.
struct RunView {
  std::string title;               // what is watched
  RunHead head;                    // empty: unknown
  std::optional<Report> progress;  // the last ones of metrics.jsonl
  std::optional<Report> evaluation;
  std::vector<std::string> doubts;
  std::optional<double> line_age;  // seconds since metrics.jsonl grew
  bool stale = false;              // the run goes on, but no line has come for long
  std::string checkpoint;          // the newest; "" = none, or not known where
  std::optional<double> checkpoint_age;
  std::vector<RankView> ranks;
  std::vector<RankView> before;  // those of the earlier view; [] = none
  double seconds_between = 0;    // the two views
  std::vector<std::string> remarks;
  std::string ended;  // why nothing more comes; "" = the run goes on
};

// Lines of text, each with its end.
std::string RunText(const RunView& view);

}  // namespace chorus::launch
