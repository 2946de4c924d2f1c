// What may not be written or read is told as such, and not as something that is not there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include "common/file.h"
#include "common/output_file.h"
#include "common/output_folder.h"

namespace chorus {
namespace {

using testing::HasSubstr;

// Whoever runs the test as root is somebody else meanwhile, for whom permissions hold.
class PermissionTest : public testing::Test {
 protected:
  static constexpr uid_t kNobody = 65534;

  void SetUp() override {
    folder_ = JoinPath(testing::TempDir(), "permission-XXXXXX");
    ASSERT_NE(mkdtemp(folder_.data()), nullptr);
    ASSERT_EQ(chmod(folder_.c_str(), 0555), 0);
    if (geteuid() != 0) return;
    if (seteuid(kNobody) != 0) GTEST_SKIP() << "this root may be nobody else";
    was_root_ = true;
    if (!files_.List(folder_).ok()) GTEST_SKIP() << "nobody sees the folder of the tests";
  }
  void TearDown() override {
    if (was_root_) {
      ASSERT_EQ(seteuid(0), 0);
    }
    ASSERT_EQ(chmod(folder_.c_str(), 0755), 0);
    ASSERT_TRUE(files_.RemoveRecursively(folder_).ok());
  }

  FileSystem& files_ = PosixFiles();
  std::string folder_;
  bool was_root_ = false;
};

TEST_F(PermissionTest, AFolderThatMayNotBeWrittenIsNotSaidToBeAbsent) {
  const std::string expected = "you have no permission to write in " + folder_;
  EXPECT_THAT(OutputFile::Create(files_, JoinPath(folder_, "scores.tsv")).status().message(),
              HasSubstr(expected));
  EXPECT_THAT(OutputFolder::Create(files_, JoinPath(folder_, "log"), "making").status().message(),
              HasSubstr(expected));
  EXPECT_THAT(OutputFile::Create(files_, JoinPath(folder_, "none/scores.tsv")).status().message(),
              HasSubstr("there is no directory"));
}

}  // namespace
}  // namespace chorus
