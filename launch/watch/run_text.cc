// A RunView as lines of text.

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "common/progress.h"
#include "common/strings.h"
#include "launch/plan/plan_text.h"
#include "launch/report/printed.h"
#include "launch/watch/run_view.h"

namespace chorus::launch {
namespace {

std::string Line(const char* name, const std::string& text) {
  return text.empty() ? "" : Printed("%-10s", name) + text + "\n";
}

// The worker whose page has the losses; null: none answers.
const RankView* Reporter(const std::vector<RankView>& ranks) {
  for (const RankView& rank : ranks) {
    if (!rank.train.empty()) return &rank;
  }
  for (const RankView& rank : ranks) {
    if (rank.step.has_value()) return &rank;
  }
  return nullptr;
}

// By endpoint, and only if it answered: a difference to a view without numbers would be no rate.
const RankView* SameRank(const std::vector<RankView>& ranks, const RankView& of) {
  for (const RankView& rank : ranks) {
    if (rank.error.empty() && rank.endpoint == of.endpoint) return &rank;
  }
  return nullptr;
}

std::string TitleText(const RunView& view) {
  std::string text = view.title;
  if (!view.head.method().empty()) text += ", " + view.head.method();
  if (!view.head.began().empty()) text += ", began " + view.head.began();
  return text + "\n";
}

std::string StepText(const RunView& view) {
  const RankView* const page = Reporter(view.ranks);
  uint64_t step = 0;
  double left = 0;
  std::string extra;
  if (view.progress.has_value()) {
    step = view.progress->step();
    left = view.progress->progress().seconds_left();
    extra = StrCat(", epoch ", view.progress->epoch() + 1, ", ",
                   ShortTime(view.progress->seconds()), " so far");
  } else if (page != nullptr) {
    left = page->seconds_left.value_or(0);
  }
  if (page != nullptr && page->step.has_value()) {
    step = std::max(step, static_cast<uint64_t>(*page->step));
  }
  if (step == 0) return "none yet";
  std::string text = StrCat(step);
  if (view.head.steps() > 0) {
    text += Printed(" of %llu (%.1f %%)", static_cast<unsigned long long>(view.head.steps()),
                    100.0 * static_cast<double>(step) / static_cast<double>(view.head.steps()));
  }
  text += extra;
  if (left > 0 && view.ended.empty()) text += ", about " + ShortTime(left) + " left";
  return text;
}

std::string SpeedText(const RunView& view) {
  if (view.progress.has_value()) {
    return Printed("%.0f exposures/s", view.progress->progress().exposures_per_second());
  }
  const RankView* const page = Reporter(view.ranks);
  if (page == nullptr) return "";
  const auto found = page->train.find("exposures_per_second");
  return found == page->train.end() ? "" : Printed("%.0f exposures/s", found->second);
}

std::string LossText(const RunView& view) {
  std::string text;
  if (view.progress.has_value()) {
    const StepReport& progress = view.progress->progress();
    text = Printed("%.6f", progress.loss());
    for (const TermLoss& term : progress.term()) {
      if (term.denominator() <= 0) continue;
      text += Printed("; %s %.6f", term.name().c_str(), term.sum() / term.denominator());
    }
    return text;
  }
  const RankView* const page = Reporter(view.ranks);
  if (page == nullptr || !page->train.contains("loss")) return "";
  text = Printed("%.6f", page->train.at("loss"));
  for (const auto& [of, value] : page->train) {
    if (of != "loss" && of != "exposures_per_second") {
      text += Printed("; %s %.6f", of.c_str(), value);
    }
  }
  return text;
}

// How the time of a worker's steps is divided, since the earlier view if there is one.
std::string TimeText(const RunView& view) {
  const RankView* const page = Reporter(view.ranks);
  if (page == nullptr || page->parts.empty()) return "";
  const RankView* const before = SameRank(view.before, *page);
  std::vector<std::pair<std::string, double>> parts;
  double all = 0;
  for (const auto& [part, seconds] : page->parts) {
    double spent = seconds;
    if (before != nullptr && before->parts.contains(part)) spent -= before->parts.at(part);
    parts.emplace_back(part, std::max(0.0, spent));
    all += parts.back().second;
  }
  if (all <= 0) return "";
  std::stable_sort(parts.begin(), parts.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  std::string text = page->role + ":";
  for (const auto& [part, seconds] : parts) {
    text += Printed(" %s %.0f %%", part.c_str(), 100 * seconds / all);
  }
  return text;
}

std::string MetricText(const char* name, bool present, double value, const char* format) {
  return present ? std::string(" ") + name + Printed(format, value) : "";
}

std::string EvaluationText(const RunView& view) {
  std::string text;
  if (view.evaluation.has_value()) {
    text = StrCat("step ", view.evaluation->step());
    for (const TaskMetrics& task : view.evaluation->evaluation().task()) {
      text += StrCat(
          "; ", task.task(), MetricText("AUC ", task.has_auc(), task.auc(), "%.4f"),
          MetricText("NE ", task.has_normalized_entropy(), task.normalized_entropy(), "%.4f"),
          MetricText("PCOC ", task.has_pcoc(), task.pcoc(), "%.3f"));
    }
    return text;
  }
  const RankView* const page = Reporter(view.ranks);
  if (page == nullptr) return "";
  for (const auto& of_task : page->evaluate) {
    const std::map<std::string, double>& metrics = of_task.second;
    const auto shown = [&](const char* name, const char* key, const char* format) {
      const auto found = metrics.find(key);
      return found == metrics.end() ? "" : MetricText(name, true, found->second, format);
    };
    const std::string values =
        StrCat(shown("AUC ", "auc", "%.4f"), shown("NE ", "normalized_entropy", "%.4f"),
               shown("PCOC ", "pcoc", "%.3f"));
    if (!values.empty()) text += StrCat(text.empty() ? "" : "; ", of_task.first, values);
  }
  return text;
}

std::string CheckpointText(const RunView& view) {
  if (view.checkpoint.empty() || !view.checkpoint_age.has_value()) return view.checkpoint;
  return StrCat(view.checkpoint, ", ", ShortTime(*view.checkpoint_age), " ago");
}

std::string RateText(double now, double before, double seconds) {
  return ByteText(std::max(0.0, now - before) / seconds) + "/s";
}

std::string ServerText(const RankView::Server& server, const RankView* before, double seconds) {
  std::string text;
  if (server.rows.has_value()) text = CountText(*server.rows) + " rows, ";
  text += ByteText(server.memory_bytes);
  const RankView::Server* earlier = nullptr;
  if (before != nullptr && seconds > 0) {
    for (const RankView::Server& one : before->servers) {
      if (one.number == server.number) earlier = &one;
    }
  }
  if (earlier == nullptr) {
    text += StrCat("; received ", ByteText(server.received_bytes), " in ",
                   CountText(server.requests), " frames");
    if (server.sent_bytes.has_value()) text += ", sent " + ByteText(*server.sent_bytes);
    return text;
  }
  text += StrCat("; receives ", RateText(server.received_bytes, earlier->received_bytes, seconds),
                 " in ", CountText(std::max(0.0, server.requests - earlier->requests) / seconds),
                 " frames/s");
  if (server.sent_bytes.has_value() && earlier->sent_bytes.has_value()) {
    text += ", sends " + RateText(*server.sent_bytes, *earlier->sent_bytes, seconds);
  }
  return text;
}

std::string RankText(const RunView& view, const RankView& rank) {
  if (!rank.error.empty()) return "rank      " + rank.error + "\n";
  std::string text = StrCat("rank ", rank.rank, ": ", rank.role, " on ", rank.node, ", process of ",
                            ByteText(rank.resident_bytes));
  if (rank.step.has_value()) text += StrCat(", step ", static_cast<uint64_t>(*rank.step));
  text += "\n";
  const RankView* const before = SameRank(view.before, rank);
  for (const RankView::Server& server : rank.servers) {
    text += StrCat("  server ", server.number, ": ",
                   ServerText(server, before, view.seconds_between), "\n");
  }
  return text;
}

}  // namespace

std::string RunText(const RunView& view) {
  std::string text = TitleText(view);
  text += Line("step", StepText(view));
  text += Line("speed", SpeedText(view));
  text += Line("loss", LossText(view));
  text += Line("time", TimeText(view));
  text += Line("evaluated", EvaluationText(view));
  text += Line("saved", CheckpointText(view));
  for (const RankView& rank : view.ranks) text += RankText(view, rank);
  for (const std::string& doubt : view.doubts) text += Line("doubt", doubt);
  for (const std::string& remark : view.remarks) text += Line("note", remark);
  if (view.stale && view.line_age.has_value()) {
    text += Line("note", Printed("no line for %.0f s, and the run has not ended", *view.line_age));
  }
  text += Line("ended", view.ended);
  return text;
}

}  // namespace chorus::launch
