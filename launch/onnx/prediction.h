#pragma once
// A model's probabilities from its logits, as each method predicts (worker/objective), in ONNX
// operators. Probabilities are exponentials of their logarithms: onnxruntime's Sigmoid is accurate
// to 1e-7 of 1 and not of the probability; where p is 2e-6, that is 2 % off.
// Thread safety: as OnnxGraph.

#include <functional>
#include <string>

#include "common/config.pb.h"
#include "common/status.h"
#include "launch/onnx/onnx_graph.h"

namespace chorus::launch {

// The logit of a head, [exposures, 1]. Error: there is no such head.
using FindLogit = std::function<Result<OnnxValue>(const std::string& head)>;

struct OnnxPrediction {
  OnnxValue ctr, cvr, ctcvr;  // [exposures, 1]; pCVR, and pCTCVR, may exceed 1 as `predict`'s do
};

// method: its name, for messages. Error: kInvalidArgument, which names a method whose prediction is
// not known here.
Result<OnnxPrediction> AddPrediction(const ObjectiveConfig& objective, const std::string& method,
                                     const FindLogit& logit, OnnxGraph* graph);

}  // namespace chorus::launch
