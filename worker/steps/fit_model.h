#pragma once
// The part of fit_settings.h that concerns the model and its method: towers, dense rates, and where a
// method divides its terms and cuts its inverse propensities.
// Thread safety: pure functions.

#include <vector>

#include "common/config.pb.h"
#include "worker/steps/fit_settings.h"

namespace chorus::worker {

// Whether the user leaves all layers to Chorus. A user who writes an encoder, a shared bottom or a
// transfer has chosen a model: a wide part would make another model of it (an encoder beside a wide
// part is Wide & Deep or DeepFM), and transfers count hidden layers. The towers then have the
// default.
bool LeavesLayersOpen(const ModelConfig& model);

// "{hidden: [64, 32] wide: ["inputs"]}", as --set model.tower takes it.
std::string TowerText(const TowerConfig& tower);

// Set what is not written in config->model() and config->objective(), and append it to *fitted.
// decays: whether the dense rate decays, where its schedule is not written.
void FitModel(const LogSize& log, FitRules rules, bool decays, TrainConfig* config,
              std::vector<FittedSetting>* fitted);
void FitObjective(const LogSize& log, FitRules rules, TrainConfig* config,
                  std::vector<FittedSetting>* fitted);

// Set the same fields to what they are in `earlier`, a complete configuration.
void KeepModel(const TrainConfig& earlier, TrainConfig* config);
void KeepObjective(const TrainConfig& earlier, TrainConfig* config);

}  // namespace chorus::worker
