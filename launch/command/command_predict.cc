// `chorus predict`: pCTR, pCVR and pCTCVR of every exposure of a log.

#include <memory>

#include "common/file.h"
#include "common/output_file.h"
#include "launch/command/commands.h"
#include "launch/command/scoring.h"
#include "worker/train/predictor.h"

namespace chorus::launch {
namespace {

// Worker 0 writes; the others compute along.
Status PredictTo(worker::Session* session, const std::string& path) {
  FileSystem& files = *session->environment().files;
  std::unique_ptr<OutputFile> out;
  if (session->environment().collective->rank() == 0) {
    if (path != "-") RETURN_IF_ERROR(files.CreateDirectories(DirectoryOf(path)));
    ASSIGN_OR_RETURN(out, OutputFile::Create(files, path));
  }
  const auto write = [&](std::string_view text) { return out->Append(text); };
  RETURN_IF_ERROR(worker::Predict(session, write));
  return out == nullptr ? Status::Ok() : out->Commit();
}

}  // namespace

Status RunPredict(const PredictArguments& arguments) {
  return RunScoring(
      {arguments.config, arguments.checkpoint, arguments.best, LogOverrides(arguments.log)},
      [&](worker::Session* session) { return PredictTo(session, arguments.output); });
}

}  // namespace chorus::launch
