#include "launch/compare/ready_inputs.h"

#include <memory>
#include <string>

#include "common/strings.h"
#include "launch/compare/field_values.h"
#include "worker/log/column_map.h"
#include "worker/log/log_reader.h"
#include "worker/log/oracle_file.h"

namespace chorus::launch {
namespace {

using Paths = google::protobuf::RepeatedPtrField<std::string>;

Result<std::unique_ptr<worker::LogReader>> OpenLog(FileSystem& files, const Paths& paths) {
  return worker::LogReader::Open(files, {paths.begin(), paths.end()});
}

Status CheckOracle(FileSystem& files, const std::string& path, const worker::LogReader& test) {
  if (path.empty()) return Status::Ok();
  ASSIGN_OR_RETURN(const worker::OracleFile oracle, worker::OracleFile::Open(files, path));
  if (oracle.log_fingerprint() == test.fingerprint()) return Status::Ok();
  return FailedPrecondition(path + " tells the truth of another log");
}

Status CheckSlot(const worker::LogReader& test, const std::string& slot) {
  return slot.empty() ? Status::Ok() : CheckField(test.schema(), slot);
}

}  // namespace

Status CheckReady(FileSystem& files, const ComparePlan& plan, const PlannedRun& run) {
  const auto at = [&](const char* field, const char* expected) {
    return StrCat(plan.source, ": data \"", plan.config.data(static_cast<int>(run.fold)).name(),
                  "\": ", field, " (expected: ", expected, ")");
  };
  const auto train = OpenLog(files, run.config.data().log());
  RETURN_IF_ERROR(train.status().Annotate(
      at(plan.method(run).potential() ? "potential" : "train", "a log to train on")));
  const auto test = OpenLog(files, run.config.evaluate().log());
  RETURN_IF_ERROR(test.status().Annotate(at("test", "a log to evaluate on")));
  RETURN_IF_ERROR(worker::ColumnMap::Make((*train)->schema(), (*test)->schema())
                      .status()
                      .Annotate(at("test", "a log with the slots of the one trained on")));
  RETURN_IF_ERROR(CheckOracle(files, run.config.evaluate().oracle(), **test)
                      .Annotate(at("oracle", "the oracle file of the test log")));
  return CheckSlot(**test, plan.config.field())
      .Annotate(at("test", "a log with the comparison's field"));
}

}  // namespace chorus::launch
