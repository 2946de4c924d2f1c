// `chorus export`: a checkpoint as a folder for serving (export_model.h).

#include <cstdio>

#include "common/file.h"
#include "launch/command/commands.h"
#include "launch/command/export_model.h"
#include "worker/train/checkpoint_store.h"

namespace chorus::launch {
namespace {

std::string WithoutSlash(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

}  // namespace

Status RunExport(const ExportArguments& arguments) {
  FileSystem& files = PosixFiles();
  ASSIGN_OR_RETURN(const std::string folder,
                   worker::ChooseCheckpoint(files, arguments.checkpoint, arguments.best));
  RETURN_IF_ERROR(ExportModel(files, folder, arguments.output, arguments.onnx));
  ASSIGN_OR_RETURN(const CheckpointManifest manifest, worker::ReadManifest(files, folder));
  std::printf("exported step %llu of %s to %s\n", static_cast<unsigned long long>(manifest.step()),
              folder.c_str(), WithoutSlash(arguments.output).c_str());
  return Status::Ok();
}

}  // namespace chorus::launch
