#pragma once
// How columns of rows that are to be scored become the model's inputs: the rules of the model's
// import, applied to numbers and texts in memory. Thread safety: a value that is only read.

#include <cstdint>
#include <string>
#include <vector>

#include "common/status.h"
#include "launch/serving/input_column.h"
#include "launch/serving/served_model.h"
#include "worker/import/column_plan.h"

namespace chorus::launch {

// One column of the rows.
struct Feature {
  std::string name;    // in the model
  std::string column;  // in the text that the model was trained on; mostly the same
  bool context = false;
  bool is_numeric = false;
  // Its number among the slots, or the numerics, of its side of a Batch; kNoPlace: only crossed
  // slots read it.
  static constexpr uint32_t kNoPlace = UINT32_MAX;
  uint32_t place = 0;
  bool multi_valued = false, has_values = false;  // of ids
  worker::NumericInfo info;                       // of numbers
  bool missing_is_known = true;                   // of numbers: whether a missing one has a value
  // The plan of a text with only this column, which belongs to the exposure there. Its rules hold
  // for numbers, too.
  worker::ColumnPlan text;

  const worker::SlotPlan& slot() const { return text.exposures.slots[0]; }
  const worker::NumericPlan& numeric() const { return text.exposures.numerics[0]; }
};

// A slot of the model whose ids are made of those of other columns (worker/import/crossed_slots.h).
struct CrossedFeature {
  struct Part {
    size_t feature = 0;  // into Features::columns
    bool context = false;
    uint64_t space_seed = 0;
  };
  bool context = false;
  uint32_t place = 0;  // among the slots of its side of a Batch
  uint64_t space_seed = 0;
  std::vector<Part> parts;
};

struct Features {
  // The columns that some layer reads: those of contexts, then those of exposures, ids before
  // numbers; behind them the columns that only crossed slots read.
  std::vector<Feature> columns = {};
  std::vector<CrossedFeature> crosses = {};
};
// Error: kDataLoss when a crossed slot is made of a slot that the training log lacks.
Result<Features> FeaturesOf(const ServedModel& model);

// The column of each feature of `side`, or null for features of the other side. Columns have the
// names of the text that the model was trained on, or else all of them have the names of the
// model's features. Errors: kNotFound, which names the missing columns; kInvalidArgument when a
// column is there twice, or has cells of a kind that its feature cannot have.
enum class FeatureSide { kAll, kContexts, kExposures };
Result<std::vector<const InputColumn*>> MatchColumns(const std::vector<Feature>& features,
                                                     const InputColumns& rows, FeatureSide side);

}  // namespace chorus::launch
