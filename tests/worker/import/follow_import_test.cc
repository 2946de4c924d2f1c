// `chorus import --follow`: whatever comes when, and wherever it is killed, each row is in one log
// file, once, and in its order.

#include "worker/import/follow_import.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <thread>
#include <utility>

#include "tests/worker/import/follow_testing.h"
#include "worker/import/follow_position.h"

namespace chorus::worker {
namespace {

TEST_F(FollowImportTest, AFileThatGrowsGivesItsRowsOnceWheneverTheImportRuns) {
  const std::string text = Table(150);
  for (const size_t end : {size_t{10}, size_t{700}, size_t{701}, size_t{1200}, text.size()}) {
    Put("in.csv", text.substr(0, end));
    ASSERT_OK(Follow(*files_).status());
  }
  ExpectRows(*files_, 150);
  const auto position = ReadFollowPosition(*files_, "out");
  ASSERT_OK(position.status());
  EXPECT_EQ(position->sources(0).offset(), text.size());
  EXPECT_EQ(position->sources(0).lines(), 151u);
  EXPECT_GE(position->next_file(), 4u);  // of 40 rows at most
}

TEST_F(FollowImportTest, AKillAtAnyChangeLosesAndDoublesNoRow) {
  const std::string text = Table(100);
  int cut_writes = 0;
  for (int64_t changes = 0, kills = 1; kills > 0; ++changes) {
    ASSERT_LT(changes, 1000);
    files_ = NewMemoryFiles();
    Put("in.csv", text.substr(0, 900));
    KilledFiles killed(*files_, changes);
    kills = Follow(killed).ok() ? 0 : 1;
    EXPECT_EQ(kills > 0, killed.died());
    cut_writes += killed.cut_a_write() ? 1 : 0;
    Put("in.csv", text);
    ASSERT_OK(Follow(*files_).status());
    ExpectRows(*files_, 100);
    const auto names = files_->List("out");
    ASSERT_OK(names.status());
    for (const std::string& name : *names) {
      EXPECT_FALSE(name.starts_with(".sealing")) << name;
    }
  }
  EXPECT_GT(cut_writes, 5);
}

TEST_F(FollowImportTest, AKillAtAnyChangeAmongWholeFilesLosesAndDoublesNoRow) {
  for (int64_t changes = 0, kills = 1; kills > 0; ++changes) {
    ASSERT_LT(changes, 1000);
    files_ = NewMemoryFiles();
    Put("in/a.csv", Table(90));  // three log files
    Put("in/b.csv.tmp", "not whole");
    KilledFiles killed(*files_, changes);
    kills = Follow(killed, Options("in")).ok() ? 0 : 1;
    ASSERT_OK(files_->Remove("in/b.csv.tmp"));
    Put("in/b.csv", Table(30, 90));
    ASSERT_OK(Follow(*files_, Options("in")).status());
    ExpectRows(*files_, 120);
  }
}

TEST_F(FollowImportTest, WholeFilesMayGoWhenTheyAreDoneAndMayNotChange) {
  Put("in/a.csv", Table(10));
  Put("in/b.csv", Table(10, 10));
  ASSERT_OK(Follow(*files_, Options("in")).status());
  ASSERT_OK(files_->Remove("in/a.csv"));
  Put("in/c.csv", Table(10, 20));
  ASSERT_OK(Follow(*files_, Options("in")).status());
  ExpectRows(*files_, 30);
  Put("in/b.csv", Table(11, 10));
  EXPECT_NE(ErrorOf(Options("in")).find("in/b.csv has changed"), std::string::npos);
}

// 30 rows wait until their time is over, and of 60 more 40 are a file.
TEST_F(FollowImportTest, StandardInputIsCutByRowsAndByTime) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  std::thread writer([&] {
    const std::string text = Table(90);
    const size_t first = Table(30).size() + 5;  // in the middle of a line
    EXPECT_EQ(write(ends[1], text.data(), first), static_cast<ssize_t>(first));
    EXPECT_TRUE(Appears("out/part-0000000000.log"));
    const std::string rest =
        text.substr(first, text.size() - first - 1);  // no end of its last line
    EXPECT_EQ(write(ends[1], rest.data(), rest.size()), static_cast<ssize_t>(rest.size()));
    close(ends[1]);
  });
  FollowOptions options = Options("-");
  options.idle_seconds = 0;
  options.seal_seconds = 0.01;
  options.import.standard_input = ends[0];
  const auto summary = Follow(*files_, options);
  writer.join();
  close(ends[0]);
  ASSERT_OK(summary.status());
  EXPECT_EQ(summary->rows.read, 90u);
  EXPECT_FALSE(summary->stopped);
  EXPECT_EQ(RowIds(*files_, "out/part-0000000000.log").size(), 30u);
  EXPECT_EQ(RowIds(*files_, "out/part-0000000001.log").size(), 40u);
  ExpectRows(*files_, 90);
}

// Rows come while log files are made, which takes longer than the text may be idle.
TEST_F(FollowImportTest, RowsThatCameDuringASlowSealAreNotLost) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const std::string text = Table(90);
  const size_t first = text.find("\n", text.size() / 2) + 1;
  ASSERT_EQ(write(ends[1], text.data(), first), static_cast<ssize_t>(first));
  bool rest_came = false;
  WatchedFiles watched(*files_);
  watched.on_create = [&](const std::string& path) {
    if (path.find(".sealing-0") == std::string::npos || std::exchange(rest_came, true)) {
      return Status::Ok();
    }
    EXPECT_EQ(write(ends[1], &text[first], text.size() - first),
              static_cast<ssize_t>(text.size() - first));
    return Status::Ok();
  };
  FollowOptions options = Options("-");
  options.idle_seconds = 1e-9;  // whatever is done takes longer
  options.import.standard_input = ends[0];
  const auto summary = Follow(watched, options);
  for (const int end : ends) close(end);
  ASSERT_OK(summary.status());
  EXPECT_TRUE(rest_came);
  ExpectRows(*files_, 90);
}

