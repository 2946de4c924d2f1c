#pragma once
// The ids of one slot of a log, exposure by exposure. Thread safety: values.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "common/file.h"
#include "common/status.h"
#include "worker/log/batch.h"

namespace chorus::launch {

// Error: kInvalidArgument when the log has no such slot, or one of many values.
Status CheckField(const worker::LogSchema& schema, const std::string& slot);

class FieldValues {
 public:
  // slot: a one-hot one; an exposure without an id has value 0. Errors: those of LogReader;
  // kInvalidArgument when the log has no such slot, or one of many values.
  static Result<FieldValues> Read(FileSystem& files, const std::vector<std::string>& log,
                                  const std::string& slot);

  // [n], the values of these exposures.  row_id: [n], in log order; some of the log's may be left
  // out. Error: kFailedPrecondition when one is not in the log.
  Result<std::vector<uint64_t>> Of(std::span<const uint64_t> row_id) const;

 private:
  std::string slot_;
  std::vector<uint64_t> row_id_, value_;  // of the whole log
};

}  // namespace chorus::launch
