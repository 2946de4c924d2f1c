#include "launch/doctor/job_findings.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "common/strings.h"
#include "launch/job/job_settings.h"
#include "worker/log/labels.h"
#include "worker/log/log_reader.h"
#include "worker/steps/fit_settings.h"
#include "worker/steps/shared_rows.h"
#include "worker/steps/time_order.h"
#include "worker/steps/training_data.h"
#include "worker/train/checkpoint_store.h"
#include "worker/train/restore.h"

namespace chorus::launch {
namespace {

using Kind = Finding::Kind;
using Paths = google::protobuf::RepeatedPtrField<std::string>;

// What a log holds, and the log itself in *open if it can be opened. False: nothing that a job could
// read; if the log is not there, CheckFolders tells so.
bool AddLog(FileSystem& files, const std::string& field, const Paths& paths,
            std::vector<Finding>* findings, std::unique_ptr<worker::LogReader>* open) {
  const auto is_there = [&](const std::string& path) { return files.Exists(path); };
  if (paths.empty()) return true;
  if (!std::all_of(paths.begin(), paths.end(), is_there)) return false;
  const std::string name = StrCat(field, " ", Join({paths.begin(), paths.end()}, ", "));
  auto log = worker::LogReader::Open(files, {paths.begin(), paths.end()});
  if (!log.ok()) {
    findings->push_back({Kind::kWrong, "log", StrCat(name, ": ", log.status().message()),
                         "name the folder that chorus import wrote"});
    return false;
  }
  const worker::LogSize size = worker::SizeOf(**log);
  if (size.rows == 0) {
    findings->push_back({Kind::kWrong, "log", name + " holds no exposure",
                         "import its text again, or name the folder that chorus import wrote"});
    return false;
  }
  if (const Status labelled = worker::CheckLabelled((*log)->schema()); !labelled.ok()) {
    findings->push_back({Kind::kWrong, "log", StrCat(name, ": ", labelled.message()), ""});
    return false;
  }
  findings->push_back({Kind::kFine, "log",
                       StrCat(name, ": ", size.rows, " exposures, ", size.clicks, " clicks"), ""});
  *open = std::move(log).value();
  return true;
}

void AddSettings(const TrainConfig& config, std::vector<Finding>* findings) {
  if (const Status checked = CheckJobSettings(config); !checked.ok()) {
    findings->push_back({Kind::kWrong, "settings", checked.message(), ""});
  }
  if (const std::string doubt = DoubtOfJobSettings(config); !doubt.empty()) {
    findings->push_back({Kind::kDoubt, "settings", doubt, ""});
  }
}

// The same of a run whose log is followed.
Finding JudgeFollowing(const std::string& checkpoint, const CheckpointManifest& manifest,
                       const TrainConfig& fitted) {
  const Status resumable = worker::CheckResumable(checkpoint, manifest, fitted, {});
  if (!resumable.ok()) {
    return {Kind::kWrong, "run", "train --resume refuses: " + resumable.message(),
            "a new run wants a checkpoint.directory of its own"};
  }
  return {Kind::kFine, "run",
          StrCat(checkpoint, " is of step ", manifest.step(), ", in file ",
                 manifest.followed_files(), " of the log: train --resume goes on from it"),
          ""};
}

// The run that checkpoint.directory holds already, as train --resume would take it.
Finding JudgeRun(const std::string& checkpoint, const CheckpointManifest& manifest,
                 const TrainConfig& fitted, const worker::TrainingData& data) {
  const Status resumable =
      worker::CheckResumable(checkpoint, manifest, fitted, {data.log.get(), data.last_step});
  if (!resumable.ok()) {
    return {Kind::kWrong, "run", "train --resume refuses: " + resumable.message(),
            "a new run wants a checkpoint.directory of its own"};
  }
  if (manifest.step() >= data.last_step) {
    return {Kind::kDoubt, "run",
            StrCat("nothing is left to train: ", checkpoint, " is of the last of ", data.last_step,
                   " steps"),
            StrCat("a new run wants a checkpoint.directory of its own, with warm_start.checkpoint=",
                   checkpoint, " to go on from this model")};
  }
  return {Kind::kFine, "run",
          StrCat(checkpoint, " is of step ", manifest.step(), " of ", data.last_step,
                 ": train --resume goes on from it"),
          ""};
}

void AddRun(FileSystem& files, const TrainConfig& fitted, std::vector<Finding>* findings) {
  if (fitted.checkpoint().directory().empty()) return;
  const auto found = worker::FindCheckpoint(files, fitted.checkpoint().directory());
  if (!found.ok() || !found->has_value()) return;
  const auto manifest = worker::ReadManifest(files, **found);
  if (!manifest.ok()) {
    findings->push_back({Kind::kWrong, "run", StrCat(**found, ": ", manifest.status().message()),
                         "train --resume --fallback looks for an earlier one"});
    return;
  }
  if (fitted.data().follow_seconds() > 0) {
    return findings->push_back(JudgeFollowing(**found, *manifest, fitted));
  }
  const auto data = worker::OpenTrainingData(fitted, files);
  findings->push_back(data.ok() ? JudgeRun(**found, *manifest, fitted, *data)
                                : Finding{Kind::kWrong, "settings", data.status().message(), ""});
}

}  // namespace

std::vector<Finding> JudgeJob(FileSystem& files, const TrainConfig& config,
                              const Result<TrainConfig>& fitted) {
  std::vector<Finding> findings;
  AddSettings(config, &findings);
  std::unique_ptr<worker::LogReader> training, evaluation;
  const bool has_log = AddLog(files, "data.log", config.data().log(), &findings, &training);
  AddLog(files, "evaluate.log", config.evaluate().log(), &findings, &evaluation);
  if (const std::string shared = worker::DoubtOfSharedRows(files, config); !shared.empty()) {
    findings.push_back({Kind::kDoubt, "log", shared, ""});
  }
  if (const std::string order =
          worker::DoubtOfTimeOrder(files, config, {training.get(), evaluation.get()});
      !order.empty()) {
    findings.push_back({Kind::kDoubt, "log", order, ""});
  }
  if (!has_log) return findings;
  if (fitted.ok()) {
    AddRun(files, *fitted, &findings);
  } else {
    findings.push_back({Kind::kWrong, "settings", fitted.status().message(), ""});
  }
  return findings;
}

}  // namespace chorus::launch
