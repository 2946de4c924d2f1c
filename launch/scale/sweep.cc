#include "launch/scale/sweep.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "common/config.h"
#include "common/json.h"
#include "common/key.h"
#include "common/log.h"
#include "common/strings.h"
#include "launch/job/rank_counters.h"
#include "launch/scale/run_program.h"

namespace chorus::launch {
namespace {

constexpr char kResults[] = "results.jsonl";

Result<std::vector<ScaleRun>> ReadResults(FileSystem& files, const std::string& path) {
  std::vector<ScaleRun> runs;
  if (!files.Exists(path)) return runs;
  ASSIGN_OR_RETURN(const std::string text, ReadWholeFile(files, path));
  const std::vector<std::string> lines = Split(text, '\n');
  for (size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].empty()) continue;
    if (const Status status = FromJson(lines[i], &runs.emplace_back()); !status.ok()) {
      return status.Annotate(StrCat(path, " line ", i + 1));
    }
  }
  return runs;
}

// The file is written anew with every run, since it has only a few lines.
Status WriteResults(FileSystem& files, const std::string& path, const std::vector<ScaleRun>& runs) {
  std::string text;
  for (const ScaleRun& run : runs) {
    ASSIGN_OR_RETURN(const std::string line, ToJson(run, {.zeros = true}));
    text += line + "\n";
  }
  return ReplaceFile(files, path, text);
}

Status Start(const SweepLayout& layout, const SweepOptions& options, const std::string& folder,
             const std::string& checkpoint, FileSystem& files) {
  TrainConfig config = layout.config;
  config.mutable_checkpoint()->set_directory(checkpoint);
  // Counters of an interrupted attempt would be taken for this run's.
  RETURN_IF_ERROR(files.RemoveRecursively(folder));
  RETURN_IF_ERROR(files.CreateDirectories(folder));
  const std::string job = JoinPath(folder, "job.textproto");
  RETURN_IF_ERROR(ReplaceFile(files, job, PrintConfig(config)));
  std::vector<std::string> argv = options.launcher;
  for (const std::string& argument :
       {std::string("-n"), StrCat(layout.ranks()), options.program, std::string("train"),
        std::string("--config"), job, std::string("--counters"), JoinPath(folder, "counters")}) {
    argv.push_back(argument);
  }
  return RunProgram(argv, JoinPath(folder, "output.txt"), options.deadline_seconds)
      .Annotate(folder);
}

class Sweep {
 public:
  Sweep(const std::vector<SweepLayout>& layouts, const SweepOptions& options, FileSystem& files)
      : layouts_(layouts),
        options_(options),
        files_(files),
        path_(JoinPath(options.output, kResults)) {}

  Status Open() {
    RETURN_IF_ERROR(files_.CreateDirectories(options_.output));
    ASSIGN_OR_RETURN(runs_, ReadResults(files_, path_));
    if (runs_.empty() || options_.resume) return Status::Ok();
    return FailedPrecondition(
        StrCat(path_, " has ", runs_.size(),
               " runs; --resume goes on with them, or name another --output"));
  }
  Status RunAll() {
    size_t done = 0;
    for (uint32_t repeat = 1; repeat <= options_.repeats; ++repeat) {
      for (const SweepLayout& layout : layouts_) {
        ++done;
        if (Find(layout, repeat)) continue;
        LogInfo("run ", done, " of ", layouts_.size() * options_.repeats, ": ", layout.name(),
                ", repeat ", repeat);
        RETURN_IF_ERROR(RunOne(layout, repeat));
      }
    }
    return Status::Ok();
  }
  // Only the runs of the layouts that are asked for now.
  std::vector<ScaleRun> Take() const {
    std::vector<ScaleRun> own;
    for (const ScaleRun& run : runs_) {
      for (const SweepLayout& layout : layouts_) {
        if (run.job() == FingerprintOf(layout, options_)) own.push_back(run);
      }
    }
    return own;
  }

