#include "worker/model/model.h"

#include <cmath>

#include "common/strings.h"
#include "common/table_spec.h"
#include "worker/model/trainable.h"

namespace chorus::worker {
namespace {

// Sequences multiply: an attention keeps length^2 numbers per head and row.
Status CheckMemory(const Network& network, uint32_t grain_rows) {
  constexpr double kMostGiB = 16;
  double floats = 0;
  for (const GroupPlan& group : network.groups) floats += group.graph.FloatsOfRow();
  const double gib = floats * grain_rows * sizeof(float) / (1 << 30);
  if (gib <= kMostGiB) return Status::Ok();
  return InvalidArgument(
      StrCat("a grain of ", grain_rows, " exposures takes ", std::lround(gib),
             " GiB for its layers; expected: 16 at most. Lower step.grain_rows, the slots' "
             "max_length, or heads and layers of self_attention"));
}

}  // namespace

Result<Model> Model::Make(const TrainConfig& config, const LogSchema& schema,
                          const MethodShape& shape) {
  Model model;
  ASSIGN_OR_RETURN(model.inputs, InputLayout::Make(config, schema));
  ASSIGN_OR_RETURN(model.network, Network::Make(config.model(), model.inputs, shape));
  RETURN_IF_ERROR(CheckMemory(model.network, config.step().grain_rows()));
  for (const TableSpec& table : TablesOf(config, shape.group_names())) {
    model.dims.push_back(table.config.dim());
  }
  for (const TableConfig& table : config.table()) {
    model.trainable_tables.push_back(IsTrainable(table));
  }
  return model;
}

}  // namespace chorus::worker
