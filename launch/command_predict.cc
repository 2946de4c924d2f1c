// `chorus predict`: pCTR, pCVR and pCTCVR of every exposure of a log.

#include <cstdio>
#include <memory>
#include <span>

#include "common/file.h"
#include "common/strings.h"
#include "launch/commands.h"
#include "launch/scoring.h"
#include "worker/predictor.h"

namespace chorus::launch {
namespace {

Status WriteStdout(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) {
    return Internal("standard output cannot be written");
  }
  return Status::Ok();
}

// Predictions appear under their name only when they are complete.
Status PredictToFile(worker::Session* session, const std::string& path) {
  FileSystem& files = *session->environment().files;
  std::unique_ptr<WritableFile> file;
  const std::string partial = path + ".partial";
  if (session->environment().collective->rank() == 0) {
    RETURN_IF_ERROR(files.CreateDirectories(DirectoryOf(path)));
    ASSIGN_OR_RETURN(file, files.Create(partial));
  }
  RETURN_IF_ERROR(worker::Predict(session, [&](std::string_view text) {
    return file->Append(std::as_bytes(std::span(text.data(), text.size())));
  }));
  if (file == nullptr) return Status::Ok();
  RETURN_IF_ERROR(file->Sync());
  RETURN_IF_ERROR(file->Close());
  return files.Rename(partial, path);
}

}  // namespace

Status RunPredict(const PredictArguments& arguments) {
  return RunScoring(arguments.config, arguments.checkpoint, LogOverrides(arguments.log),
                    [&](worker::Session* session) {
                      if (arguments.output == "-") return worker::Predict(session, WriteStdout);
                      return PredictToFile(session, arguments.output);
                    });
}

}  // namespace chorus::launch
