#pragma once
// The scores of a log as a folder of files: part-00000.tsv and so on, one of each worker, and
// manifest.json (prediction.proto). Each worker scores one stretch of the log and writes it itself:
// no score crosses the network, and memory holds a step. The files one after the other are the
// bytes that Predict (predictor.h) writes, for any number of workers.
// Thread safety: the trainer's thread; every worker calls the same.

#include <string>

#include "common/status.h"
#include "worker/train/session.h"

namespace chorus::worker {

inline constexpr char kPartsManifestName[] = "manifest.json";

// Scores evaluate.log into the new folder `output`, which appears when all files are whole
// (output_folder.h). All workers reach it under this path. Errors: of OutputFolder, of the log, of
// the file system; kFailedPrecondition when a worker's file is not where worker 0 looks for it.
Status PredictParts(Session* session, const std::string& output);

}  // namespace chorus::worker
