#pragma once
// What a training run tells its user: step reports and evaluations in metrics.jsonl, in
// TensorBoard's files and to whoever watches the run, a status line, plain lines. Only worker 0
// prints and writes; the others only count. Thread safety: the trainer's thread.

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/progress.h"
#include "common/report.pb.h"
#include "common/status.h"
#include "worker/metrics/doubts.h"
#include "worker/objective/objective.h"
#include "worker/steps/training_data.h"
#include "worker/train/event_file.h"
#include "worker/train/report_writer.h"
#include "worker/train/session.h"

namespace chorus::worker {

class TrainProgress {
 public:
  // done_steps: before this run. evaluates_again: the last of them is evaluated (once more), in
  // place of what the file says of it. `session` and `data` outlive this; data may become that of
  // the next file of a log that is followed.
  static Result<std::unique_ptr<TrainProgress>> Create(Session* session, const TrainingData& data,
                                                       uint64_t done_steps, bool evaluates_again);

  // normalizers, term_sums: [terms], of the whole step. Returns the step's total loss. Error:
  // kInternal if it is not finite.
  Result<double> AddStep(uint64_t step, const std::vector<Normalizer>& normalizers,
                         std::span<const double> term_sums, uint64_t rows);
  Status AddEvaluation(uint64_t step, const std::string& log, const Evaluation& evaluation);
  // Between two files of a log that is followed: what the run waits for.
  void ShowWaiting(const std::string& folder, double seconds);
  void Sync();  // reports so far survive a crash
  void Finish();

  uint64_t exposures() const { return exposures_; }

 private:
  using Clock = std::chrono::steady_clock;
  TrainProgress(Session* session, const TrainingData& data);
  std::string PlaceText(uint64_t step) const;
  std::string EpochText(uint64_t step) const;
  Report NewReport(uint64_t step) const;
  Status Tell(const Report& report);
  void NoteLoss(uint32_t stage, double loss);
  std::string DoubtOfRecentLosses(bool is_last);  // "" = none
  Status ReportStep(uint64_t step, double loss, const std::vector<Normalizer>& normalizers,
                    std::span<const double> term_sums, uint64_t rows);

  Session* const session_;
  const TrainingData& data_;
  const bool speaks_;  // worker 0
  std::unique_ptr<ReportWriter> writer_;
  std::unique_ptr<EventFile> events_;
  std::unique_ptr<ProgressLine> line_;
  const Clock::time_point begin_ = Clock::now();
  Clock::time_point last_report_ = begin_;
  std::optional<double> first_loss_;  // of the stage's first step in this run
  uint32_t first_loss_stage_ = 0;
  bool doubts_loss_ = false;  // whether it has been said
  SaidDoubts said_;           // of evaluations
  uint64_t exposures_ = 0;
  uint64_t steps_since_report_ = 0;
  uint64_t exposures_since_report_ = 0;
  std::array<double, 10> recent_losses_{};  // of the stage's last steps after its first
  uint64_t losses_ = 0;                     // of the stage so far
};

}  // namespace chorus::worker
