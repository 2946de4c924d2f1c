#include "launch/doctor/job_findings.h"

#include <algorithm>
#include <string>

#include "common/strings.h"
#include "launch/job/job_settings.h"
#include "worker/log/labels.h"
#include "worker/log/log_reader.h"
#include "worker/steps/fit_settings.h"
#include "worker/steps/shared_rows.h"
#include "worker/steps/training_data.h"
#include "worker/train/checkpoint_store.h"

namespace chorus::launch {
namespace {

using Kind = Finding::Kind;
using Paths = google::protobuf::RepeatedPtrField<std::string>;

void AddLog(FileSystem& files, const std::string& field, const Paths& paths,
            std::vector<Finding>* findings) {
  const auto is_there = [&](const std::string& path) { return files.Exists(path); };
  if (paths.empty() || !std::all_of(paths.begin(), paths.end(), is_there)) return;
  const std::string name = StrCat(field, " ", Join({paths.begin(), paths.end()}, ", "));
  const auto log = worker::LogReader::Open(files, {paths.begin(), paths.end()});
  if (!log.ok()) {
    findings->push_back({Kind::kWrong, "log", StrCat(name, ": ", log.status().message()),
                         "name the folder that chorus import wrote"});
    return;
  }
  const worker::LogSize size = worker::SizeOf(**log);
  if (size.rows == 0) {
    findings->push_back({Kind::kWrong, "log", name + " holds no exposure",
                         "import its text again, or name the folder that chorus import wrote"});
  } else if (const Status labelled = worker::CheckLabelled((*log)->schema()); !labelled.ok()) {
    findings->push_back({Kind::kWrong, "log", StrCat(name, ": ", labelled.message()), ""});
  } else {
    findings->push_back({Kind::kFine, "log",
                         StrCat(name, ": ", size.rows, " exposures, ", size.clicks, " clicks"),
                         ""});
  }
}

void AddSettings(const TrainConfig& config, std::vector<Finding>* findings) {
  if (const Status checked = CheckJobSettings(config); !checked.ok()) {
    findings->push_back({Kind::kWrong, "settings", checked.message(), ""});
  }
  if (const std::string doubt = DoubtOfJobSettings(config); !doubt.empty()) {
    findings->push_back({Kind::kDoubt, "settings", doubt, ""});
  }
}

// The run that checkpoint.directory holds already.
Result<Finding> JudgeRun(FileSystem& files, const std::string& checkpoint,
                         const TrainConfig& fitted) {
  ASSIGN_OR_RETURN(const CheckpointManifest manifest, worker::ReadManifest(files, checkpoint));
  ASSIGN_OR_RETURN(const worker::TrainingData data, worker::OpenTrainingData(fitted, files));
  if (manifest.step() >= data.last_step) {
    return Finding{Kind::kDoubt, "run",
                   StrCat("nothing is left to train: ", checkpoint, " is of the last of ",
                          data.last_step, " steps"),
                   StrCat("a new run wants a checkpoint.directory of its own, with "
                          "warm_start.checkpoint=",
                          checkpoint, " to go on from this model")};
  }
  return Finding{Kind::kFine, "run",
                 StrCat(checkpoint, " is of step ", manifest.step(), " of ", data.last_step,
                        ": train --resume goes on from it"),
                 ""};
}

void AddRun(FileSystem& files, const Result<TrainConfig>& fitted, std::vector<Finding>* findings) {
  if (!fitted.ok() || fitted->checkpoint().directory().empty()) return;
  const auto found = worker::FindCheckpoint(files, fitted->checkpoint().directory());
  if (!found.ok() || !found->has_value()) return;
  const Result<Finding> run = JudgeRun(files, **found, *fitted);
  findings->push_back(run.ok() ? *run
                               : Finding{Kind::kWrong, "run",
                                         StrCat(**found, ": ", run.status().message()),
                                         "train --resume --fallback looks for an earlier one"});
}

}  // namespace

std::vector<Finding> JudgeJob(FileSystem& files, const TrainConfig& config,
                              const Result<TrainConfig>& fitted) {
  std::vector<Finding> findings;
  AddSettings(config, &findings);
  AddLog(files, "data.log", config.data().log(), &findings);
  AddLog(files, "evaluate.log", config.evaluate().log(), &findings);
  if (const std::string shared = worker::DoubtOfSharedRows(files, config); !shared.empty()) {
    findings.push_back({Kind::kDoubt, "log", shared, ""});
  }
  AddRun(files, fitted, &findings);
  return findings;
}

}  // namespace chorus::launch
