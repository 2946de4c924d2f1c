#include "worker/train/warm_towers.h"

#include <string>

#include "common/config.h"
#include "common/strings.h"
#include "worker/steps/fit_model.h"
#include "worker/train/checkpoint_store.h"

namespace chorus::worker {
namespace {

// Whether these layers mean the same in a job that has no others.
bool StandAlone(const ModelConfig& model) {
  if (model.encoder_size() > 0 || model.transfer_size() > 0 || model.tower_size() != 1 ||
      model.shared_bottom().hidden_size() > 0) {
    return false;
  }
  const TowerConfig& tower = model.tower(0);
  const bool plain =
      tower.wide_size() == 0 || (tower.wide_size() == 1 && tower.wide(0) == "inputs");
  return tower.head().empty() && tower.input_size() == 0 && plain;
}

}  // namespace

Result<std::optional<FittedSetting>> TakeTowersOfWarmStart(FileSystem& files,
                                                           TrainConfig* written) {
  const std::string& path = written->warm_start().checkpoint();
  if (path.empty() || !LeavesLayersOpen(written->model())) return std::optional<FittedSetting>();
  ASSIGN_OR_RETURN(const std::string folder, ChooseCheckpoint(files, path, false));
  ASSIGN_OR_RETURN(const CheckpointManifest manifest, ReadManifest(files, folder));
  TrainConfig earlier = manifest.config();
  RETURN_IF_ERROR(FinishTrainConfig(folder, &earlier));
  if (!StandAlone(earlier.model())) return std::optional<FittedSetting>();
  TowerConfig* tower = written->mutable_model()->add_tower();
  *tower->mutable_hidden() = earlier.model().tower(0).hidden();
  *tower->mutable_wide() = earlier.model().tower(0).wide();
  return std::optional<FittedSetting>(
      {"model.tower", TowerText(*tower), StrCat("those of warm_start.checkpoint, ", folder)});
}

}  // namespace chorus::worker
