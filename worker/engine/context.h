#pragma once
// What an engine is given: the job as far as an engine needs to know it. Thread safety: a value;
// what it points to outlives the engine.

#include <cstdint>

#include "common/config.pb.h"
#include "common/tree.h"
#include "worker/collective/collective.h"
#include "worker/math/thread_pool.h"
#include "worker/model/dense_weights.h"
#include "worker/model/model.h"
#include "worker/objective/objective.h"

namespace chorus::worker {

struct EngineContext {
  const TrainConfig* config = nullptr;  // with defaults applied
  const Model* model = nullptr;
  const Objective* objective = nullptr;
  DenseWeights* weights = nullptr;  // moved or brought up to date by the engine, see Engine
  GrainRange grains;                // of this worker
  uint32_t extras = 0;              // doubles per grain, see Engine::Extras
  ThreadPool* pool = nullptr;       // this machine's cores
  Collective* workers = nullptr;
};

}  // namespace chorus::worker
