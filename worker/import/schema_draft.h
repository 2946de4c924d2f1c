#pragma once
// `chorus schema`: a draft of an import's schema from the rows themselves, with the reasons as
// comments, and of a job that trains on what it imports. Thread safety: pure functions.

#include <cstdint>
#include <string>
#include <vector>

#include "common/file.h"
#include "common/status.h"

namespace chorus::worker {

struct DraftOptions {
  std::vector<std::string> inputs = {};  // as MakeInputs takes them, without standard input
  uint64_t sample_rows = 100000;         // the first rows of the inputs
  std::string schema_name = {};          // where the schema will be, for the commands shown
  std::string job_name = {};             // the same for the job
  std::string click = {};                // columns of labels; "" = to be guessed
  std::string conversion = {};
};

struct SchemaDraft {
  std::string schema;  // ImportSchema in text format; click is empty if none is found
  std::string job;     // TrainConfig in text format
  std::vector<std::string> warnings;  // what a person should look at
  std::string reads;                  // "click 'clk', conversion 'sale', 5 slots, 1 numeric; ..."
  std::string import_command;         // the command that makes a log with the schema
};

// files: also where the commands shown will run, for folders that are there already
// (draft_folders.h). Error: those of MakeInputs, TakeSample and GuessSchema.
Result<SchemaDraft> DraftSchema(FileSystem& files, const DraftOptions& options);

}  // namespace chorus::worker
