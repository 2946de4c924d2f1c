// The file of a timeline, and the clocks that it is on.
#include "launch/job/trace_file.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "common/file.h"
#include "launch/job/clock_offsets.h"

namespace chorus::launch {
namespace {

TEST(ClockOffsetsTest, AreBoundedByWhatWasHeardBeforeAndAfter) {
  // Rank 1's clock is 1000 ahead. Its message of round 0 is under way for 30, rank 0's for 10.
  const ClockRounds first{{100, 200}, {150, 250}};
  const ClockRounds second{{1120, 1210}, {1160, 1240}};
  const std::vector<ClockOffset> offsets = OffsetsOf({first, second});
  ASSERT_EQ(offsets.size(), 2u);
  EXPECT_EQ(offsets[0].ns, 0);
  EXPECT_EQ(offsets[0].error_ns, 0);
  // From below: 1120 - 150 and 1210 - 250; from above: 1160 - 100 and 1240 - 200.
  EXPECT_EQ(offsets[1].ns, 970 + (1040 - 970) / 2);
  EXPECT_EQ(offsets[1].error_ns, 35);
  EXPECT_LE(std::abs(offsets[1].ns - 1000), offsets[1].error_ns);
}

TracePart PartOf(uint32_t rank, const std::string& role) {
  TracePart part;
  part.set_rank(rank);
  part.set_role(role);
  part.set_node("node \"7\"");
  part.set_steps(2);
  part.add_text("");
  return part;
}

TraceThreadPart* AddThread(const std::string& name, TracePart* part) {
  TraceThreadPart* const thread = part->add_thread();
  thread->set_thread(name);
  return thread;
}

void AddSpan(uint32_t name, uint32_t of, uint64_t number, int64_t begin, int64_t duration,
             TraceThreadPart* thread) {
  thread->add_name(name);
  thread->add_of(of);
  thread->add_number(number);
  thread->add_begin_ns(begin);
  thread->add_duration_ns(duration);
}

class TraceFileTest : public ::testing::Test {
 protected:
  TraceFileTest() {
    parts_ = {PartOf(0, "server 0"), PartOf(1, "worker 0")};
    parts_[0].add_text("update");
    AddSpan(1, 0, 0, 5'000'000, 2'500, AddThread("owner", &parts_[0]));
    parts_[1].add_text("step");
    // A clock that is a second ahead.
    AddSpan(1, 1, 7, 1'004'000'000, 3'000'000, AddThread("trainer", &parts_[1]));
  }

  std::string Written() {
    const std::unique_ptr<FileSystem> files = NewMemoryFiles();
    auto out = OutputFile::Create(*files, "trace.json");
    EXPECT_TRUE(out.ok());
    EXPECT_TRUE(AppendTrace(parts_, clocks_, out->get()).ok());
    EXPECT_TRUE((*out)->Commit().ok());
    return ReadWholeFile(*files, "trace.json").value();
  }

  std::vector<TracePart> parts_;
  const std::vector<ClockOffset> clocks_ = {{}, {1'000'000'000, 12'000}};
};

TEST_F(TraceFileTest, HasEverySpanOnTheClockOfRankZero) {
  const std::string text = Written();
  EXPECT_TRUE(text.starts_with(kTraceBegin)) << text;
  EXPECT_NE(text.find(R"({"ph":"X","name":"update","pid":0,"tid":0,"ts":1000.000,"dur":2.500})"),
            std::string::npos)
      << text;
  EXPECT_NE(
      text.find(
          R"({"ph":"X","name":"step","pid":1,"tid":0,"ts":0.000,"dur":3000.000,"args":{"step":7}})"),
      std::string::npos)
      << text;
  EXPECT_NE(text.find(R"("clock_error_us":[0.000,12.000])"), std::string::npos) << text;
}

TEST_F(TraceFileTest, NamesRanksAndThreads) {
  const std::string text = Written();
  const std::string rank = "\"args\":{\"name\":\"worker 0 (rank 1 on node \\\"7\\\")\"}}";
  const std::string thread =
      R"({"ph":"M","name":"thread_name","pid":0,"tid":0,"args":{"name":"owner"}})";
  EXPECT_NE(text.find(rank), std::string::npos) << text;
  EXPECT_NE(text.find(thread), std::string::npos) << text;
}

TEST_F(TraceFileTest, IsSummedUpInALine) {
  EXPECT_EQ(TraceSummary(parts_, clocks_),
            "2 steps of 2 ranks, 2 spans; clocks agree within 12.000 us");
  parts_[1].mutable_thread(0)->set_dropped(4);
  parts_[0].set_without_track(1);
  EXPECT_EQ(TraceSummary(parts_, clocks_),
            "2 steps of 2 ranks, 2 spans; clocks agree within 12.000 us; 5 spans did not fit and "
            "are left out (trace fewer steps)");
}

}  // namespace
}  // namespace chorus::launch
