#include "worker/synthetic/block_maker.h"

#include <algorithm>

#include "worker/synthetic/request_plan.h"

namespace chorus::worker {

BlockMaker::BlockMaker(const World& world)
    : world_(world), stream_(world.config().stream()), features_(world) {}

uint64_t BlockMaker::blocks() const {
  const uint64_t rows = world_.config().block_rows();
  return (world_.config().exposures() + rows - 1) / rows;
}

void BlockMaker::Make(uint64_t block, GeneratedBlock* out) const {
  const GenerateConfig& config = world_.config();
  const uint64_t begin = block * config.block_rows();
  const uint64_t end = std::min<uint64_t>(begin + config.block_rows(), config.exposures());
  Batch& batch = out->batch;
  features_.Begin(&batch);
  out->potential_conversion.clear();
  out->oracle.clear();
  for (uint64_t exposure = begin; exposure < end;) {
    const RequestSpan span = RequestOfExposure(config.seed(), stream_, exposure);
    const Scenery scenery = world_.DrawScenery(stream_, span.request);
    const User user = world_.MakeUser(scenery.user);
    const uint32_t context = features_.AddContext(user, scenery, &batch);
    const uint64_t stop = std::min(end, span.first_exposure + span.exposures);
    for (; exposure < stop; ++exposure) {
      const ShownItem shown = world_.DrawShown(stream_, exposure, scenery.user);
      const Item item = world_.MakeItem(shown.item);
      features_.AddExposure(user, item, shown.position, &batch);
      batch.context_of.push_back(context);
      batch.group.push_back(scenery.user);
      batch.time.push_back(static_cast<int64_t>(span.request));
      AddLabels(exposure, world_.LogitsOf(user, item, shown.position, scenery.hour), out);
    }
  }
}

void BlockMaker::AddLabels(uint64_t exposure, const Logits& logits, GeneratedBlock* out) const {
  const OracleRow truth = world_.Truth(logits, world_.HiddenConfounder(stream_, exposure));
  const bool click = world_.DrawClick(stream_, exposure, truth);
  const bool potential = world_.DrawConversion(stream_, exposure, truth);
  out->batch.row_id.push_back(exposure);
  out->batch.click.push_back(click);
  out->batch.conversion.push_back(click && potential);
  out->potential_conversion.push_back(potential);
  out->oracle.push_back(truth);
}

}  // namespace chorus::worker
