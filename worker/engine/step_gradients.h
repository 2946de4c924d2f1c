#pragma once
// What a step sends to servers, given which table instances its stage trains. Thread safety: pure
// function.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "worker/objective/method_shape.h"
#include "worker/servers/ps_client.h"

namespace chorus::worker {

// Of a step of `stage`: what `sums` gives for each table instance of the groups that it trains;
// those of earlier stages, and those that are not trainable, are only read, and those of later ones
// not at all.  trainable: [tables of each group]. lr_factors are the caller's.
StepGradients GradientsOfStage(
    const MethodShape& shape, const std::vector<bool>& trainable, uint32_t stage,
    const std::function<std::vector<NodeGradient>(uint32_t instance)>& sums);

}  // namespace chorus::worker
