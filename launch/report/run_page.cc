#include "launch/report/run_page.h"

#include <optional>
#include <utility>

#include "common/strings.h"
#include "launch/report/figures.h"
#include "launch/report/html.h"
#include "launch/report/report_log.h"
#include "worker/metrics/doubts.h"
#include "worker/metrics/metrics.h"

namespace chorus::launch {
namespace {

std::string Line(const std::string& what, const std::string& text) {
  return text.empty() ? "" : StrCat("<li><b>", what, "</b> ", Escape(text), "</li>\n");
}

// The method, its logs and the date.
std::string Head(const RunHead& head) {
  if (head.method().empty()) {
    return Element("p",
                   "What this run was made with is not known: no file of its head is beside "
                   "its metrics.");
  }
  const std::vector<std::string> logs(head.log().begin(), head.log().end());
  const std::vector<std::string> tests(head.test_log().begin(), head.test_log().end());
  return StrCat(
      "<ul>\n", Line("Method", head.method()),
      Line("Trained on", StrCat(Join(logs, ", "),
                                head.steps() == 0 ? std::string(", file by file as they came")
                                                  : StrCat(": ", head.exposures(), " exposures, ",
                                                           head.steps(), " steps planned"))),
      Line("Evaluated on", Join(tests, ", ")), Line("Began", head.began()),
      "</ul>\n<details><summary>Configuration</summary>\n<div class=\"scroll\">",
      Element("pre", head.config()), "</div></details>\n");
}

std::string DoubtsOfSteps(const std::vector<Report>& reports) {
  std::string items;
  for (const Report& report : reports) {
    if (!report.has_progress()) continue;
    for (const std::string& doubt : report.doubt()) items += Element("li", doubt);
  }
  return items;
}

// The warnings of train and evaluate, for readers who did not see them.
std::string Doubts(const std::vector<Report>& reports) {
  std::string items;
  for (auto report = reports.rbegin(); report != reports.rend() && items.empty(); ++report) {
    if (!report->has_evaluation()) continue;
    for (const std::string& doubt : report->doubt()) items += Element("li", doubt);
    break;
  }
  const std::string of_losses = DoubtsOfSteps(reports);
  items += of_losses;
  for (const Curve& stage : LossCurves(reports, "")) {
    if (!of_losses.empty()) break;  // the run knew the first step's loss, which may not be reported
    const double first = stage.points.front().y, last = stage.points.back().y;
    if (const std::string doubt = worker::DoubtOfLoss(first, last); !doubt.empty()) {
      items += Element("li", doubt);
    }
  }
  if (!reports.empty()) {
    const std::string doubt = worker::DoubtOfSteps(reports.back().step());
    if (!doubt.empty()) items += Element("li", doubt);
  }
  if (items.empty()) return "";
  return StrCat(Element("h2", "Doubtful"), "<ul>\n", items, "</ul>\n");
}

std::string Losses(const std::vector<Report>& reports) {
  std::vector<std::string> pictures;
  const std::vector<Curve> total = LossCurves(reports, "main");
  if (total.empty()) return "";
  pictures.push_back(
      CurvesPicture("total", "Total loss of the reported steps, by step.", "step", "loss", total));
  for (const std::string& term : TermNames(reports)) {
    const std::vector<Curve> curves = TermCurves(reports, term, "main");
    if (curves.empty()) continue;
    pictures.push_back(CurvesPicture(term, StrCat("Weighted loss of the term ", term, ", by step."),
                                     "step", "loss", curves));
  }
  return Element("h2", "Loss") +
         Figure(pictures,
                "Loss of each reported step: the total and every term as it enters the "
                "total. Each picture has a scale of its own; a method trained in stages "
                "has a line per stage.");
}

// One metric of the evaluations, by step.
using Metric = std::optional<double> (*)(const TaskMetrics& task);

void AddMetric(const std::vector<Report>& reports, const std::string& task, const char* metric,
               Metric value, std::vector<std::string>* pictures) {
  Curve curve{{}, "main"};
  for (const Report& report : reports) {
    if (!report.has_evaluation()) continue;
    const std::optional<TaskMetrics> metrics = FindTask(report.evaluation(), task);
    if (!metrics.has_value()) continue;
    if (const std::optional<double> y = value(*metrics)) {
      curve.points.push_back({static_cast<double>(report.step()), *y});
    }
  }
  if (curve.points.size() < 2) return;  // one evaluation is a number, not a curve
  pictures->push_back(CurvesPicture(StrCat(task, " ", metric),
                                    StrCat(metric, " of ", task, " on the test log, by step."),
                                    "step", "", {curve}));
}

std::string Evaluations(const std::vector<Report>& reports) {
  std::vector<std::string> pictures;
  for (const char* task : {"ctr", "cvr", "ctcvr"}) {
    AddMetric(
        reports, task, "AUC",
        [](const TaskMetrics& t) {
          return t.has_auc() ? std::optional<double>(t.auc()) : std::nullopt;
        },
        &pictures);
    AddMetric(
        reports, task, "log loss",
        [](const TaskMetrics& t) {
          return t.has_log_loss() ? std::optional<double>(t.log_loss()) : std::nullopt;
        },
        &pictures);
  }
  std::string out;
  if (!pictures.empty()) {
    out += Element("h2", "Evaluations") +
           Figure(pictures, "Metrics of each evaluation, by step. CVR counts clicked exposures.");
  }
  if (const Evaluation* const last = LastEvaluation(reports)) {
    out += Element("h2", "Last evaluation") + "<div class=\"scroll\">" +
           Element("pre", worker::FormatEvaluation(*last)) + "</div>\n";
  }
  return out;
}

std::string Calibration(const Evaluation& evaluation) {
  const std::pair<const char*, const char*> tasks[] = {{"ctr", "pCTR on all exposures"},
                                                       {"cvr", "pCVR on clicked exposures"},
                                                       {"ctcvr", "pCTCVR on all exposures"}};
  std::vector<std::string> pictures;
  for (const auto& [task, about] : tasks) {
    const std::optional<TaskMetrics> metrics = FindTask(evaluation, task);
    if (!metrics.has_value() || metrics->calibration().empty()) continue;
    pictures.push_back(CalibrationPicture(
        task, about, {{metrics->calibration().begin(), metrics->calibration().end()}}));
  }
  if (pictures.empty()) return "";
  return Element("h2", "Calibration") +
         Figure(pictures,
                "Rate of positive labels by mean prediction, in 20 bins of equal size; "
                "both axes by square root. On the dashed line predictions are right, "
                "below it they are too high.");
}

std::string Pcoc(const Evaluation& evaluation) {
  const std::vector<PcocBucket> buckets(evaluation.pcoc_bucket().begin(),
                                        evaluation.pcoc_bucket().end());
  if (buckets.empty()) return "";
  return Element("h2", "PCOC by pCTR") +
         Figure({PcocPicture("CVR", buckets, RangeOf(buckets))},
                "Mean pCVR over the conversion rate of clicked exposures, in buckets of this "
                "model's own pCTR; bars are Wilson's 95 % intervals of the rate.");
}

}  // namespace

std::string RunPage(const std::string& name, const RunHead& head,
                    const std::vector<Report>& reports) {
  std::string body = Head(head) + Doubts(reports) + Losses(reports) + Evaluations(reports);
  if (const Evaluation* const last = LastEvaluation(reports)) {
    body += Calibration(*last) + Pcoc(*last);
  }
  return Page("Training run " + name, body);
}

}  // namespace chorus::launch
