// `chorus compare`: trains methods by seeds by data sets and writes how they compare.

#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/config.h"
#include "common/file.h"
#include "common/log.h"
#include "common/strings.h"
#include "common/write_lock.h"
#include "launch/command/commands.h"
#include "launch/compare/run/failed_runs.h"
#include "launch/compare/run/logs.h"
#include "launch/compare/run/plan.h"
#include "launch/compare/run/runner.h"
#include "launch/compare/show/output.h"
#include "launch/job/mpi_world.h"
#include "worker/math/thread_pool.h"

namespace chorus::launch {
namespace {

// Where the comparison writes: --output, in a folder of its own name when there are several.
Result<std::string> OutputOf(const CompareArguments& arguments, const CompareConfig& config) {
  if (arguments.output.empty()) {
    if (!config.output().empty()) return config.output();
    return InvalidArgument(config.name() +
                           ": no output directory: give --output, or output in "
                           "the configuration");
  }
  if (arguments.config_files.size() == 1) return arguments.output;
  return JoinPath(arguments.output, config.name());
}

// --methods "A, B" as "A,B".
CompareSelection SelectionOf(const CompareArguments& arguments) {
  CompareSelection selection{arguments.seeds, {}, arguments.folds};
  for (const std::string& name : arguments.methods) {
    selection.methods.push_back(std::string(Trim(name)));
  }
  return selection;
}

Result<std::vector<ComparePlan>> PlansOf(const CompareArguments& arguments) {
  std::vector<ComparePlan> plans;
  for (const std::string& path : arguments.config_files) {
    ASSIGN_OR_RETURN(const CompareConfig config, LoadCompareConfig(path, arguments.sets));
    ASSIGN_OR_RETURN(const std::string output, OutputOf(arguments, config));
    for (const ComparePlan& other : plans) {
      if (other.output != output) continue;
      return InvalidArgument(StrCat(path, ": another comparison writes to ", output, " too"));
    }
    ASSIGN_OR_RETURN(ComparePlan plan,
                     MakePlan(PosixFiles(), config, path, SelectionOf(arguments), output));
    plans.push_back(std::move(plan));
  }
  return plans;
}

double DeadlineOf(const CompareArguments& arguments) {
  const Result<CompareConfig> config =
      LoadCompareConfig(arguments.config_files.front(), arguments.sets);
  return StartDeadline(config.ok() ? MethodConfig(*config, config->method(0)) : config.status());
}

Status WriteOutputs(const CompareArguments& arguments) {
  ASSIGN_OR_RETURN(const std::vector<ComparePlan> plans, PlansOf(arguments));
  for (const ComparePlan& plan : plans) {
    ASSIGN_OR_RETURN(const auto pool,
                     worker::ThreadPool::Create(plan.config.train().compute().threads()));
    RETURN_IF_ERROR(WriteOutput(PosixFiles(), plan, pool.get()));
    ASSIGN_OR_RETURN(const std::string table,
                     ReadWholeFile(PosixFiles(), JoinPath(plan.output, "table.md")));
    std::printf("%s\nwrote %s: results.jsonl, table.md, report.html\n", table.c_str(),
                plan.output.c_str());
  }
  std::fflush(stdout);
  return Status::Ok();
}

// Every rank would write the same pages.
Status ReportOnly(const CompareArguments& arguments) {
  if (!MpiWorld::LaunchedAmongOthers()) return WriteOutputs(arguments);
  return InvalidArgument("--report-only trains nothing: start it without mpirun");
}

// With fit_settings the configuration has only what is written, and the fitted settings are printed above it.
void Print(const ComparePlan& plan) {
  for (const std::string& line : FittedLines(plan)) std::printf("# %s\n", line.c_str());
  std::fputs(PrintConfig(plan.config).c_str(), stdout);
}

// Names the runs that failed among those that were to be trained this time.
Result<bool> TellFailures(const CompareArguments& arguments) {
  ASSIGN_OR_RETURN(const std::vector<ComparePlan> plans, PlansOf(arguments));
  bool any = false;
  for (const ComparePlan& plan : plans) {
    std::vector<std::string> names;
    size_t selected = 0;
    for (const std::vector<PlannedRun>* runs : {&plan.sweep, &plan.runs}) {
      for (const PlannedRun& run : *runs) {
        if (!run.selected) continue;
        ++selected;
        ASSIGN_OR_RETURN(const auto why, FindFailure(PosixFiles(), run));
        if (why.has_value()) names.push_back(plan.NameOf(run));
      }
    }
    if (names.empty()) continue;
    any = true;
    LogError(plan.config.name(), ": ", names.size(), " of ", selected,
             " runs failed: ", Join(names, ", "),
             "; the same command with --resume tries them again");
  }
  return any;
}

}  // namespace

Status RunCompare(const CompareArguments& arguments, bool* some_failed) {
  if (arguments.config_files.empty()) {
    return InvalidArgument("no comparison: give --config (configs/compare has some)");
  }
  if (arguments.print_config) {
    ASSIGN_OR_RETURN(const std::vector<ComparePlan> plans, PlansOf(arguments));
    for (const ComparePlan& plan : plans) Print(plan);
    return Status::Ok();
  }
  if (arguments.report_only) return ReportOnly(arguments);
  std::vector<std::unique_ptr<FileLock>> locks;
  const auto plans = [&]() -> Result<std::vector<ComparePlan>> {
    ASSIGN_OR_RETURN(std::vector<ComparePlan> all, PlansOf(arguments));
    for (const ComparePlan& plan : all) {
      RETURN_IF_ERROR(CheckDataLogs(PosixFiles(), plan.config).Annotate(plan.source));
      RETURN_IF_ERROR(PosixFiles().CreateDirectories(plan.output));
      ASSIGN_OR_RETURN(auto lock, LockFolder(PosixFiles(), plan.output, kWriterEndSeconds));
      locks.push_back(std::move(lock));
      RETURN_IF_ERROR(CheckOutput(PosixFiles(), plan.output, arguments.resume));
    }
    return all;
  };
  ASSIGN_OR_RETURN(const bool is_first, TrainRuns(DeadlineOf(arguments), plans));
  if (!is_first) return Status::Ok();
  ASSIGN_OR_RETURN(*some_failed, TellFailures(arguments));
  return WriteOutputs(arguments);
}

}  // namespace chorus::launch