TEST_F(FollowImportTest, AFileThatIsReplacedByALongerOneIsRefused) {
  Put("in.csv", Table(10));
  WatchedFiles watched(*files_);
  watched.on_create = [&](const std::string& path) {
    if (path.find(".sealing-0") != std::string::npos) Put("in.csv", Table(60, 100));
    return Status::Ok();
  };
  FollowOptions options = Options();
  options.idle_seconds = 0.5;
  options.seal_seconds = 0.01;
  const Status status = Follow(watched, options).status();
  EXPECT_NE(status.ToString().find("in.csv: the file was replaced"), std::string::npos)
      << status.ToString();
  ExpectRows(*files_, 10);  // which were sealed before
}

TEST_F(FollowImportTest, AStopBeforeTheHeaderIsAStop) {
  Put("in.csv", "click,sa");
  FollowOptions options = Options();
  options.idle_seconds = 0;
  options.stop = [] { return true; };
  const auto summary = Follow(*files_, options);
  ASSERT_OK(summary.status());
  EXPECT_TRUE(summary->stopped);
}

TEST_F(FollowImportTest, PackedTextIsRefusedWithAndWithoutAHeader) {
  Put("in.csv", "\x1f\x8b\x08 packed");
  EXPECT_NE(ErrorOf(Options()).find("packed text"), std::string::npos);
  Put("in.csv", "\x1f\x8b\x08 packed\n");
  const char kNoHeader[] =
      "header: false click: '1' conversion: '2' slot { column: '3' context: true }";
  EXPECT_NE(ErrorOf(Options(), kNoHeader).find("packed text"), std::string::npos);
}

TEST_F(FollowImportTest, ADoneFileThatGoesWhileItIsLookedAtIsGone) {
  Put("in/a.csv", Table(10));
  ASSERT_OK(Follow(*files_, Options("in")).status());
  Put("in/b.csv", Table(10, 10));
  WatchedFiles watched(*files_);
  watched.on_open = [&](const std::string& path) {
    return path == "in/a.csv" && files_->Exists(path) ? files_->Remove(path) : Status::Ok();
  };
  ASSERT_OK(Follow(watched, Options("in")).status());
  EXPECT_FALSE(files_->Exists("in/a.csv"));
  ExpectRows(*files_, 20);
}

// A disk that fails does not make the log files that wait for their names seem gone.
TEST_F(FollowImportTest, LogFilesThatWaitForTheirNamesAreKeptWhenTheDiskFails) {
  Put("in.csv", Table(10));
  for (int64_t changes = 0;; ++changes) {  // up to the kill between the position and the names
    ASSERT_LT(changes, 1000);
    files_ = NewMemoryFiles();
    Put("in.csv", Table(10));
    KilledFiles killed(*files_, changes);
    ASSERT_FALSE(Follow(killed).ok());
    const auto position = ReadFollowPosition(*files_, "out");
    if (position.ok() && position->next_file() > 0) break;
  }
  WatchedFiles watched(*files_);
  watched.exists = [](const std::string&) { return false; };
  watched.on_list = [](const std::string& folder) {
    return folder == "out/.sealing-0" ? Internal("Input/output error") : Status::Ok();
  };
  const Status status = Follow(watched).status();
  EXPECT_NE(status.ToString().find("Input/output error"), std::string::npos) << status.ToString();
  watched.on_list = nullptr;
  ASSERT_OK(Follow(watched).status());
  ExpectRows(*files_, 10);
}

