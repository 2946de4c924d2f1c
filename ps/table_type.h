#pragma once
// The part of one table instance that all shards of a server share: shape, optimizer and initial
// values.
// Thread safety: immutable; any thread.

#include <cstdint>

#include "common/optimizer_config.h"
#include "common/table_spec.h"
#include "ps/initializer.h"
#include "ps/row.h"

namespace chorus::ps {

struct TableType {
  // REQUIRES: table.config is complete (common/config.h).
  TableType(uint64_t seed, const TableSpec& table)
      : spec(table),
        optimizer(ParametersOf(table.config.optimizer())),
        initializer(seed, table),
        layout{table.config.dim(), optimizer.state_floats(table.config.dim())},
        unseen_is_zero(table.config.unseen() == TableConfig::ZERO) {}

  // Weights and optimizer state of a row that was never updated. floats: [dim + state_floats].
  void InitializeFloats(Key key, float* floats) const {
    initializer.Fill(key, floats);
    InitializeState(floats);
  }

  // The state alone, behind the row's initial weights.
  void InitializeState(float* floats) const {
    float* const state = floats + layout.dim;
    optimizer.InitializeState(floats, layout.dim, state, state + layout.dim);
  }

  TableSpec spec;
  OptimizerParameters optimizer;
  Initializer initializer;
  RowLayout layout;
  bool unseen_is_zero;
};

}  // namespace chorus::ps
