// `chorus export`: a checkpoint as a folder for serving (export_model.h).

#include <cstdio>

#include "common/file.h"
#include "common/unfinished_output.h"
#include "launch/command/commands.h"
#include "launch/command/export_model.h"
#include "launch/serving/export_delta.h"
#include "worker/train/checkpoint_store.h"

namespace chorus::launch {
namespace {

// Through the whole export, which lies beside the output meanwhile.
Status ExportSince(FileSystem& files, const std::string& folder, const ExportArguments& arguments) {
  const std::string whole = WithoutSlash(arguments.output) + ".whole";
  const UnfinishedOutput unfinished(files, whole);
  Status status = ExportModel(files, folder, whole, arguments.onnx);
  if (status.ok()) status = WriteDelta(files, arguments.since, whole, arguments.output);
  const Status removed = files.RemoveRecursively(whole);
  return status.ok() ? removed : status;
}

Status RunApply(FileSystem& files, const ExportArguments& arguments) {
  if (arguments.since.empty() || !arguments.checkpoint.empty()) {
    return InvalidArgument(
        "--apply: takes the export that it changes as --since, and no checkpoint");
  }
  RETURN_IF_ERROR(ApplyDelta(files, arguments.since, arguments.apply, arguments.output));
  std::printf("applied %s to %s: %s\n", arguments.apply.c_str(), arguments.since.c_str(),
              WithoutSlash(arguments.output).c_str());
  return Status::Ok();
}

}  // namespace

Status RunExport(const ExportArguments& arguments) {
  FileSystem& files = PosixFiles();
  if (!arguments.apply.empty()) return RunApply(files, arguments);
  if (arguments.checkpoint.empty()) return InvalidArgument("no checkpoint: give --checkpoint");
  ASSIGN_OR_RETURN(const std::string folder,
                   worker::ChooseCheckpoint(files, arguments.checkpoint, arguments.best));
  RETURN_IF_ERROR(arguments.since.empty()
                      ? ExportModel(files, folder, arguments.output, arguments.onnx)
                      : ExportSince(files, folder, arguments));
  ASSIGN_OR_RETURN(const CheckpointManifest manifest, worker::ReadManifest(files, folder));
  std::printf("exported step %llu of %s to %s\n", static_cast<unsigned long long>(manifest.step()),
              folder.c_str(), WithoutSlash(arguments.output).c_str());
  return Status::Ok();
}

}  // namespace chorus::launch
