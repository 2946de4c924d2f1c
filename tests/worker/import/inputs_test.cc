#include "worker/import/inputs.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/worker/import/import_testing.h"

namespace chorus::worker {
namespace {

using Paths = std::vector<std::string>;

class InputsTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* path : {"in/day=1/part-0", "in/day=1/part-1", "in/day=1/_SUCCESS",
                             "in/day=1/.part-0.crc", "in/day=2/part-0", "in/_temporary/part-9"}) {
      WriteFile(*files_, path, "a\n");
    }
  }
  // The names of the inputs, or the error.
  std::vector<std::string> Names(const std::vector<std::string>& paths) {
    const auto inputs = MakeInputs(*files_, paths, 0, "");
    if (!inputs.ok()) return {inputs.status().message()};
    std::vector<std::string> names;
    for (const TextInput& input : *inputs) names.push_back(input.name);
    return names;
  }

  std::unique_ptr<FileSystem> files_ = NewMemoryFiles();
};

TEST_F(InputsTest, ADirectoryStandsForItsFilesButHiddenOnes) {
  EXPECT_EQ(Names({"in/day=1"}), (Paths{"in/day=1/part-0", "in/day=1/part-1"}));
  EXPECT_EQ(Names({"in"}), (Paths{"in/day=1/part-0", "in/day=1/part-1", "in/day=2/part-0"}));
}

TEST_F(InputsTest, APatternStandsForWhatMatches) {
  EXPECT_EQ(Names({"in/day=*/part-0"}), (Paths{"in/day=1/part-0", "in/day=2/part-0"}));
  EXPECT_EQ(Names({"in/day=?"}).size(), 3u);
  EXPECT_EQ(Names({"in/day=1/*"}).size(), 2u);
}

TEST_F(InputsTest, AFileNamedIsTakenWhateverItsName) {
  EXPECT_EQ(Names({"in/day=1/_SUCCESS"}), (Paths{"in/day=1/_SUCCESS"}));
}

TEST_F(InputsTest, NamesWhatStandsForNothing) {
  EXPECT_EQ(Names({"in/week=*"}), (Paths{"in/week=*: no file matches"}));
  EXPECT_EQ(Names({"in/_temporary/none"}), (Paths{"in/_temporary/none: no such file"}));
  WriteFile(*files_, "done/_SUCCESS", "");
  EXPECT_EQ(Names({"done"}), (Paths{"done: the directory holds no file (names that begin with '.' "
                                    "or '_' do not count)"}));
}

TEST_F(InputsTest, AFileNamedTwiceIsRefusedHoweverItIsNamed) {
  EXPECT_EQ(Names({"in/day=2/part-0", "in/day=2/part-0"}),
            (Paths{"in/day=2/part-0 is named twice: its rows would count twice"}));
  EXPECT_EQ(Names({"in/day=1/*", "in/*/part-1"}),
            (Paths{"in/day=1/part-1 is named twice: its rows would count twice"}));
}

TEST_F(InputsTest, ALinkToAFileIsThatFile) {
  const std::string file = JoinPath(testing::TempDir(), StrCat("inputs-", getpid(), ".csv"));
  const std::string link = file + ".link";
  WriteFile(PosixFiles(), file, "a\n");
  ASSERT_EQ(symlink(file.c_str(), link.c_str()), 0);
  const Status refused = MakeInputs(PosixFiles(), {file, link}, 0, "").status();
  EXPECT_NE(refused.message().find(link + " and " + file + " are one file"), std::string::npos)
      << refused.message();
  EXPECT_TRUE(PosixFiles().Remove(link).ok() && PosixFiles().Remove(file).ok());
}

}  // namespace
}  // namespace chorus::worker
