#include "worker/log/row_sample.h"

#include <utility>
#include <vector>

#include "common/key.h"
#include "worker/log/format.h"
#include "worker/log/gather.h"
#include "worker/log/group_id.h"
#include "worker/log/window.h"

namespace chorus::worker {
namespace {

// Another hash than the one by which groups are dealt to workers: a sample leaves no worker out.
uint64_t SampleHash(uint64_t id) { return Mix(Mix(id ^ 0x73616d706c6500ULL) + 1); }

class SampledReader final : public GrainReader {
 public:
  SampledReader(const LogSchema& schema, const RowSample& sample,
                std::unique_ptr<GrainReader> reader)
      : schema_(schema), sample_(sample), reader_(std::move(reader)) {}

  Status Read(uint64_t step, uint32_t grain, Batch* out) override {
    RETURN_IF_ERROR(reader_->Read(step, grain, out));
    KeepSample(schema_, sample_, out, &scratch_);
    return Status::Ok();
  }

 private:
  const LogSchema& schema_;
  const RowSample sample_;
  const std::unique_ptr<GrainReader> reader_;
  Batch scratch_;
};

class SampledPlan final : public ReadingPlan {
 public:
  SampledPlan(const LogSchema* schema, const ReadingPlan* plan, const RowSample& sample)
      : schema_(*schema), plan_(*plan), sample_(sample) {}

  uint64_t total_steps() const override { return plan_.total_steps(); }
  uint64_t epoch_of_step(uint64_t step) const override { return plan_.epoch_of_step(step); }
  uint64_t last_step_of_epoch(uint64_t epoch) const override {
    return plan_.last_step_of_epoch(epoch);
  }
  ReadingCounts counts() const override { return plan_.counts(); }
  std::vector<std::unique_ptr<GrainReader>> NewReaders(GrainRange grains,
                                                       uint32_t count) const override {
    std::vector<std::unique_ptr<GrainReader>> readers = plan_.NewReaders(grains, count);
    for (std::unique_ptr<GrainReader>& reader : readers) {
      reader = std::make_unique<SampledReader>(schema_, sample_, std::move(reader));
    }
    return readers;
  }

 private:
  const LogSchema& schema_;
  const ReadingPlan& plan_;
  const RowSample sample_;
};

template <typename T>
void AppendKept(const std::vector<T>& from, const std::vector<RowRef>& kept, std::vector<T>* out) {
  if (from.empty()) return;
  for (const RowRef ref : kept) out->push_back(from[ref.row]);
}

}  // namespace

RowSample::RowSample(uint64_t max_rows, uint64_t rows) {
  if (max_rows == 0 || rows <= max_rows) return;
  share_ = static_cast<double>(max_rows) / static_cast<double>(rows);
  below_ = static_cast<uint64_t>(share_ * 0x1p64);
}

bool RowSample::Has(const Batch& batch, uint32_t row) const {
  if (all()) return true;
  const bool grouped = !batch.group.empty() && batch.group[row] != kNoGroup;
  return SampleHash(grouped ? batch.group[row] : batch.row_id[row]) < below_;
}

void KeepSample(const LogSchema& schema, const RowSample& sample, Batch* batch, Batch* scratch) {
  std::vector<RowRef> kept, contexts;
  for (uint32_t row = 0; row < batch->rows(); ++row) {
    if (sample.Has(*batch, row)) kept.push_back({0, row});
  }
  if (kept.size() == batch->rows()) return;
  ClearBatch(schema, scratch);
  constexpr uint32_t kUnused = UINT32_MAX;
  std::vector<uint32_t> number(batch->contexts.rows, kUnused);  // of a context in the sample
  for (const RowRef ref : kept) {
    uint32_t& context = number[batch->context_of[ref.row]];
    if (context == kUnused) {
      context = static_cast<uint32_t>(contexts.size());
      contexts.push_back({0, batch->context_of[ref.row]});
    }
    scratch->context_of.push_back(context);
  }
  const FeatureColumns* const context_side = &batch->contexts;
  const FeatureColumns* const exposure_side = &batch->exposures;
  AppendRows(schema, true, {&context_side, 1}, contexts, &scratch->contexts);
  AppendRows(schema, false, {&exposure_side, 1}, kept, &scratch->exposures);
  AppendKept(batch->row_id, kept, &scratch->row_id);
  AppendKept(batch->row_id_text, kept, &scratch->row_id_text);
  AppendKept(batch->click, kept, &scratch->click);
  AppendKept(batch->conversion, kept, &scratch->conversion);
  AppendKept(batch->weight, kept, &scratch->weight);
  AppendKept(batch->group, kept, &scratch->group);
  AppendKept(batch->time, kept, &scratch->time);
  std::swap(*batch, *scratch);
}

std::unique_ptr<ReadingPlan> NewSampledPlan(const LogSchema* schema, const ReadingPlan* plan,
                                            const RowSample& sample) {
  return std::make_unique<SampledPlan>(schema, plan, sample);
}

}  // namespace chorus::worker
