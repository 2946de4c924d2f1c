#include "launch/compare/data_logs.h"

#include <google/protobuf/repeated_ptr_field.h>

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "common/strings.h"
#include "worker/log/log_reader.h"

namespace chorus::launch {
namespace {

using Paths = google::protobuf::RepeatedPtrField<std::string>;

struct LogFile {
  std::string path;
  uint64_t fingerprint = 0;
};

// Files and their fingerprints, each made once: folds share their logs. Thread safety: one thread.
class LogFiles {
 public:
  explicit LogFiles(FileSystem& files) : files_(files) {}

  Result<std::vector<LogFile>> Of(const Paths& paths) {
    std::vector<LogFile> all;
    for (const std::string& path : paths) {
      auto made = made_.find(path);
      if (made == made_.end()) {
        ASSIGN_OR_RETURN(std::vector<LogFile> logs, Look(path));
        made = made_.emplace(path, std::move(logs)).first;
      }
      all.insert(all.end(), made->second.begin(), made->second.end());
    }
    return all;
  }

 private:
  Result<std::vector<LogFile>> Look(const std::string& path) {
    std::vector<LogFile> logs;
    const auto whole = worker::LogReader::Open(files_, {path});
    if (whole.status().code() == Code::kNotFound) return logs;
    RETURN_IF_ERROR(whole.status());
    for (const std::string& file : (*whole)->files()) {
      ASSIGN_OR_RETURN(const auto log, worker::LogReader::Open(files_, {file}));
      if (!log->blocks().empty()) logs.push_back({file, log->fingerprint()});
    }
    return logs;
  }

  FileSystem& files_;
  std::map<std::string, std::vector<LogFile>> made_;  // by path
};

// Where each log stands, by fingerprint: "data "0": test a.log".
class Places {
 public:
  // The error, with its reason, when one of these logs has a place already.
  Status Add(const std::string& data, const char* field, const std::vector<LogFile>& logs,
             const char* reason) {
    for (const LogFile& log : logs) {
      const std::string place = StrCat("data \"", data, "\": ", field, " ", log.path);
      const auto [other, is_new] = places_.emplace(log.fingerprint, place);
      if (is_new) continue;
      return InvalidArgument(StrCat(other->second, " and ", place, " are one log: ", reason));
    }
    return Status::Ok();
  }

 private:
  std::map<uint64_t, std::string> places_;
};

constexpr const char* kTwiceTested = "its exposures would count twice";
constexpr const char* kTwiceTrained = "it would be trained on twice";
constexpr const char* kLeak = "a method would be tested on what it was trained on";

}  // namespace

Status CheckDataLogs(FileSystem& files, const CompareConfig& config) {
  LogFiles logs(files);
  Places tests;
  for (const CompareData& data : config.data()) {
    ASSIGN_OR_RETURN(const std::vector<LogFile> test, logs.Of(data.test()));
    RETURN_IF_ERROR(tests.Add(data.name(), "test", test, kTwiceTested));
    for (const bool potential : {false, true}) {
      const char* const field = potential ? "potential" : "train";
      ASSIGN_OR_RETURN(const std::vector<LogFile> train,
                       logs.Of(potential ? data.potential() : data.train()));
      Places trained;
      RETURN_IF_ERROR(trained.Add(data.name(), field, train, kTwiceTrained));
      RETURN_IF_ERROR(trained.Add(data.name(), "test", test, kLeak));
    }
  }
  return Status::Ok();
}

}  // namespace chorus::launch
