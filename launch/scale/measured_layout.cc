#include "launch/scale/measured_layout.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>

#include "worker/statistics/interval.h"

namespace chorus::launch {
namespace {

struct MeanOfRuns {
  double mean = 0;
  double half_interval = 0;  // of 95 %; 0 with one run
};

MeanOfRuns MeanOf(const std::vector<double>& values) {
  MeanOfRuns out;
  const auto n = static_cast<double>(values.size());
  for (const double value : values) out.mean += value / n;
  if (values.size() < 2) return out;
  double squares = 0;
  for (const double value : values) squares += (value - out.mean) * (value - out.mean);
  const double error = std::sqrt(squares / (n - 1) / n);
  out.half_interval = worker::StudentQuantile975(n - 1) * error;
  return out;
}

const std::pair<const char*, double (WorkerCounters::*)() const> kParts[] = {
    {"read", &WorkerCounters::read},
    {"pull", &WorkerCounters::pull},
    {"compute", &WorkerCounters::compute},
    {"push", &WorkerCounters::push},
    {"all-reduce", &WorkerCounters::all_reduce},
    {"optimizer", &WorkerCounters::optimizer},
    {"other", &WorkerCounters::other}};

void AddParts(const std::vector<ScaleRun>& runs, const JobPlan& plan, ScaleLayout* layout) {
  double most = -1;
  for (const auto& [name, seconds] : kParts) {
    double sum = 0, steps = 0;
    for (const ScaleRun& run : runs) {
      for (const RankCounters& rank : run.rank()) {
        if (!rank.has_worker()) continue;
        sum += (rank.worker().*seconds)();
        steps += static_cast<double>(rank.worker().steps());
      }
    }
    ScalePart* const part = layout->add_part();
    part->set_name(name);
    part->set_seconds(steps > 0 ? sum / steps : 0);
    for (const PlanTime& planned : plan.part()) {
      if (planned.name() == name) part->set_planned_seconds(planned.seconds());
    }
    if (part->seconds() <= most) continue;
    most = part->seconds();
    layout->set_largest_part(name);
  }
}

// Exactly: the plan counts the frames of the same steps, made by the client's own code.
bool IsAsPlanned(const WorkerCounters& counted, const PlanRun& planned) {
  return counted.steps() == planned.steps() && counted.frames_sent() == planned.frames_sent() &&
         counted.bytes_sent() == planned.bytes_sent() &&
         counted.frames_received() == planned.frames_received() &&
         counted.bytes_received() == planned.bytes_received() &&
         counted.sum_messages_sent() == planned.sum_messages_sent() &&
         counted.sum_bytes_sent() == planned.sum_bytes_sent();
}

void AddTraffic(const std::vector<ScaleRun>& runs, const JobPlan& plan, ScaleLayout* layout) {
  const int first_worker = plan.rank_size() - static_cast<int>(layout->workers());
  bool as_planned = true;
  double frames = 0, bytes = 0, messages = 0, sum_bytes = 0;
  for (const ScaleRun& run : runs) {
    for (const RankCounters& rank : run.rank()) {
      if (!rank.has_worker()) continue;
      const WorkerCounters& counted = rank.worker();
      const double share = 1.0 / static_cast<double>(std::max<uint64_t>(1, counted.steps())) /
                           static_cast<double>(runs.size());
      frames += share * static_cast<double>(counted.frames_sent() + counted.frames_received());
      bytes += share * static_cast<double>(counted.bytes_sent() + counted.bytes_received());
      messages += share * static_cast<double>(counted.sum_messages_sent());
      sum_bytes += share * static_cast<double>(counted.sum_bytes_sent());
      const int number = first_worker + static_cast<int>(counted.worker());
      as_planned =
          as_planned && number < plan.rank_size() && IsAsPlanned(counted, plan.rank(number).run());
    }
  }
  layout->set_frames(frames);
  layout->set_frame_bytes(bytes);
  layout->set_sum_messages(messages);
  layout->set_sum_bytes(sum_bytes);
  layout->set_as_planned(as_planned);
}

}  // namespace

double StepSecondsOf(const ScaleRun& run) {
  for (const RankCounters& rank : run.rank()) {
    if (!rank.has_worker() || rank.worker().worker() != 0) continue;
    const auto& seconds = rank.worker().step_seconds();
    // The first step has no time of its own: times are taken from its end on.
    const int skipped = seconds.size() > 3 ? std::max(1, seconds.size() / 5) : 0;
    double sum = 0;
    for (int i = skipped; i < seconds.size(); ++i) sum += seconds[i];
    return seconds.empty() ? rank.worker().seconds() : sum / (seconds.size() - skipped);
  }
  return 0;
}

ScaleLayout MeasureLayout(const std::vector<ScaleRun>& runs, const JobPlan& plan) {
  ScaleLayout layout;
  layout.set_servers(runs.front().servers());
  layout.set_workers(runs.front().workers());
  layout.set_runs(static_cast<uint32_t>(runs.size()));
  std::vector<double> seconds;
  for (const ScaleRun& run : runs) seconds.push_back(StepSecondsOf(run));
  const MeanOfRuns step = MeanOf(seconds);
  layout.set_step_seconds(step.mean);
  layout.set_step_seconds_low(std::max(0.0, step.mean - step.half_interval));
  layout.set_step_seconds_high(step.mean + step.half_interval);
  layout.set_exposures_per_step(plan.exposures_per_step());
  layout.set_exposures_per_second(step.mean > 0 ? plan.exposures_per_step() / step.mean : 0);
  AddParts(runs, plan, &layout);
  AddTraffic(runs, plan, &layout);
  layout.set_planned_step_seconds(plan.step_seconds());
  layout.set_planned_exposures_per_second(plan.exposures_per_second());
  layout.set_bottleneck(plan.bottleneck());
  for (const RankCounters& rank : runs.back().rank()) {
    layout.set_server_memory_bytes(layout.server_memory_bytes() + rank.server().memory_bytes());
  }
  return layout;
}

void CompareLayouts(std::vector<ScaleLayout>* layouts) {
  const auto share = [](double speed, const ScaleLayout& layout) {
    return speed / std::max(1u, layout.workers());
  };
  const auto spread = [](const ScaleLayout& layout) {
    if (layout.step_seconds() <= 0) return 0.0;
    return (layout.step_seconds_high() - layout.step_seconds()) / layout.step_seconds();
  };
  const ScaleLayout first = layouts->front();
  for (ScaleLayout& layout : *layouts) {
    const double measured = share(first.exposures_per_second(), first);
    const double planned = share(first.planned_exposures_per_second(), first);
    const double efficiency =
        measured > 0 ? share(layout.exposures_per_second(), layout) / measured : 0;
    const bool is_first = &layout == &layouts->front();
    const double half = is_first ? 0 : efficiency * std::hypot(spread(first), spread(layout));
    layout.set_efficiency(efficiency);
    layout.set_efficiency_low(std::max(0.0, efficiency - half));
    layout.set_efficiency_high(efficiency + half);
    if (planned > 0) {
      layout.set_planned_efficiency(share(layout.planned_exposures_per_second(), layout) / planned);
    }
  }
}

}  // namespace chorus::launch
