#include "worker/model/model.h"

#include "common/table_spec.h"
#include "worker/model/trainable.h"

namespace chorus::worker {

Result<Model> Model::Make(const TrainConfig& config, const LogSchema& schema,
                          const MethodShape& shape) {
  Model model;
  ASSIGN_OR_RETURN(model.inputs, InputLayout::Make(config, schema));
  ASSIGN_OR_RETURN(model.network, Network::Make(config.model(), model.inputs, shape));
  for (const TableSpec& table : TablesOf(config, shape.group_names())) {
    model.dims.push_back(table.config.dim());
  }
  for (const TableConfig& table : config.table()) {
    model.trainable_tables.push_back(IsTrainable(table));
  }
  return model;
}

}  // namespace chorus::worker
