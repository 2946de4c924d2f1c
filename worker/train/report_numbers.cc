#include "worker/train/report_numbers.h"

#include <google/protobuf/message.h>

#include "common/strings.h"

namespace chorus::worker {
namespace {

using google::protobuf::FieldDescriptor;

// Metrics are the fields that are numbers with a fraction and no bound of another one's error, so
// that a metric that is added to report.proto is shown without a word here.
bool IsMetric(const FieldDescriptor& field) {
  return field.cpp_type() == FieldDescriptor::CPPTYPE_DOUBLE && !field.is_repeated() &&
         !field.name().ends_with("_error_bound");
}

void AddMetrics(const google::protobuf::Message& message, const std::string& of,
                std::vector<ReportNumber>* out) {
  for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
    const FieldDescriptor& field = *message.GetDescriptor()->field(i);
    if (!IsMetric(field)) continue;
    if (field.has_presence() && !message.GetReflection()->HasField(message, &field)) continue;
    out->push_back(
        {"evaluate", of, field.name(), message.GetReflection()->GetDouble(message, &field)});
  }
}

void AddStep(const StepReport& step, std::vector<ReportNumber>* out) {
  out->push_back({"train", "", "loss", step.loss()});
  for (const TermLoss& term : step.term()) {
    if (term.denominator() <= 0) continue;  // its space has no row in this step
    out->push_back({"train", term.name(), "loss", term.sum() / term.denominator()});
  }
  out->push_back({"train", "", "exposures_per_second", step.exposures_per_second()});
}

}  // namespace

std::vector<ReportNumber> NumbersOf(const Report& report) {
  std::vector<ReportNumber> out;
  if (report.has_progress()) AddStep(report.progress(), &out);
  const Evaluation& evaluation = report.evaluation();
  for (const TaskMetrics& task : evaluation.task()) AddMetrics(task, task.task(), &out);
  for (const OracleMetrics& oracle : evaluation.oracle()) {
    AddMetrics(oracle, oracle.space(), &out);
  }
  for (const RankingMetrics& ranking : evaluation.ranking()) {
    AddMetrics(ranking, StrCat("top", ranking.k()), &out);
  }
  AddMetrics(evaluation, "", &out);
  return out;
}

}  // namespace chorus::worker
