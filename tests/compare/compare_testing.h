#pragma once
// A comparison in a folder of its own: two methods by two seeds on a log of 400 exposures, run as a
// user runs it. Thread safety: the test's thread.

#include <string>
#include <vector>

#include "tests/e2e/command_testing.h"

namespace chorus::e2e {

class CompareTest : public CommandTest {
 protected:
  // The configuration's path; `more` in text format is added to it.
  std::string WriteConfig(const std::string& name, const std::string& more = "") {
    TrainConfig train = JobConfig();
    train.clear_objective();
    train.mutable_compute()->set_threads(1);
    const std::string path = Path(name + ".textproto");
    const std::string text =
        StrCat("name: \"", name, "\" seeds: 2 bootstrap: 100\ntrain {\n", PrintConfig(train),
               "}\ndata { train: \"", Path("train"), "\" test: \"", Path("test"), "\" }\n",
               "method { name: \"BASE\" objective { base {} } }\n",
               "method { name: \"ESMM\" objective { esmm {} } }\n", "common_ctr: \"BASE\"\n", more);
    EXPECT_TRUE(ReplaceFile(files_, path, text).ok());
    return path;
  }

  // `chorus compare` into folder `out`.
  std::vector<std::string> Compare(const std::string& config, const std::string& out,
                                   const std::vector<std::string>& more = {}) {
    return Command("compare", {"--config", config, "--output", Path(out)}, more);
  }

  std::string Read(const std::string& name) {
    const auto text = ReadWholeFile(files_, Path(name));
    EXPECT_TRUE(text.ok()) << text.status().ToString();
    return text.ok() ? *text : "";
  }
};

}  // namespace chorus::e2e