 private:
  bool Find(const SweepLayout& layout, uint32_t repeat) const {
    return std::any_of(runs_.begin(), runs_.end(), [&](const ScaleRun& run) {
      return run.job() == FingerprintOf(layout, options_) && run.repeat() == repeat;
    });
  }
  Status RunOne(const SweepLayout& layout, uint32_t repeat) {
    const std::string folder = JoinPath(options_.output, StrCat(layout.name(), "-r", repeat));
    RETURN_IF_ERROR(Start(layout, options_, folder, "", files_));
    ASSIGN_OR_RETURN(const std::vector<RankCounters> ranks,
                     ReadCounters(files_, JoinPath(folder, "counters")));
    if (ranks.size() != layout.ranks()) {
      return NotFound(StrCat(folder, "/counters has files of ", ranks.size(), " of ",
                             layout.ranks(),
                             " ranks: is --output on a file system that all hosts "
                             "share?"));
    }
    ScaleRun& run = runs_.emplace_back();
    run.set_servers(layout.servers);
    run.set_workers(layout.workers);
    run.set_repeat(repeat);
    run.set_job(FingerprintOf(layout, options_));
    for (const RankCounters& rank : ranks) *run.add_rank() = rank;
    return WriteResults(files_, path_, runs_);
  }

  const std::vector<SweepLayout>& layouts_;
  const SweepOptions& options_;
  FileSystem& files_;
  const std::string path_;
  std::vector<ScaleRun> runs_;
};

}  // namespace

uint32_t SweepLayout::ranks() const {
  return config.cluster().placement() == ClusterConfig::COLOCATED ? workers : servers + workers;
}

std::string SweepLayout::name() const { return StrCat("w", workers, "-s", servers); }

uint64_t FingerprintOf(const SweepLayout& layout, const SweepOptions& options) {
  return SpaceSeed(StrCat(layout.workers, " ", layout.servers, " ", options.hosts, "\n",
                          Join(options.launcher, " "), "\n", options.program, "\n",
                          PrintConfig(layout.config)));
}

Result<std::vector<ScaleRun>> RunSweep(const std::vector<SweepLayout>& layouts,
                                       const SweepOptions& options, FileSystem& files) {
  Sweep sweep(layouts, options, files);
  RETURN_IF_ERROR(sweep.Open());
  RETURN_IF_ERROR(sweep.RunAll());
  return sweep.Take();
}

Result<std::vector<ScaleRun>> CollectRuns(const std::vector<SweepLayout>& layouts,
                                          const SweepOptions& options,
                                          const std::vector<std::string>& directories,
                                          FileSystem& files) {
  std::vector<ScaleRun> collected;
  for (const std::string& directory : directories) {
    ASSIGN_OR_RETURN(const std::vector<ScaleRun> runs,
                     ReadResults(files, JoinPath(directory, kResults)));
    for (const ScaleRun& run : runs) {
      const bool asked = std::any_of(layouts.begin(), layouts.end(), [&](const auto& layout) {
        return run.job() == FingerprintOf(layout, options);
      });
      const bool known = std::any_of(collected.begin(), collected.end(), [&](const auto& other) {
        return run.job() == other.job() && run.repeat() == other.repeat();
      });
      if (asked && !known) collected.push_back(run);
    }
  }
  return collected;
}

Result<std::vector<std::string>> RunToCheckpoints(const std::vector<SweepLayout>& layouts,
                                                  const SweepOptions& options, FileSystem& files) {
  std::vector<std::string> checkpoints;
  for (const SweepLayout& layout : layouts) {
    LogInfo("run to a checkpoint: ", layout.name());
    const std::string folder = JoinPath(options.output, layout.name() + "-check");
    checkpoints.push_back(JoinPath(folder, "ckpt"));
    RETURN_IF_ERROR(Start(layout, options, folder, checkpoints.back(), files));
  }
  return checkpoints;
}

}  // namespace chorus::launch
