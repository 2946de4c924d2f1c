#include "worker/train/train_progress.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>

#include "common/log.h"
#include "common/strings.h"
#include "worker/metrics/metrics.h"

namespace chorus::worker {
namespace {

std::string Fixed(double value, int digits) {
  char buffer[64];
  std::snprintf(buffer, sizeof(buffer), "%.*f", digits, value);
  return buffer;
}

}  // namespace

TrainProgress::TrainProgress(Session* session, const TrainingData& data)
    : session_(session),
      data_(data),
      speaks_(session->environment().collective->rank() == 0),
      line_(speaks_ ? std::make_unique<ProgressLine>() : nullptr) {}

Result<std::unique_ptr<TrainProgress>> TrainProgress::Create(Session* session,
                                                             const TrainingData& data,
                                                             uint64_t done_steps,
                                                             bool evaluates_again) {
  std::unique_ptr<TrainProgress> progress(new TrainProgress(session, data));
  const std::string path = progress->speaks_ ? session->config().report().metrics() : "";
  ASSIGN_OR_RETURN(progress->writer_, ReportWriter::Open(*session->environment().files, path,
                                                         done_steps, evaluates_again));
  const std::string folder = progress->speaks_ ? session->config().report().tensorboard() : "";
  ASSIGN_OR_RETURN(progress->events_,
                   EventFile::Open(*session->environment().files, folder, done_steps));
  return progress;
}

Report TrainProgress::NewReport(uint64_t step) const {
  Report report;
  report.set_step(step);
  report.set_stage(step == 0 ? 0 : data_.stages.StageOf(step));
  report.set_epoch(step == 0 ? 0 : data_.EpochOf(step) % session_->config().data().epochs());
  report.set_seconds(std::chrono::duration<double>(Clock::now() - begin_).count());
  return report;
}

// "step 7/90  epoch 1  ", or how far the run is in a file of a log that is followed.
std::string TrainProgress::PlaceText(uint64_t step) const {
  if (!data_.followed) return StrCat("step ", step, "/", data_.last_step, EpochText(step));
  return StrCat("step ", step, " (", BaseName(data_.log->files().front()), " to ", data_.last_step,
                ")  ");
}

// "  stage 1/2  epoch 1  "
std::string TrainProgress::EpochText(uint64_t step) const {
  const uint64_t epoch = data_.EpochOf(step) % session_->config().data().epochs();
  const std::string stage =
      data_.stages.stages() == 1
          ? ""
          : StrCat("  stage ", data_.stages.StageOf(step) + 1, "/", data_.stages.stages());
  return StrCat(stage, "  epoch ", epoch + 1, "  ");
}

Result<double> TrainProgress::AddStep(uint64_t step, const std::vector<Normalizer>& normalizers,
                                      std::span<const double> term_sums, uint64_t rows) {
  double loss = 0;
  for (size_t k = 0; k < normalizers.size(); ++k) loss += normalizers[k].scale() * term_sums[k];
  if (!std::isfinite(loss)) return Internal("the loss is not finite");
  exposures_ += rows;
  exposures_since_report_ += rows;
  ++steps_since_report_;
  if (!speaks_) return loss;
  NoteLoss(data_.stages.StageOf(step), loss);
  if (line_->Due()) {
    const double elapsed = line_->elapsed_seconds();
    const double rate = elapsed > 0 ? static_cast<double>(exposures_) / elapsed : 0;
    const double per_step =
        elapsed / static_cast<double>(exposures_ > 0 ? exposures_ : 1) * static_cast<double>(rows);
    const std::string& label = session_->environment().label;
    line_->Show(StrCat(label, label.empty() ? "" : ", ", PlaceText(step),
                       static_cast<uint64_t>(rate), " exposures/s  loss ", Fixed(loss, 5), "  ",
                       ShortTime(per_step * static_cast<double>(data_.last_step - step)), " left"));
  }
  if (step % session_->config().report().every_steps() == 0 || step == data_.last_step) {
    RETURN_IF_ERROR(ReportStep(step, loss, normalizers, term_sums, rows));
  }
  return loss;
}

Status TrainProgress::ReportStep(uint64_t step, double loss,
                                 const std::vector<Normalizer>& normalizers,
                                 std::span<const double> term_sums, uint64_t rows) {
  const Clock::time_point now = Clock::now();
  const double seconds = std::chrono::duration<double>(now - last_report_).count();
  Report report = NewReport(step);
  StepReport* progress = report.mutable_progress();
  progress->set_loss(loss);
  progress->set_rows(rows);
  progress->set_exposures_per_second(static_cast<double>(exposures_since_report_) / seconds);
  progress->set_seconds_left(seconds / static_cast<double>(steps_since_report_) *
                             static_cast<double>(data_.last_step - step));
  const std::vector<Term>& terms = session_->objective().terms();
  for (size_t k = 0; k < terms.size(); ++k) {
    if (terms[k].stage != report.stage()) continue;
    TermLoss* term = progress->add_term();
    term->set_name(terms[k].name);
    term->set_sum(term_sums[k]);
    term->set_denominator(normalizers[k].denominator);
    term->set_weight(normalizers[k].weight);
  }
  if (const std::string doubt = DoubtOfRecentLosses(step == data_.last_step); !doubt.empty()) {
    line_->Clear();
    LogWarning(doubt);
    report.add_doubt(doubt);
  }
  last_report_ = now;
  exposures_since_report_ = 0;
  steps_since_report_ = 0;
  return Tell(report);
}

// The loss of the first step is that of the weights before any update of this run (and stage): about
// what a constant has. The first one that is reported may be one that has exploded already.
void TrainProgress::NoteLoss(uint32_t stage, double loss) {
  if (!first_loss_.has_value() || first_loss_stage_ != stage) {
    first_loss_ = loss;
    first_loss_stage_ = stage;
    doubts_loss_ = false;
    losses_ = 0;
    return;
  }
  recent_losses_[losses_++ % recent_losses_.size()] = loss;
}

// Once per stage. By the lowest of the last steps: one of few conversions may be far above the
// others, and the first updates may overshoot, but a loss that has exploded stays high.
std::string TrainProgress::DoubtOfRecentLosses(bool is_last) {
  const uint64_t known = std::min<uint64_t>(losses_, recent_losses_.size());
  if (doubts_loss_ || known == 0 || (known < recent_losses_.size() && !is_last)) return "";
  const double lowest = *std::min_element(
      recent_losses_.begin(), recent_losses_.begin() + static_cast<std::ptrdiff_t>(known));
  std::string doubt = DoubtOfLoss(first_loss_.value_or(0), lowest);
  doubts_loss_ = !doubt.empty();
  return doubt;
}

Status TrainProgress::AddEvaluation(uint64_t step, const std::string& log,
                                    const Evaluation& evaluation) {
  Report report = NewReport(step);
  report.set_log(log);
  *report.mutable_evaluation() = evaluation;
  line_->Clear();
  const bool is_last = data_.IsLastOfRun(step);
  const TrainConfig& config = session_->config();
  const std::vector<Doubt> doubts =
      is_last ? DoubtsOf(evaluation, config) : DoubtsOfTasks(evaluation, config);
  for (const Doubt& doubt : doubts) report.add_doubt(doubt.text);  // of this evaluation, all
  for (const Doubt& doubt : said_.News(doubts)) LogWarning(doubt.text);
  // The last one is the result, which the command prints.
  if (!is_last) {
    LogInfo("after step ", step, ", on ", log, ":\n", FormatEvaluation(evaluation));
  }
  return Tell(report);
}

Status TrainProgress::Tell(const Report& report) {
  RETURN_IF_ERROR(writer_->Write(report));
  events_->Write(report);
  const auto& on_report = session_->environment().on_report;
  if (speaks_ && on_report) on_report(report);
  return Status::Ok();
}

void TrainProgress::ShowWaiting(const std::string& folder, double seconds) {
  if (line_ == nullptr || !line_->Due()) return;
  const std::string& label = session_->environment().label;
  line_->Show(StrCat(label, label.empty() ? "" : ", ", "step ", data_.last_step,
                     ", waiting for the next file in ", folder, " for ", ShortTime(seconds), " of ",
                     ShortTime(session_->config().data().follow_seconds())));
}

void TrainProgress::Sync() {
  writer_->Sync();
  events_->Sync();
}

void TrainProgress::Finish() {
  if (line_ != nullptr) line_->Clear();
  writer_->Close();
  events_->Close();
}

}  // namespace chorus::worker
