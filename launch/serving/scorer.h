#pragma once
// Scores rows with an exported model, in this process and without a job: no ranks, no servers, no
// MPI. Scores are those of `chorus predict`, up to the rounding of float32, and the scores of a row
// do not depend on the rows beside it by more than that. The context of rows that share one is read
// and computed once.
// Thread safety: any number of threads may call Score of one scorer at the same time; each call
// computes on its own thread.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "common/config.pb.h"
#include "common/export.pb.h"
#include "common/file.h"
#include "common/status.h"
#include "launch/serving/input_column.h"

namespace chorus::launch {

struct FeatureInfo {
  std::string name;    // in the model
  std::string column;  // in the text that the model was trained on
  bool context = false;
  bool is_numeric = false;    // else ids
  bool multi_valued = false;  // a row may have any number of ids
  bool has_values = false;    // each id has a factor
};

// Where the scores of each row go, [rows] each.
struct ScoredRows {
  std::span<double> pctr, pcvr, pctcvr;
};

class Scorer {
 public:
  // precision: of matrix products (compute.precision); unspecified: that of the training, with FP32
  // in place of TF32. Errors: those of LoadModel; kFailedPrecondition when this CPU lacks what the
  // precision needs.
  static Result<std::unique_ptr<Scorer>> Load(
      FileSystem& files, const std::string& folder,
      ComputeConfig::Precision precision = ComputeConfig::PRECISION_UNSPECIFIED);
  virtual ~Scorer() = default;

  virtual const ExportManifest& manifest() const = 0;
  // The columns that rows must have: those of contexts, then those of exposures.
  virtual const std::vector<FeatureInfo>& features() const = 0;

  // Scores rows that have all columns. Consecutive rows with equal cells in the contexts' columns
  // share a context. Errors: those of MatchColumns; kInvalidArgument for a cell that its feature
  // cannot have; kFailedPrecondition when a score is not finite.
  virtual Status Score(const InputColumns& rows, const ScoredRows& out) const = 0;
  // Scores exposures whose contexts are given apart: exposure i has the context of row
  // context_of[i], in any order. Error, besides those above: kInvalidArgument for a number beyond
  // the contexts' rows.
  virtual Status Score(const InputColumns& contexts, const InputColumns& exposures,
                       std::span<const int64_t> context_of, const ScoredRows& out) const = 0;
};

}  // namespace chorus::launch
