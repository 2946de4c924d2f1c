#include "launch/plan/plan_text.h"

#include <algorithm>
#include <cmath>

#include "common/strings.h"
#include "launch/plan/gpu_text.h"
#include "launch/report/printed.h"

namespace chorus::launch {
namespace {

struct Unit {
  double size;
  const char* name;
};

std::string InUnits(double value, const std::vector<Unit>& units) {
  for (const Unit& unit : units) {
    if (value < unit.size && &unit != &units.back()) continue;
    const double shown = value / unit.size;
    const int digits = shown >= 99.95 ? 0 : shown >= 9.995 ? 1 : 2;
    return Printed("%.*f%s", digits, shown, unit.name);
  }
  return "";
}

std::string LayoutText(const PlanLayout& layout) {
  return Printed(
      "%u server%s, %u worker%s of %u thread%s on %u host%s of %u cores; links of %g "
      "Gbit/s, %g us",
      layout.servers(), layout.servers() == 1 ? "" : "s", layout.workers(),
      layout.workers() == 1 ? "" : "s", layout.threads(), layout.threads() == 1 ? "" : "s",
      layout.hosts(), layout.hosts() == 1 ? "" : "s", layout.cores(), layout.link_gbit(),
      layout.latency_us());
}

std::string MemoryText(const PlanRank& rank) {
  std::string parts;
  for (const PlanPart& part : rank.memory()) {
    parts += StrCat(parts.empty() ? "" : ", ", part.name(), " ",
                    ByteText(static_cast<double>(part.bytes())));
  }
  return StrCat(ByteText(static_cast<double>(rank.memory_bytes())), ": ", parts);
}

std::string TrafficText(const PlanTraffic& traffic) {
  return StrCat(CountText(traffic.messages()), " of ", ByteText(traffic.bytes()));
}

// The ranks that represent all: the first and the last one of each kind.
std::vector<const PlanRank*> ShownRanks(const JobPlan& plan) {
  std::vector<const PlanRank*> shown;
  const auto show = [&](int begin, int end) {
    if (begin >= end) return;
    shown.push_back(&plan.rank(begin));
    if (end - begin > 1) shown.push_back(&plan.rank(end - 1));
  };
  const int workers = static_cast<int>(plan.layout().workers());
  const int all = plan.rank_size();
  show(0, all - workers);
  show(all - workers, all);
  return shown;
}

void AppendRank(const PlanRank& rank, std::string* out) {
  *out += StrCat(rank.name(), ", host ", rank.host(), "\n");
  *out += StrCat("  memory    ", MemoryText(rank), "\n");
  if (rank.rows() > 0) *out += StrCat("  rows      ", CountText(rank.rows()), " in the end\n");
  *out += StrCat("  a step    sends frames: ", TrafficText(rank.sent()),
                 "; receives: ", TrafficText(rank.received()));
  if (rank.sums_sent().messages() > 0) {
    *out += StrCat("; sends to other workers: ", TrafficText(rank.sums_sent()));
  }
  *out += "\n";
  if (rank.flops() > 0) {
    *out += StrCat("  computes  ", CountText(rank.exposures()), " exposures, ",
                   CountText(rank.flops()), " operations of products a step\n");
  }
  if (rank.server_rows() > 0) {
    *out += StrCat("  serves    ", CountText(rank.server_rows()), " rows a step\n");
  }
}

std::string PartText(const JobPlan& plan, const std::string& name) {
  for (const PlanTime& part : plan.part()) {
    if (part.name() == name) return SecondsText(part.seconds());
  }
  return "-";
}

}  // namespace

std::string ByteText(double bytes) {
  return InUnits(bytes, {{1e12, " TB"}, {1e9, " GB"}, {1e6, " MB"}, {1e3, " kB"}, {1, " bytes"}});
}

std::string SecondsText(double seconds) {
  return InUnits(seconds, {{1, " s"}, {1e-3, " ms"}, {1e-6, " us"}});
}

std::string CountText(double count) {
  const bool is_whole = std::abs(count - std::round(count)) < 1e-6;  // a mean of equal numbers is
  if (count < 1000 && is_whole) return Printed("%.0f", count);
  return InUnits(count, {{1e12, "T"}, {1e9, "G"}, {1e6, "M"}, {1e3, "k"}, {1, ""}});
}

std::string PlanText(const JobPlan& plan) {
  std::string out;
  out += StrCat(
      "job        ", plan.method(), ", ", CountText(static_cast<double>(plan.log_exposures())),
      " exposures, ", plan.steps(), " steps of ", CountText(plan.exposures_per_step()),
      " exposures; figures of a step are the mean of the first ", plan.read_steps(), "\n");
  out += StrCat("layout     ", LayoutText(plan.layout()), "\n");
  out += StrCat("rates      ", plan.rates().machine(), "\n");
  for (const PlanTable& table : plan.table()) {
    const std::string ids =
        table.ids() > 0 ? StrCat(CountText(table.ids()), " distinct ids, ") : std::string();
    out +=
        StrCat("table      ", table.name(), ": ", ids, "rows of ", table.row_bytes(), " bytes\n");
  }
  for (const PlanRank* rank : ShownRanks(plan)) AppendRank(*rank, &out);
  if (plan.has_gpu()) out += GpuText(plan.gpu());
  out += StrCat("step       ", SecondsText(plan.step_seconds()), ", ",
                CountText(plan.exposures_per_second()), " exposures/s, ",
                SecondsText(plan.step_seconds() * static_cast<double>(plan.steps())),
                " in all; of the slowest worker:");
  for (const PlanTime& part : plan.part()) {
    if (part.seconds() <= 0) continue;
    out += StrCat(" ", part.name(), " ", SecondsText(part.seconds()), ",");
  }
  out.back() = '\n';
  out += "busy       for a step:";
  for (const PlanTime& resource : plan.resource()) {
    out += StrCat(" ", resource.name(), " ", SecondsText(resource.seconds()), ",");
  }
  out.back() = '\n';
  out += StrCat("bottleneck ", plan.bottleneck(), "\n");
  for (const std::string& line : plan.advice()) out += StrCat("advice     ", line, "\n");
  return out;
}

std::string PlanTableText(const std::vector<JobPlan>& plans) {
  if (!plans.empty() && plans.front().has_gpu()) return GpuTableText(plans);
  std::string out =
      "| hosts | servers | workers | threads | exposures a step | step | compute | pull | "
      "all-reduce "
      "| exposures/s | efficiency | bottleneck |\n"
      "|---|---|---|---|---|---|---|---|---|---|---|---|\n";
  const bool by_hosts = std::any_of(plans.begin(), plans.end(),
                                    [](const JobPlan& plan) { return plan.layout().hosts() > 1; });
  const auto share = [&](const JobPlan& plan) {
    return plan.exposures_per_second() /
           (by_hosts ? plan.layout().hosts() : plan.layout().workers());
  };
  for (const JobPlan& plan : plans) {
    const PlanLayout& layout = plan.layout();
    const double first = share(plans.front());
    out += Printed("| %u | %u | %u | %u | %s | %s | %s | %s | %s | %s | %.0f %% | %s |\n",
                   layout.hosts(), layout.servers(), layout.workers(), layout.threads(),
                   CountText(plan.exposures_per_step()).c_str(),
                   SecondsText(plan.step_seconds()).c_str(), PartText(plan, "compute").c_str(),
                   PartText(plan, "pull").c_str(), PartText(plan, "all-reduce").c_str(),
                   CountText(plan.exposures_per_second()).c_str(),
                   first > 0 ? 100 * share(plan) / first : 0.0, plan.bottleneck().c_str());
  }
  return out;
}

}  // namespace chorus::launch
