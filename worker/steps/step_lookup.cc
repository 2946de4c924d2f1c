#include "worker/steps/step_lookup.h"

#include <algorithm>
#include <vector>

namespace chorus::worker {

RowLabels LabelsOf(const Batch& batch) {
  return {batch.click.data(), batch.conversion.data(),
          batch.weight.empty() ? nullptr : batch.weight.data(), batch.rows(), batch.row_id.data()};
}

StepLookup::StepLookup(const SlotReads& slot_reads, uint32_t tables, uint32_t shards,
                       const Objective* objective)
    : tables_(tables),
      shards_(shards),
      objective_(objective),
      lookup_(slot_reads, tables, shards) {}

void StepLookup::Resolve(StepBatch* batch) {
  batch->spaces.resize(batch->grains.size());
  for (size_t g = 0; g < batch->grains.size(); ++g) {
    batch->spaces[g] = objective_->SumSpaces(LabelsOf(batch->grains[g]));
  }
  batch->keys.resize(tables_);
  lookup_.Resolve(batch->grains, &batch->keys, &batch->positions);
  RepeatKeys(batch);
}

// The groups of this stage and of earlier ones look up the same keys, those of later stages none.
// The look-up has written the keys of group 0, so that its turn to lose them comes last.
void StepLookup::RepeatKeys(StepBatch* batch) const {
  const std::vector<Group>& groups = objective_->shape().groups;
  const TableKeys none = {{}, std::vector<uint32_t>(shards_, 0)};
  // The vector copies its own elements below: it must not grow meanwhile.
  batch->keys.reserve(size_t{tables_} * groups.size());
  for (size_t group = 1; group < groups.size(); ++group) {
    for (uint32_t table = 0; table < tables_; ++table) {
      batch->keys.push_back(groups[group].stage <= batch->stage ? batch->keys[table] : none);
    }
  }
  if (groups[0].stage > batch->stage) std::fill_n(batch->keys.begin(), tables_, none);
}

}  // namespace chorus::worker
