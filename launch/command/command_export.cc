// `chorus export`: a checkpoint as a folder for serving (export_model.h).

#include <cstdio>

#include "common/file.h"
#include "common/unfinished_output.h"
#include "launch/command/commands.h"
#include "launch/command/export_loss.h"
#include "launch/command/export_model.h"
#include "launch/serving/export_delta.h"
#include "worker/train/checkpoint_store.h"

namespace chorus::launch {
namespace {

RowForm FormOfRows(const ExportArguments& arguments) {
  return arguments.rows == "FP16"   ? ExportRows::FP16
         : arguments.rows == "INT8" ? ExportRows::INT8
                                    : ExportRows::FORM_UNSPECIFIED;
}

// `exported` against the same model with rows of float32, which lies beside the output meanwhile.
Status PrintLoss(FileSystem& files, const std::string& folder, const ExportArguments& arguments,
                 const std::string& exported) {
  const std::string full = WithoutSlash(arguments.output) + ".float32";
  const auto measure = [&]() -> Status {
    RETURN_IF_ERROR(ExportModel(files, folder, full, false));
    ASSIGN_OR_RETURN(const Evaluation before, EvaluateExport(files, full, arguments.log));
    ASSIGN_OR_RETURN(const Evaluation after, EvaluateExport(files, exported, arguments.log));
    std::fputs(FormatLoss(arguments.rows, before, after).c_str(), stdout);
    return Status::Ok();
  };
  const Status status = measure();
  const Status removed = files.RemoveRecursively(full);
  return status.ok() ? removed : status;
}

// The whole export, and what its rows cost, if that is asked for.
Status ExportWhole(FileSystem& files, const std::string& folder, const ExportArguments& arguments,
                   const std::string& output) {
  RETURN_IF_ERROR(ExportModel(files, folder, output, arguments.onnx, FormOfRows(arguments)));
  return arguments.log.empty() ? Status::Ok() : PrintLoss(files, folder, arguments, output);
}

// Through the whole export, which lies beside the output meanwhile.
Status ExportSince(FileSystem& files, const std::string& folder, const ExportArguments& arguments) {
  const std::string whole = WithoutSlash(arguments.output) + ".whole";
  const UnfinishedOutput unfinished(files, whole, "");
  Status status = ExportWhole(files, folder, arguments, whole);
  if (status.ok()) status = WriteDelta(files, arguments.since, whole, arguments.output);
  const Status removed = files.RemoveRecursively(whole);
  return status.ok() ? removed : status;
}

Status RunApply(FileSystem& files, const ExportArguments& arguments) {
  if (arguments.since.empty() || !arguments.checkpoint.empty()) {
    return InvalidArgument(
        "--apply: takes the export that it changes as --since, and no checkpoint");
  }
  if (FormOfRows(arguments) != ExportRows::FORM_UNSPECIFIED || !arguments.log.empty()) {
    return InvalidArgument("--apply: rows have the form of the export --since; leave out --rows");
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
  if (!arguments.log.empty()) {
    if (FormOfRows(arguments) == ExportRows::FORM_UNSPECIFIED) {
      return InvalidArgument(
          "--log: it tells what --rows FP16 or INT8 costs; float32 costs nothing");
    }
    RETURN_IF_ERROR(CheckLossLog(files, arguments.log).Annotate("--log"));
  }
  ASSIGN_OR_RETURN(const std::string folder,
                   worker::ChooseCheckpoint(files, arguments.checkpoint, arguments.best));
  RETURN_IF_ERROR(arguments.since.empty() ? ExportWhole(files, folder, arguments, arguments.output)
                                          : ExportSince(files, folder, arguments));
  ASSIGN_OR_RETURN(const CheckpointManifest manifest, worker::ReadManifest(files, folder));
  std::printf("exported step %llu of %s to %s\n", static_cast<unsigned long long>(manifest.step()),
              folder.c_str(), WithoutSlash(arguments.output).c_str());
  return Status::Ok();
}

}  // namespace chorus::launch
