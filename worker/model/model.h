#pragma once
// What a job computes: the columns of a log that its model reads, and the network over them. It is
// made once per job, and every engine computes from it. No weights and no arithmetic.
// Thread safety: a value.

#include <cstdint>
#include <vector>

#include "common/config.pb.h"
#include "common/status.h"
#include "worker/log/batch.h"
#include "worker/model/input_layout.h"
#include "worker/model/network.h"
#include "worker/objective/method_shape.h"

namespace chorus::worker {

struct Model {
  InputLayout inputs;
  Network network;
  // Dimension of each table instance: the configured tables of the first embedding group, then
  // those of the second, ...
  std::vector<uint32_t> dims;
  std::vector<bool> trainable_tables;  // [configured tables]

  // config: with defaults applied.  schema: of the log that the model is made for.  shape: the
  // objective's.  Error: kInvalidArgument, see InputLayout::Make and Network::Make; or layers that
  // would take too much memory.
  static Result<Model> Make(const TrainConfig& config, const LogSchema& schema,
                            const MethodShape& shape);

  const ParameterLayout& parameters() const { return network.parameters; }
};

}  // namespace chorus::worker
