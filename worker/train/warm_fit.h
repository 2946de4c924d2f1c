#pragma once
// What a model takes over from a checkpoint of another one: all that has the same name, shape and
// kind. Inputs are matched by the names of their columns, so that a log with a feature more or less
// keeps the rest of its first layer, and so does a model whose towers get embeddings of their own.
// A slot is of the same kind where it has one id or several, values or not, and the same key space.
// Of another kind, what a first layer knows of it begins anew; a table's rows are found by key, so
// that ids of the same key space keep their embeddings. A column may change its side.
// What has a row or column for each slot or pair of slots (slot_gate, and what reads it or
// slot_dots) is taken only where the slots and their order are the same.
// Thread safety: pure functions.

#include <string>
#include <vector>

#include "common/checkpoint.pb.h"
#include "common/config.pb.h"
#include "common/status.h"
#include "worker/log/batch.h"
#include "worker/model/input_layout.h"
#include "worker/train/dense_state.h"

namespace chorus::worker {

struct WarmFit {
  DenseState state;                 // of the new model's arrays
  std::vector<std::string> taken;   // dense arrays that came whole
  std::vector<std::string> partly;  // dense arrays of which some rows begin anew
  // Arrays, tables and columns that the checkpoint does not have; arrays that do not fit, and why.
  std::vector<std::string> begin_new;
  std::vector<std::string> left;  // arrays, tables and columns that the model has not
  // Columns that are taken although they were of contexts there and are of exposures here, or the
  // other way round.
  std::vector<std::string> moved;
};

// there: the checkpoint's dense state.  manifest: of the checkpoint.  config, tables (names of
// instances), schema, inputs: of the new model, whose initial weights and state are `here`.  Error:
// kInvalidArgument when the checkpoint's own configuration does not fit its columns.
Result<WarmFit> FitState(const DenseState& there, const CheckpointManifest& manifest,
                         const TrainConfig& config, const std::vector<std::string>& tables,
                         const LogSchema& schema, const InputLayout& inputs, DenseState here);

}  // namespace chorus::worker
