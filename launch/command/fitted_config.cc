#include "launch/command/fitted_config.h"

#include <string>

#include "common/config.h"
#include "common/file.h"
#include "common/strings.h"
#include "worker/log/log_reader.h"
#include "worker/model/embeddings.h"
#include "worker/train/checkpoint_store.h"
#include "worker/train/warm_towers.h"

namespace chorus::launch {
namespace {

// A run that goes on keeps its earlier choices, whatever this build would choose. If there is no
// such run, or none that can be read, the resume itself says so.
void KeepSettingsOfRun(TrainConfig* written) {
  const std::string& directory = written->checkpoint().directory();
  if (directory.empty()) return;
  const auto folder = worker::FindCheckpoint(PosixFiles(), directory);
  if (folder.ok() && folder->has_value()) KeepSettingsOfCheckpoint(**folder, written);
}

// The logs that settings are fitted to. For a folder that is followed this is the first file alone, so that it does not
// matter which others are there already; none: no file has come yet.
Result<std::vector<std::string>> FittedLogs(const TrainConfig& config) {
  std::vector<std::string> paths(config.data().log().begin(), config.data().log().end());
  if (config.data().follow_seconds() <= 0 || paths.size() != 1) return paths;
  ASSIGN_OR_RETURN(const std::string first, FirstFollowedFile(PosixFiles(), config));
  return first.empty() ? std::vector<std::string>() : std::vector<std::string>{first};
}

}  // namespace

void KeepSettingsOfCheckpoint(const std::string& folder, TrainConfig* written) {
  const auto manifest = worker::ReadManifest(PosixFiles(), folder);
  if (!manifest.ok()) return;
  TrainConfig earlier = manifest->config();
  if (FinishTrainConfig(folder, &earlier).ok()) worker::KeepSettings(earlier, written);
}

Result<std::string> FirstFollowedFile(FileSystem& files, const TrainConfig& config) {
  const std::string& folder = config.data().log(0);
  const Result<std::vector<std::string>> names = files.List(folder);
  if (!names.ok() && !files.Exists(folder)) return std::string();
  if (!names.ok()) {
    return names.status().Annotate("data.log, the directory that data.follow_seconds follows");
  }
  for (const std::string& name : *names) {
    if (name.ends_with(".log")) return JoinPath(folder, name);
  }
  return std::string();
}

Result<TrainConfig> LoadFitted(const ConfigArguments& arguments, worker::Resume resume,
                               std::vector<worker::FittedSetting>* fitted) {
  const auto fit = [&](TrainConfig* written) -> Status {
    if (resume != worker::Resume::kNothing) KeepSettingsOfRun(written);
    ASSIGN_OR_RETURN(const std::vector<std::string> paths, FittedLogs(*written));
    if (paths.empty()) return Status::Ok();
    ASSIGN_OR_RETURN(const auto log, worker::LogReader::Open(PosixFiles(), paths));
    // If the checkpoint cannot be read, the warm start itself says so.
    const auto towers = worker::TakeTowersOfWarmStart(PosixFiles(), written);
    *fitted = worker::FitSettings(worker::SizeOf(*log), written);
    if (towers.ok() && towers->has_value()) fitted->push_back(**towers);
    return Status::Ok();
  };
  ASSIGN_OR_RETURN(TrainConfig config, LoadTrainConfig(arguments.config_file, arguments.sets, fit));
  RETURN_IF_ERROR(worker::ExpandEmbeddings(&config));
  return config;
}

}  // namespace chorus::launch