TEST_F(FollowImportTest, ADamagedPositionAndALaterVersionsAreToldApart) {
  Put("in.csv", Table(10));
  ASSERT_OK(Follow(*files_).status());
  const auto text = ReadWholeFile(*files_, "out/follow.position");
  ASSERT_OK(text.status());
  Put("out/follow.position", text->substr(0, text->find("schema") + 9));
  EXPECT_NE(ErrorOf(Options()).find("is damaged"), std::string::npos) << ErrorOf(Options());
  Put("out/follow.position", "version: 4 what_is_new: 7");
  EXPECT_NE(ErrorOf(Options()).find("of a later version of Chorus (4, "), std::string::npos)
      << ErrorOf(Options());
}

TEST_F(FollowImportTest, AStopSealsWhatIsComplete) {
  Put("in.csv", Table(7) + "1,0,u");
  FollowOptions options = Options();
  options.idle_seconds = 0;
  int asked = 0;
  options.stop = [&] { return ++asked > 3; };
  const auto summary = Follow(*files_, options);
  ASSERT_OK(summary.status());
  EXPECT_TRUE(summary->stopped);
  ExpectRows(*files_, 7);
}

TEST_F(FollowImportTest, MeansAreThoseOfTheFirstFile) {
  Put("in.csv", Table(20));
  ASSERT_OK(Follow(*files_).status());
  Put("in.csv", Table(60));
  ASSERT_OK(Follow(*files_).status());
  LogSchema schema;
  ReadLog(*files_, "out/part-0000000001.log", &schema);
  EXPECT_EQ(schema.numerics[0].mean, 9.5);
  ExpectRows(*files_, 60);
}

TEST_F(FollowImportTest, BadRowsAreCountedOverAllAndNamedByTheirLine) {
  Put("in.csv", Table(10) + "x,0,u1,5\n");
  FollowOptions options = Options();
  options.import.max_bad_rows = 1;
  ASSERT_OK(Follow(*files_, options).status());
  Put("in.csv", Table(10) + "x,0,u1,5\n" + "1,0,u1,11\n0,7,u1,12\n");
  EXPECT_NE(ErrorOf(options).find("in.csv:14"), std::string::npos) << ErrorOf(options);
  EXPECT_NE(ErrorOf(options).find("this is bad row 2, --max-bad-rows allows 1"), std::string::npos)
      << ErrorOf(options);
  options.import.max_bad_rows = 2;
  ASSERT_OK(Follow(*files_, options).status());
  EXPECT_EQ(RowIds(*files_, "out").back(), 11u);
}

TEST_F(FollowImportTest, WhatCannotBeFollowedIsNamed) {
  Put("in.csv", Table(30));
  EXPECT_NE(ErrorOf(Options(), StrCat(kFollowed, " slot { column: 'x' min_count: 2 }"))
                .find("slot.min_count"),
            std::string::npos);
  EXPECT_NE(ErrorOf(Options(), "format: ALI_CCP").find("ALI_CCP"), std::string::npos);
  EXPECT_NE(ErrorOf(Options(), "format: PARQUET").find("PARQUET"), std::string::npos);
  FollowOptions twice = Options();
  twice.import.inputs = {"in.csv", "in.csv"};
  EXPECT_NE(ErrorOf(twice).find("in.csv is named twice"), std::string::npos);
  FollowOptions ranges = Options();
  ranges.import.split = Split::Parse("a:0.5,b:0.5").value();
  ranges.import.split_contiguous = true;
  EXPECT_NE(ErrorOf(ranges).find("--split-contiguous"), std::string::npos);
  ASSERT_OK(Follow(*files_).status());
  EXPECT_NE(ErrorOf(Options("other.csv")).find("follows in.csv"), std::string::npos);
  Put("in.csv", Table(40));
  EXPECT_NE(ErrorOf(Options(), "slot { column: 'user' context: true }").find("other columns"),
            std::string::npos);
  EXPECT_NE(ErrorOf(Options(), "slot { column: 'user' }").find("the log files that are there"),
            std::string::npos);
  Put("in.csv", Table(3));
  EXPECT_NE(ErrorOf(Options()).find("shorter"), std::string::npos);
  Put("in.csv", Table(60, 5));
  EXPECT_NE(ErrorOf(Options()).find("begins otherwise"), std::string::npos);
  Put("full/something", "");
  FollowOptions full = Options();
  full.import.output = "full";
  EXPECT_NE(ErrorOf(full).find("full holds something"), std::string::npos);
}

TEST_F(FollowImportTest, RowsThatAreAllDroppedMakeNoFile) {
  Put("in.csv", "click,sale,user,price\n0,1,u,1\n0,1,u,2\n");
  ASSERT_OK(Follow(*files_).status());
  EXPECT_FALSE(files_->Exists("out/part-0000000000.log"));
  Put("in.csv", "click,sale,user,price\n0,1,u,1\n0,1,u,2\n1,1,u,3\n");
  ASSERT_OK(Follow(*files_).status());
  EXPECT_EQ(RowIds(*files_, "out"), std::vector<uint64_t>{2});
}

}  // namespace
}  // namespace chorus::worker
