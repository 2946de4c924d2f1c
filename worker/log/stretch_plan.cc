#include "worker/log/stretch_plan.h"

#include <utility>
#include <vector>

#include "common/check.h"
#include "worker/log/window.h"

namespace chorus::worker {
namespace {

class StretchReader final : public GrainReader {
 public:
  StretchReader(const LogSchema& schema, const StretchOptions& options, GrainRange grains,
                std::unique_ptr<GrainReader> reader)
      : schema_(schema), options_(options), grains_(grains), reader_(std::move(reader)) {}

  Status Read(uint64_t step, uint32_t grain, Batch* out) override {
    CHECK(grain >= grains_.begin && grain < grains_.end, "grain ", grain);
    const uint64_t number = options_.stretch.begin + (step - 1) * options_.grains_per_step + grain;
    if (number < options_.stretch.end) {
      return reader_->Read(1 + number / options_.plan_grains,
                           static_cast<uint32_t>(number % options_.plan_grains), out);
    }
    ClearBatch(schema_, out);
    return Status::Ok();
  }

 private:
  const LogSchema& schema_;
  const StretchOptions options_;
  const GrainRange grains_;
  const std::unique_ptr<GrainReader> reader_;  // of all grains of the plan
};

class StretchPlan final : public ReadingPlan {
 public:
  StretchPlan(const LogSchema* schema, const ReadingPlan* plan, const StretchOptions& options)
      : schema_(*schema), plan_(*plan), options_(options) {}

  uint64_t total_steps() const override {
    const uint64_t grains = options_.stretch.end - options_.stretch.begin;
    return (grains + options_.grains_per_step - 1) / options_.grains_per_step;
  }
  uint64_t epoch_of_step(uint64_t) const override { return 0; }
  uint64_t last_step_of_epoch(uint64_t) const override { return total_steps(); }
  ReadingCounts counts() const override { return plan_.counts(); }
  std::vector<std::unique_ptr<GrainReader>> NewReaders(GrainRange grains,
                                                       uint32_t count) const override {
    CHECK(grains.end <= options_.grains_per_step, "grains to ", grains.end);
    auto readers = plan_.NewReaders({0, options_.plan_grains}, count);
    for (std::unique_ptr<GrainReader>& reader : readers) {
      reader = std::make_unique<StretchReader>(schema_, options_, grains, std::move(reader));
    }
    return readers;
  }

 private:
  const LogSchema& schema_;
  const ReadingPlan& plan_;
  const StretchOptions options_;
};

}  // namespace

Stretch StretchOfWorker(uint32_t worker, uint32_t workers, uint64_t grains) {
  return {grains * worker / workers, grains * (worker + 1) / workers};
}

std::unique_ptr<ReadingPlan> NewStretchPlan(const LogSchema* schema, const ReadingPlan* plan,
                                            const StretchOptions& options) {
  CHECK(options.plan_grains >= 1 && options.grains_per_step >= 1 &&
            options.stretch.begin <= options.stretch.end,
        "stretch of ", options.stretch.begin, " to ", options.stretch.end);
  return std::make_unique<StretchPlan>(schema, plan, options);
}

}  // namespace chorus::worker
