// Waits for servers name those that did not answer.

#include "worker/servers/server_calls.h"

#include <gtest/gtest.h>

#include "worker/servers/snapshot_progress.h"

namespace chorus::worker {
namespace {

TEST(ServerCallsTest, GivesRepliesByServerOrTheFirstError) {
  ServerCalls calls(2);
  calls.Set(1, Frame{FrameType::kReadReply, "one", {}});
  calls.Set(0, Frame{FrameType::kReadReply, "zero", {}});
  const auto replies = calls.Wait(1);
  ASSERT_TRUE(replies.ok());
  EXPECT_EQ((*replies)[0].meta, "zero");
  EXPECT_EQ((*replies)[1].meta, "one");

  ServerCalls failing(2);
  failing.Set(1, Unavailable("gone"));
  EXPECT_EQ(failing.Wait(1).status().ToString(), "Unavailable: server 1: gone");
}

TEST(ServerCallsTest, ADeadlineNamesTheServersThatDidNotAnswer) {
  ServerCalls calls(3);
  calls.Set(1, Frame{FrameType::kReadReply, "", {}});
  const Status status = calls.Wait(0.01).status();
  EXPECT_EQ(status.code(), Code::kDeadlineExceeded);
  EXPECT_NE(status.message().find("server 0, server 2 did not"), std::string::npos)
      << status.ToString();
}

TEST(ServerCallsTest, TellsWhetherAllHaveAnswered) {
  ServerCalls calls(2);
  calls.Set(1, Frame{FrameType::kReadReply, "", {}});
  EXPECT_FALSE(calls.Ended(0.01));
  calls.Set(0, Unavailable("gone"));
  EXPECT_TRUE(calls.Ended(60));
}

TEST(SnapshotProgressTest, FilesAreThereWhenAllServersHaveFinishedTheStep) {
  SnapshotProgress progress(2);
  wire::SnapshotStatusMeta status;
  status.set_step(4);
  status.set_finished(true);
  status.add_file()->set_name("a");
  progress.SetEnded(1, status);
  EXPECT_EQ(progress.UnderWay(4), "server 0");
  EXPECT_TRUE(progress.Files(4)->empty());
  progress.SetEnded(0, status);
  EXPECT_TRUE(progress.Ended(4));
  EXPECT_FALSE(progress.Ended(5));
  EXPECT_EQ(progress.Files(4)->size(), 2u);
  status.mutable_error()->set_code(static_cast<uint32_t>(Code::kResourceExhausted));
  progress.SetEnded(0, status);
  EXPECT_EQ(progress.Files(4).status().code(), Code::kResourceExhausted);
  status.mutable_error()->set_code(99);  // of a newer program
  progress.SetEnded(0, status);
  EXPECT_EQ(progress.Files(4).status().code(), Code::kInternal);
}

}  // namespace
}  // namespace chorus::worker
