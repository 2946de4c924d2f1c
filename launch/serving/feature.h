#pragma once
// What each column of rows that are to be scored becomes: the rules of the model's import, applied
// to numbers and texts in memory. Thread safety: a value that is only read.

#include <cstdint>
#include <string>
#include <vector>

#include "common/status.h"
#include "launch/serving/input_column.h"
#include "launch/serving/served_model.h"
#include "worker/import/column_plan.h"

namespace chorus::launch {

// One column that rows have.
struct Feature {
  std::string name;    // in the model
  std::string column;  // in the text that the model was trained on; mostly the same
  bool context = false;
  bool is_numeric = false;
  // Among the slots, or the numerics, of its side of a Batch; kNoPlace: crossed slots alone read
  // it.
  static constexpr uint32_t kNoPlace = UINT32_MAX;
  uint32_t place = 0;
  bool multi_valued = false, has_values = false;  // of ids
  worker::NumericInfo info;                       // of numbers
  bool missing_is_known = true;                   // of numbers: what stands for one
  // Of the text of this one column, which is an exposure's there. Its rules hold for numbers, too.
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
  // The columns that some layer reads: of contexts, then of exposures, ids before numbers. Behind
  // them those that crossed slots alone read.
  std::vector<Feature> columns = {};
  std::vector<CrossedFeature> crosses = {};
};
// Error: kDataLoss, a crossed slot is made of one that the training log has not.
Result<Features> FeaturesOf(const ServedModel& model);

// The column of each feature of `side`, or null for features of the other side. Columns have the
// names of the text that the model was trained on or, all of them, those of the model's features.
// Errors: kNotFound, names the columns that are not there; kInvalidArgument, a column is there
// twice or has cells of a kind that its feature cannot be.
enum class FeatureSide { kAll, kContexts, kExposures };
Result<std::vector<const InputColumn*>> MatchColumns(const std::vector<Feature>& features,
                                                     const InputColumns& rows, FeatureSide side);

}  // namespace chorus::launch
