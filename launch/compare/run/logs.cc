#include "launch/compare/run/logs.h"

#include <map>

#include "common/log.h"
#include "common/strings.h"
#include "worker/log/cell_rules.h"
#include "worker/log/column_map.h"
#include "worker/log/oracle_file.h"

namespace chorus::launch {
namespace {

constexpr const char* kTwiceTested = "its exposures would count twice";
constexpr const char* kTwiceTrained = "it would be trained on twice";
constexpr const char* kJudgedTwice = "settings would be judged on what they are not to see";
constexpr const char* kLeak = "a method would be tested on what it was trained on";

using Places = std::map<uint64_t, std::string>;  // by fingerprint: data "0": test a.log

// Adds the log files that one of a data set's fields names. Error, with its reason: one of them has
// a place already.
Status AddLogs(FileSystem& files, const std::string& field, const LogPaths& paths,
               const char* reason, Places* places) {
  for (const std::string& path : paths) {
    const auto whole = worker::LogReader::Open(files, {path});
    if (whole.status().code() == Code::kNotFound) continue;
    RETURN_IF_ERROR(whole.status());
    for (const std::string& file : (*whole)->files()) {
      ASSIGN_OR_RETURN(const auto log, worker::LogReader::Open(files, {file}));
      if (log->blocks().empty()) continue;
      const std::string place = StrCat(field, " ", file);
      const auto [other, is_new] = places->emplace(log->fingerprint(), place);
      if (is_new) continue;
      return InvalidArgument(StrCat(other->second, " and ", place, " are one log: ", reason));
    }
  }
  return Status::Ok();
}

struct SlotPlace {
  bool context = false;
  size_t column = 0;  // among the slots of its side
};

Result<SlotPlace> FindSlot(const worker::LogSchema& schema, const std::string& slot) {
  SlotPlace contexts{true, 0}, exposures{false, 0};
  for (const worker::SlotInfo& info : schema.slots) {
    SlotPlace& place = info.context ? contexts : exposures;
    if (info.name != slot) {
      ++place.column;
      continue;
    }
    if (!info.multi_valued) return place;
    return InvalidArgument(StrCat("field: slot ", slot, " has many ids an exposure; allowed: one"));
  }
  return InvalidArgument(StrCat("field: the test log has no slot \"", slot, "\""));
}

Status CheckOracle(FileSystem& files, const std::string& path, const worker::LogReader& test) {
  if (path.empty()) return Status::Ok();
  ASSIGN_OR_RETURN(const worker::OracleFile oracle, worker::OracleFile::Open(files, path));
  if (oracle.log_fingerprint() == test.first_fingerprint()) return Status::Ok();
  return FailedPrecondition(path + " tells the truth of another log");
}

}  // namespace

Result<std::unique_ptr<worker::LogReader>> OpenLog(FileSystem& files, const LogPaths& paths) {
  return worker::LogReader::Open(files, {paths.begin(), paths.end()});
}

Status CheckDataLogs(FileSystem& files, const CompareConfig& config) {
  Places tests;
  for (const CompareData& data : config.data()) {
    const auto field = [&](const char* name) {
      return StrCat("data \"", data.name(), "\": ", name);
    };
    RETURN_IF_ERROR(AddLogs(files, field("test"), data.test(), kTwiceTested, &tests));
    for (const bool potential : {false, true}) {
      Places trained;
      RETURN_IF_ERROR(AddLogs(files, field(potential ? "potential" : "train"),
                              potential ? data.potential() : data.train(), kTwiceTrained,
                              &trained));
      RETURN_IF_ERROR(AddLogs(files, field("test"), data.test(), kLeak, &trained));
      RETURN_IF_ERROR(
          AddLogs(files, field("validation"), data.validation(), kJudgedTwice, &trained));
    }
  }
  return Status::Ok();
}

Status CheckReady(FileSystem& files, const ComparePlan& plan, const PlannedRun& run) {
  const auto at = [&](const char* field, const char* expected) {
    return StrCat(plan.source, ": data \"", plan.config.data(run.fold).name(), "\": ", field,
                  " (expected: ", expected, ")");
  };
  const auto train = OpenLog(files, run.config.data().log());
  RETURN_IF_ERROR(train.status().Annotate(
      at(plan.method(run).potential() ? "potential" : "train", "a log to train on")));
  const char* const judge = run.setting >= 0 ? "validation" : "test";
  const auto test = OpenLog(files, run.config.evaluate().log());
  RETURN_IF_ERROR(test.status().Annotate(at(judge, "a log to evaluate on")));
  RETURN_IF_ERROR(worker::ColumnMap::Make((*train)->schema(), (*test)->schema())
                      .status()
                      .Annotate(at(judge, "a log with the slots of the one trained on")));
  worker::OtherRules rules{.file = (*test)->files().front()};
  ASSIGN_OR_RETURN(rules.differences,
                   worker::DifferingRules((*test)->schema(), (*train)->schema()));
  for (const std::string& doubt : worker::DoubtsOf(rules, (*train)->files().front())) {
    LogWarning(at(judge, "a log imported by the rules of the one trained on"), ": ", doubt);
  }
  RETURN_IF_ERROR(CheckOracle(files, run.config.evaluate().oracle(), **test)
                      .Annotate(at("oracle", "the oracle file of the test log")));
  if (plan.config.field().empty() || run.setting >= 0) return Status::Ok();
  return FindSlot((*test)->schema(), plan.config.field())
      .status()
      .Annotate(at("test", "a log with the comparison's field"));
}

Result<SlotIds> ReadSlot(FileSystem& files, const LogPaths& paths, const std::string& slot) {
  ASSIGN_OR_RETURN(const auto log, OpenLog(files, paths));
  ASSIGN_OR_RETURN(const SlotPlace place, FindSlot(log->schema(), slot));
  SlotIds out;
  worker::Batch batch;
  for (uint32_t block = 0; block < log->blocks().size(); ++block) {
    RETURN_IF_ERROR(log->ReadBlock(block, &batch));
    const worker::FeatureColumns& side = place.context ? batch.contexts : batch.exposures;
    const worker::SlotColumn& column = side.slots[place.column];
    for (uint32_t row = 0; row < batch.rows(); ++row) {
      const uint32_t at = place.context ? batch.context_of[row] : row;
      const bool has_id = column.offsets[at] != column.offsets[at + 1];
      out.row_id.push_back(batch.row_id[row]);
      out.id.push_back(has_id ? column.keys[column.offsets[at]] : 0);
    }
  }
  return out;
}

}  // namespace chorus::launch
