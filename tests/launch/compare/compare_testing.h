#pragma once
// A comparison in a folder of its own: two methods by two seeds on a log of 400 exposures, judged
// on one of 130, run as a user runs it. Thread safety: the test's thread.

#include <string>
#include <vector>

#include "common/random.h"
#include "tests/e2e/command_testing.h"
#include "worker/log/oracle_file.h"

namespace chorus::e2e {

class CompareTest : public CommandTest {
 protected:
  static constexpr uint64_t kTestRows = 130;

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

  // The truth about the test log, drawn from `seed`.
  void WriteOracle(const std::string& name, uint64_t seed) {
    const auto log = worker::LogReader::Open(files_, {Path("test")});
    ASSERT_TRUE(log.ok());
    std::vector<worker::OracleRow> rows;
    for (uint64_t i = 0; i < kTestRows; ++i) {
      worker::OracleRow row;
      row.p_v = static_cast<float>(ToUniform(Random(seed, RandomPurpose::kTest, i, 0)));
      row.p_conv_do = row.p_v / 2;
      rows.push_back(row);
    }
    const auto writer = worker::OracleWriter::Create(files_, Path(name), rows.size());
    ASSERT_TRUE(writer.ok() && (*writer)->Add(rows).ok());
    ASSERT_TRUE((*writer)->Finish((*log)->fingerprint()).ok());
  }

  std::string Read(const std::string& name) {
    const auto text = ReadWholeFile(files_, Path(name));
    EXPECT_TRUE(text.ok()) << text.status().ToString();
    return text.ok() ? *text : "";
  }
};

}  // namespace chorus::e2e
