#pragma once
// A model as `chorus export` wrote it, loaded and checked: the network, the dense weights and the
// tables. Thread safety: only read once it is loaded.

#include <memory>
#include <string>
#include <vector>

#include "common/export.pb.h"
#include "common/file.h"
#include "common/matrix_view.h"
#include "common/status.h"
#include "launch/serving/served_network.h"
#include "launch/serving/served_table.h"
#include "worker/log/batch.h"
#include "worker/objective/objective.h"
#include "worker/objective/prediction.h"

namespace chorus::launch {

struct ServedModel {
  ExportManifest manifest;
  TrainConfig config;        // complete
  worker::LogSchema schema;  // columns of the training log, and how text becomes them
  std::unique_ptr<worker::Objective> objective;
  ServedNetwork network;
  std::vector<float> parameters;    // [model().parameters().size()]
  std::vector<ServedTable> tables;  // [table instances of model()]

  const worker::Model& model() const { return network.served; }
};

// Reads every file of the export and compares size, checksum and shape with the manifest. Errors,
// which name the file: kNotFound when `folder` is no export; kFailedPrecondition for another
// format, that of an earlier build, or layers that this build makes in another way; kDataLoss when
// a file is damaged or belongs to another export, or holds a value that is not finite.
Result<std::unique_ptr<ServedModel>> LoadModel(FileSystem& files, const std::string& folder);

// The prediction of row `row`. logits: [rows, served heads]. scratch: memory that calls reuse.
worker::Prediction PredictionOf(const ServedModel& model, MatrixView<const float> logits,
                                int64_t row, std::vector<float>* scratch);

}  // namespace chorus::launch
