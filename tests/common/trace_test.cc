// What threads record for a timeline. ThreadSanitizer runs these tests, too: logs are read while
// threads record, begin and end.
#include "common/trace.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "common/thread.h"

namespace chorus {
namespace {

std::shared_ptr<const TraceTrack> TrackOf(const TraceLog& log, const std::string& thread) {
  for (const auto& track : log.tracks()) {
    if (track->thread() == thread) return track;
  }
  return nullptr;
}

std::thread Started(const std::string& name, std::function<void()> work) {
  Result<std::thread> thread = StartThread(name, "a test", std::move(work));
  EXPECT_TRUE(thread.ok()) << thread.status().ToString();
  return std::move(*thread);
}

TEST(TraceTest, RecordsSpansThatBeginWhileItIsHeld) {
  const auto log = TraceLog::Open("main");
  { const TraceSpan before("before"); }
  log->Hold();
  {
    const TraceSpan outer("outer", "step", 7);
    const TraceSpan inner("inner");
  }
  log->Release();
  { const TraceSpan after("after"); }
  const auto events = log->tracks().at(0)->events();
  ASSERT_EQ(events.size(), 2u);
  EXPECT_STREQ(events[0].name, "inner");  // it ends first
  EXPECT_EQ(events[0].of, nullptr);
  EXPECT_STREQ(events[1].name, "outer");
  EXPECT_STREQ(events[1].of, "step");
  EXPECT_EQ(events[1].number, 7u);
  EXPECT_LE(events[1].begin_ns, events[0].begin_ns);
  EXPECT_GE(events[1].duration_ns, events[0].duration_ns);
  EXPECT_GE(events[0].duration_ns, 0);
}

TEST(TraceTest, RecordsAsLongAsAnybodyHoldsIt) {
  const auto log = TraceLog::Open("main");
  log->Hold();
  log->Hold();
  log->Release();
  { const TraceSpan span("seen"); }
  log->Release();
  { const TraceSpan span("not seen"); }
  EXPECT_EQ(log->tracks().at(0)->events().size(), 1u);
}

TEST(TraceTest, ATrackOutlivesItsThreadAndAThreadItsLog) {
  auto log = TraceLog::Open("main");
  log->Hold();
  Started("short", [] { const TraceSpan span("work"); }).join();
  const auto track = TrackOf(*log, "short");
  ASSERT_NE(track, nullptr);
  ASSERT_EQ(track->events().size(), 1u);

  std::atomic<bool> gone = false;
  std::thread longer = Started("long", [&] {
    while (!gone) const TraceSpan span("work");
    const TraceSpan span("on its own");
  });
  log->Release();
  log.reset();
  gone = true;
  longer.join();
  EXPECT_STREQ(track->events()[0].name, "work");
}

TEST(TraceTest, IsReadWhileThreadsRecordBeginAndEnd) {
  const auto log = TraceLog::Open("main");
  log->Hold();
  std::atomic<bool> stop = false;
  std::thread busy = Started("busy", [&] {
    while (!stop) const TraceSpan span("work", "round", 1);
  });
  for (int i = 0; i < 20; ++i) {
    Started("short", [] { const TraceSpan span("work", "round", 1); }).join();
    for (const auto& track : log->tracks()) {
      for (const TraceEvent& event : track->events()) {
        EXPECT_STREQ(event.name, "work");
        EXPECT_EQ(event.number, 1u);
      }
    }
  }
  stop = true;
  busy.join();
  log->Release();
  EXPECT_EQ(log->tracks().size(), 22u);
}

TEST(TraceTest, AThreadThatEndsWithoutASpanLeavesNoTrack) {
  const auto log = TraceLog::Open("main");
  for (int i = 0; i < 20; ++i) {
    Started("idle", [] { const TraceSpan span("not recorded"); }).join();
  }
  EXPECT_EQ(log->tracks().size(), 1u);
  log->Hold();
  Started("busy", [] { const TraceSpan span("work"); }).join();
  Started("idle", [] {}).join();
  log->Release();
  EXPECT_EQ(log->tracks().size(), 2u);
}

TEST(TraceTest, CountsWhatDoesNotFit) {
  const auto log = TraceLog::Open("main");
  log->Hold();
  for (uint32_t i = 0; i < TraceTrack::kSpans + 3; ++i) const TraceSpan span("work", "i", i);
  log->Release();
  const auto track = log->tracks().at(0);
  ASSERT_EQ(track->events().size(), TraceTrack::kSpans);
  EXPECT_EQ(track->events()[TraceTrack::kSpans - 1].number, TraceTrack::kSpans - 1);
  EXPECT_EQ(track->dropped(), 3u);
}

TEST(TraceTest, CountsSpansOfThreadsThatBeganBeforeTheLog) {
  std::atomic<int> turn = 0;
  std::thread early = Started("early", [&] {
    turn = 1;
    while (turn != 2) std::this_thread::yield();
    const TraceSpan span("work");
  });
  while (turn != 1) std::this_thread::yield();
  const auto log = TraceLog::Open("main");
  const uint64_t before = TraceSpansWithoutTrack();
  log->Hold();
  turn = 2;
  early.join();
  log->Release();
  EXPECT_EQ(TraceSpansWithoutTrack() - before, 1u);
  EXPECT_EQ(TrackOf(*log, "early"), nullptr);
}

TEST(TraceTest, ANewLogEndsTheOneBefore) {
  const auto first = TraceLog::Open("main");
  first->Hold();
  const auto second = TraceLog::Open("main");
  { const TraceSpan span("of neither"); }
  second->Hold();
  { const TraceSpan span("of the second"); }
  first->Release();
  { const TraceSpan span("of the second"); }
  EXPECT_TRUE(first->tracks().at(0)->events().empty());
  EXPECT_EQ(second->tracks().at(0)->events().size(), 2u);
  second->Release();
}

TEST(TraceTest, AWindowRecordsItsStepsAlone) {
  const auto log = TraceLog::Open("main");
  TraceWindow window(log, 3, 4);
  for (uint64_t step = 1; step <= 6; ++step) {
    window.Begin(step);
    const TraceSpan span("step", "step", step);
  }
  const auto events = log->tracks().at(0)->events();
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].number, 3u);
  EXPECT_EQ(events[1].number, 4u);
  EXPECT_EQ(window.steps(), 2u);
  EXPECT_FALSE(TraceRecords());
}

TEST(TraceTest, AWindowThatEndsInTheMiddleOfItsStepsEndsRecording) {
  const auto log = TraceLog::Open("main");
  {
    TraceWindow window(log, 3, 4);
    window.Begin(3);
    EXPECT_TRUE(TraceRecords());
  }
  EXPECT_FALSE(TraceRecords());
}

}  // namespace
}  // namespace chorus
