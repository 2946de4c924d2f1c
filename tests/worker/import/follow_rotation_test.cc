// `chorus import --follow` of a file that is rotated: the old one is read to its end under its new
// name, and then the new one from its begin.

#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/worker/import/follow_testing.h"

namespace chorus::worker {
namespace {

constexpr char kLog[] = "logs/in.csv";

class FollowRotationTest : public FollowImportTest {
 protected:
  // in.csv.1 becomes in.csv.2, in.csv becomes in.csv.1, and `text` is the new in.csv.
  void Rotate(const std::string& text) {
    for (int old = 3; old > 0; --old) {
      const std::string from = old == 1 ? kLog : StrCat(kLog, ".", old - 1);
      if (files_->Exists(from)) ASSERT_OK(files_->Rename(from, StrCat(kLog, ".", old)));
    }
    Put(kLog, text);
  }
};

TEST_F(FollowRotationTest, TheOldFileIsFinishedAndTheNewOneFollows) {
  Put(kLog, Table(20));
  ASSERT_OK(Follow(*files_, Options(kLog)).status());
  Put(kLog, Table(30));  // written and rotated while no import runs
  Rotate(Table(15, 30));
  ASSERT_OK(Follow(*files_, Options(kLog)).status());
  ExpectRows(*files_, 45);
  Put(kLog, Table(25, 30));
  ASSERT_OK(Follow(*files_, Options(kLog)).status());
  ExpectRows(*files_, 55);
}

TEST_F(FollowRotationTest, SeveralRotationsAreReadInTheirOrder) {
  Put(kLog, Table(20));
  ASSERT_OK(Follow(*files_, Options(kLog)).status());
  Rotate(Table(10, 20));
  Rotate(Table(10, 30));
  Rotate(Table(10, 40));
  ASSERT_OK(Follow(*files_, Options(kLog)).status());
  ExpectRows(*files_, 50);
}

TEST_F(FollowRotationTest, DatesAreNamesOfRotations) {
  Put(kLog, Table(20));
  ASSERT_OK(Follow(*files_, Options(kLog)).status());
  ASSERT_OK(files_->Rename(kLog, StrCat(kLog, "-20261201")));
  Put(StrCat(kLog, "-20261202"), Table(10, 20));
  Put(StrCat(kLog, "-20261130"), Table(99, 500));  // older: it was there before
  Put(kLog, Table(10, 30));
  ASSERT_OK(Follow(*files_, Options(kLog)).status());
  ExpectRows(*files_, 40);
}

// The last line of a file that nobody writes to any more is a line, also without its end.
TEST_F(FollowRotationTest, ALineWithoutAnEndCountsWhenItsFileIsOver) {
  const std::string text = Table(20);
  Put(kLog, text.substr(0, text.size() - 1));
  ASSERT_OK(Follow(*files_, Options(kLog)).status());
  ExpectRows(*files_, 19);
  Rotate(Table(5, 20));
  ASSERT_OK(Follow(*files_, Options(kLog)).status());
  ExpectRows(*files_, 25);
}

TEST_F(FollowRotationTest, ARotationWhileTheImportRunsLosesNoRow) {
  Put(kLog, Table(60));
  WatchedFiles watched(*files_);
  int seals = 0;
  watched.on_create = [&](const std::string& path) {
    if (path.find(".sealing-") == std::string::npos || !path.ends_with(".tmp")) return Status::Ok();
    if (++seals == 1) Rotate(Table(30, 60));
    return Status::Ok();
  };
  ASSERT_OK(Follow(watched, Options(kLog)).status());
  EXPECT_GE(seals, 2);
  ExpectRows(*files_, 90);
}

TEST_F(FollowRotationTest, AKillAtAnyChangeOfARotatedFileLosesAndDoublesNoRow) {
  for (int64_t changes = 0, kills = 1; kills > 0; ++changes) {
    ASSERT_LT(changes, 1000);
    files_ = NewMemoryFiles();
    Put(kLog, Table(50));
    KilledFiles first(*files_, changes / 2);  // before the rotation, or in the middle of it
    const bool ended = Follow(first, Options(kLog)).ok();
    // A file of which the import knows nothing yet cannot be found again.
    const bool is_known = files_->Exists("out/follow.position");
    if (is_known) Rotate(Table(30, 50));
    KilledFiles second(*files_, changes);
    kills = ended && Follow(second, Options(kLog)).ok() ? 0 : 1;
    if (!is_known) Rotate(Table(30, 50));
    if (is_known || files_->Exists("out/follow.position")) {
      ASSERT_OK(Follow(*files_, Options(kLog)).status());
      ExpectRows(*files_, 80);
    }
  }
}

// logrotate renames empty files, too.
TEST_F(FollowRotationTest, FilesThatWereRotatedEmptyArePassedOver) {
  Put(kLog, Table(20));
  ASSERT_OK(Follow(*files_, Options(kLog)).status());
  Rotate("");
  ASSERT_OK(Follow(*files_, Options(kLog)).status());
  Rotate("");
  ASSERT_OK(Follow(*files_, Options(kLog)).status());
  Rotate(Table(10, 20));
  ASSERT_OK(Follow(*files_, Options(kLog)).status());
  ExpectRows(*files_, 30);
  Rotate(Table(10, 30));
  ASSERT_OK(Follow(*files_, Options(kLog)).status());
  ExpectRows(*files_, 40);
}

TEST_F(FollowRotationTest, AnEmptyFileMayBeRotatedReplacedAndRemoved) {
  Put(kLog, "");
  FollowOptions options = Options(kLog);
  int asked = 0;
  options.idle_seconds = 0;
  options.seal_seconds = 0.001;
  options.stop = [&] {
    ++asked;
    if (asked == 2) {
      EXPECT_TRUE(files_->Remove(kLog).ok());
    }
    if (asked == 3) Put(kLog, "");
    if (asked == 4) Rotate("");
    if (asked == 5) Rotate(Table(15));
    return asked > 10000 || files_->Exists("out/part-0000000000.log");
  };
  ASSERT_OK(Follow(*files_, options).status());
  ExpectRows(*files_, 15);
}

TEST_F(FollowRotationTest, ASecondRotationAtAnyLookLosesNoRow) {
  bool rotated = true;
  for (int look = 0; rotated; ++look) {
    ASSERT_LT(look, 1000);
    files_ = NewMemoryFiles();
    Put(kLog, Table(20));
    ASSERT_OK(Follow(*files_, Options(kLog)).status());
    Put(kLog, Table(25));
    Rotate(Table(10, 25));
    WatchedFiles watched(*files_);
    int looks = 0;
    rotated = false;
    watched.on_open = [&](const std::string& path) {
      if (!path.starts_with(kLog) || looks++ != look) return Status::Ok();
      rotated = true;
      Rotate(Table(10, 35));
      return Status::Ok();
    };
    ASSERT_OK(Follow(watched, Options(kLog)).status());
    ASSERT_OK(Follow(*files_, Options(kLog)).status());
    ExpectRows(*files_, rotated ? 45 : 35);
  }
}

TEST_F(FollowRotationTest, AFileThatIsCutStaysAnError) {
  Put(kLog, Table(20));
  ASSERT_OK(Follow(*files_, Options(kLog)).status());
  Put(kLog, Table(3));
  EXPECT_NE(ErrorOf(Options(kLog)).find("is shorter now"), std::string::npos);
  Put(StrCat(kLog, ".1"), Table(30, 100));  // another file
  EXPECT_NE(ErrorOf(Options(kLog)).find("is shorter now"), std::string::npos);
}

TEST_F(FollowRotationTest, FilesThatBeginAlikeAreNotGuessedApart) {
  Put(kLog, Table(20));
  ASSERT_OK(Follow(*files_, Options(kLog)).status());
  Put(StrCat(kLog, ".1"), Table(25));
  Put(StrCat(kLog, ".2"), Table(24));
  Put(kLog, Table(5, 25));
  EXPECT_NE(ErrorOf(Options(kLog)).find("begin alike"), std::string::npos);
}

// Files that begin alike, on a disk, where inodes tell them apart.
class AlikeFilesTest : public FollowImportTest {
 protected:
  void SetUp() override {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  // Adds `rows` equal rows to the log, which has a header at least.
  void Append(int rows) const {
    std::string text = std::filesystem::exists(log_) ? "" : "click,sale,user,price\n";
    for (int i = 0; i < rows; ++i) text += "0,0,u1,1\n";
    std::ofstream(log_, std::ios::binary | std::ios::app) << text;
  }
  void Rotate(int rows_of_the_new_one) const {
    for (int old = 3; old > 0; --old) {
      const std::string from = old == 1 ? log_ : StrCat(log_, ".", old - 1);
      if (std::filesystem::exists(from)) std::filesystem::rename(from, StrCat(log_, ".", old));
    }
    Append(rows_of_the_new_one);
  }
  uint64_t AllRows(FileSystem& files) {
    FollowOptions options = Options(log_);
    options.import.output = JoinPath(folder_, "out");
    const auto summary = Follow(files, options);
    EXPECT_TRUE(summary.ok()) << summary.status().ToString();
    return summary.ok() ? summary->all_rows : 0;
  }

  const std::string folder_ = JoinPath(std::filesystem::temp_directory_path().string(),
                                       StrCat("chorus-rotation-", getpid()));
  const std::string log_ = JoinPath(folder_, "in.csv");
};

TEST_F(AlikeFilesTest, TheyAreToldApartByTheirInodes) {
  Append(1);
  EXPECT_EQ(AllRows(PosixFiles()), 1u);
  Append(2);
  Rotate(4);
  EXPECT_EQ(AllRows(PosixFiles()), 7u);
  EXPECT_EQ(AllRows(PosixFiles()), 7u);
}

TEST_F(AlikeFilesTest, ASecondRotationAtAnyLookLosesNoRow) {
  bool rotated = true;
  for (int look = 0; rotated; ++look) {
    ASSERT_LT(look, 1000);
    SetUp();
    Append(1);
    AllRows(PosixFiles());
    Append(2);
    Rotate(4);
    WatchedFiles watched(PosixFiles());
    int looks = 0;
    rotated = false;
    watched.on_open = [&](const std::string& path) {
      if (!path.starts_with(log_) || looks++ != look) return Status::Ok();
      rotated = true;
      Rotate(8);
      return Status::Ok();
    };
    AllRows(watched);
    EXPECT_EQ(AllRows(PosixFiles()), rotated ? 15u : 7u) << look;
  }
}

TEST_F(AlikeFilesTest, FoldersWithNamesOfRotationsArePassedOver) {
  Append(1);
  std::filesystem::create_directory(log_ + ".2");
  std::filesystem::create_directory(log_ + "-2026");
  EXPECT_EQ(AllRows(PosixFiles()), 1u);
  std::filesystem::rename(log_, log_ + ".3");  // and the folder is the younger one
  Append(4);
  EXPECT_EQ(AllRows(PosixFiles()), 5u);
}

}  // namespace
}  // namespace chorus::worker
