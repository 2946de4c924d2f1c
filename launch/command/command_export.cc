// `chorus export`: a checkpoint as a folder for serving (export_model.h).

#include <cstdio>
#include <functional>
#include <string>

#include "common/checkpoint.pb.h"
#include "common/file.h"
#include "common/strings.h"
#include "common/unfinished_output.h"
#include "launch/command/chosen_checkpoint.h"
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

// The path of an export that is needed for a while beside the output: a name that nobody would choose.
std::string ScratchName(const ExportArguments& arguments, const char* what) {
  return StrCat(WithoutSlash(arguments.output), ".exporting.", what);
}

// Exports to the new folder `scratch`, calls `use`, and removes what it made; a folder that is there
// already is an error, and stays.
Status WithScratchExport(FileSystem& files, const std::string& folder, const std::string& scratch,
                         bool onnx, RowForm form, const std::function<Status()>& use) {
  RETURN_IF_ERROR(ExportModel(files, folder, scratch, onnx, form));
  const UnfinishedOutput unfinished(files, scratch);  // a signal removes it, too
  const Status status = use();
  const Status removed = files.RemoveRecursively(scratch);
  return status.ok() ? removed : status;
}

// Compares `exported` with the same model with rows of float32.
Status PrintLoss(FileSystem& files, const std::string& folder, const ExportArguments& arguments,
                 const std::string& exported) {
  if (arguments.log.empty()) return Status::Ok();
  const std::string full = ScratchName(arguments, "float32");
  const auto measure = [&]() -> Status {
    ASSIGN_OR_RETURN(const Evaluation before, EvaluateExport(files, full, arguments.log));
    ASSIGN_OR_RETURN(const Evaluation after, EvaluateExport(files, exported, arguments.log));
    std::fputs(FormatLoss(arguments.rows, before, after).c_str(), stdout);
    return Status::Ok();
  };
  const Status status =
      WithScratchExport(files, folder, full, false, ExportRows::FORM_UNSPECIFIED, measure);
  if (status.ok()) return status;
  const Status why =
      IsGone(files, folder) ? RemovedWhileRead(files, folder, arguments.checkpoint) : status;
  return why.Annotate(
      StrCat(WithoutSlash(arguments.output), " is whole, but its comparison on --log failed"));
}

// *compared: of the comparison, after which the export itself is not made again.
Status ExportWhole(FileSystem& files, const std::string& folder, const ExportArguments& arguments,
                   Status* compared) {
  RETURN_IF_ERROR(
      ExportModel(files, folder, arguments.output, arguments.onnx, FormOfRows(arguments)));
  *compared = PrintLoss(files, folder, arguments, arguments.output);
  return Status::Ok();
}

Status ExportSince(FileSystem& files, const std::string& folder, const ExportArguments& arguments,
                   Status* compared) {
  RETURN_IF_ERROR(CheckDeltaBase(files, arguments.since, FormOfRows(arguments)));
  const std::string whole = ScratchName(arguments, "whole");
  return WithScratchExport(
      files, folder, whole, arguments.onnx, FormOfRows(arguments), [&]() -> Status {
        RETURN_IF_ERROR(WriteDelta(files, arguments.since, whole, arguments.output));
        *compared = PrintLoss(files, folder, arguments, whole);
        return Status::Ok();
      });
}

Status ExportFrom(FileSystem& files, const std::string& folder, const ExportArguments& arguments,
                  Status* compared) {
  ASSIGN_OR_RETURN(const CheckpointManifest manifest, worker::ReadManifest(files, folder));
  if (!arguments.log.empty()) {
    RETURN_IF_ERROR(CheckLossLog(files, arguments.log, manifest).Annotate("--log"));
  }
  RETURN_IF_ERROR(arguments.since.empty() ? ExportWhole(files, folder, arguments, compared)
                                          : ExportSince(files, folder, arguments, compared));
  if (!compared->ok()) return Status::Ok();
  std::printf("exported step %llu of %s to %s\n", static_cast<unsigned long long>(manifest.step()),
              folder.c_str(), WithoutSlash(arguments.output).c_str());
  return Status::Ok();
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
  if (!arguments.log.empty() && FormOfRows(arguments) == ExportRows::FORM_UNSPECIFIED) {
    return InvalidArgument("--log: it tells what --rows FP16 or INT8 costs; float32 costs nothing");
  }
  Status compared;
  RETURN_IF_ERROR(ReadChosen(
      files, arguments.checkpoint, arguments.best,
      [&](const std::string& folder) { return ExportFrom(files, folder, arguments, &compared); }));
  return compared;
}

}  // namespace chorus::launch
