#pragma once
// What tests of continued and of warmly started runs share. Thread safety: the test's thread.

#include <memory>
#include <string>

#include "common/strings.h"
#include "tests/e2e/job_testing.h"

namespace chorus::e2e {

// Logs "train" and "test".
inline std::unique_ptr<FileSystem> FilesWithLogs() {
  auto files = NewMemoryFiles();
  WriteJobLog(*files, "train", RichSchema(), 500, 1);
  WriteJobLog(*files, "test", RichSchema(), 100, 2);
  return files;
}

inline const Layout kLayouts[] = {
    {.workers = 3, .servers = 2, .threads = 2, .server_threads = 2, .shards = 5},
    {.workers = 1, .servers = 3, .shards = 64},
    {.workers = 4, .servers = 1, .shards = 1, .tcp = true},
    {.workers = 2, .servers = 2, .threads = 3, .shards = 7},
};

// One step with learning rate 0: the run leaves exactly what its warm start brought.
inline TrainConfig StandStill(const std::string& warm_start) {
  return JobConfig(StrCat(R"(
      data { max_steps: 1 }
      table { name: "a" dim: 4 optimizer { adagrad { lr: 0 } } }
      table { name: "b" dim: 3 optimizer { adagrad { lr: 0 } } }
      model { optimizer { adam { lr: 0 } } }
      checkpoint { directory: "warm" } warm_start { )",
                          warm_start, "}"));
}

}  // namespace chorus::e2e
