#include "launch/command/fitted_config.h"

#include <string>

#include "common/config.h"
#include "common/file.h"
#include "worker/log/log_reader.h"
#include "worker/model/embeddings.h"
#include "worker/train/checkpoint_store.h"

namespace chorus::launch {
namespace {

// What a run that goes on has chosen before stays, whatever this build would choose. Where there is
// no such run, or none that can be read, the resume itself says so.
void KeepSettingsOfRun(TrainConfig* written) {
  const std::string& directory = written->checkpoint().directory();
  if (directory.empty()) return;
  const auto folder = worker::FindCheckpoint(PosixFiles(), directory);
  if (!folder.ok() || !folder->has_value()) return;
  const auto manifest = worker::ReadManifest(PosixFiles(), **folder);
  if (!manifest.ok()) return;
  TrainConfig earlier = manifest->config();
  if (FinishTrainConfig(**folder, &earlier).ok()) worker::KeepSettings(earlier, written);
}

}  // namespace

Result<TrainConfig> LoadFitted(const ConfigArguments& arguments, worker::Resume resume,
                               std::vector<worker::FittedSetting>* fitted) {
  const auto fit = [&](TrainConfig* written) -> Status {
    if (resume != worker::Resume::kNothing) KeepSettingsOfRun(written);
    const std::vector<std::string> paths(written->data().log().begin(),
                                         written->data().log().end());
    if (paths.empty()) return Status::Ok();
    ASSIGN_OR_RETURN(const auto log, worker::LogReader::Open(PosixFiles(), paths));
    *fitted = worker::FitSettings(worker::SizeOf(*log), written);
    return Status::Ok();
  };
  ASSIGN_OR_RETURN(TrainConfig config, LoadTrainConfig(arguments.config_file, arguments.sets, fit));
  RETURN_IF_ERROR(worker::ExpandEmbeddings(&config));
  return config;
}

}  // namespace chorus::launch
