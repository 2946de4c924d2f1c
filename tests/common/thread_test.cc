// A machine that gives no more: what is short is named with its limit and the remedy, and nothing
// aborts.
#include "common/thread.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include "common/file.h"
#include "common/parallel_for.h"
#include "common/shortage.h"

namespace chorus {
namespace {

// What a child of a test says, and how it ends.
[[noreturn]] void Say(const Status& status) {
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  std::_Exit(status.ok() ? 0 : 3);
}

void SetLimit(int resource, rlim_t limit) {
  const rlimit both = {limit, limit};
  if (setrlimit(static_cast<__rlimit_resource>(resource), &both) != 0) std::abort();
}

TEST(ThreadTest, RunsItsWork) {
  int done = 0;
  Result<std::thread> thread = StartThread("worker", "a test", [&] { done = 1; });
  ASSERT_TRUE(thread.ok()) << thread.status().ToString();
  thread->join();
  EXPECT_EQ(done, 1);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
// Each thread reserves addresses for its stack: half a gigabyte is not enough for a hundred.
TEST(ThreadTest, OneThatIsNotToBeHadNamesTheLimitAndTheRemedy) {
  const auto start = [] {
    SetLimit(RLIMIT_AS, rlim_t{512} << 20);
    std::vector<std::thread> threads;
    for (int i = 0; i < 200; ++i) {
      Result<std::thread> thread = StartThread("sleeper", "compute.threads", [] {
        std::this_thread::sleep_for(std::chrono::seconds(60));
      });
      if (!thread.ok()) Say(thread.status());
      threads.push_back(std::move(*thread));
    }
    Say(Status::Ok());
  };
  EXPECT_EXIT(start(), testing::ExitedWithCode(3),
              "ResourceExhausted: compute.threads: no further thread .*this process has .* threads "
              ".*ulimit -v 524288.*ask for fewer threads");
}
#endif

TEST(ThreadTest, AnExceptionThatItLetsOutEndsTheProcessWithItsCause) {
  const auto start = [](auto work) {
    Result<std::thread> thread = StartThread("chorus-io", "a test", work);
    if (thread.ok()) thread->join();
    std::_Exit(0);
  };
  EXPECT_EXIT(start([] { throw std::bad_alloc(); }), testing::ExitedWithCode(1),
              "ResourceExhausted: thread chorus-io: out of memory");
  EXPECT_EXIT(start([] { throw std::runtime_error("a library's"); }), testing::ExitedWithCode(1),
              "Internal: thread chorus-io: exception: a library's");
}

TEST(ShortageTest, OpenFilesThatRunShortNameTheLimit) {
  const auto open = [] {
    SetLimit(RLIMIT_NOFILE, 16);
    std::vector<std::unique_ptr<RandomAccessFile>> files;
    while (true) {
      auto file = PosixFiles().OpenForRead("/proc/self/exe");
      if (!file.ok()) Say(file.status());
      files.push_back(std::move(*file));
    }
  };
  EXPECT_EXIT(open(), testing::ExitedWithCode(3),
              "ResourceExhausted: opening /proc/self/exe: Too many open files; limits: ulimit -n "
              "16; .*raise the limit");
}

TEST(ShortageTest, AFileThatMayNotGrowNamesTheLimit) {
  const auto write = [] {
    std::signal(SIGXFSZ, SIG_IGN);
    SetLimit(RLIMIT_FSIZE, 4096);
    const std::string path = JoinPath(testing::TempDir(), "may-not-grow");
    const Status status = ReplaceFile(PosixFiles(), path, std::string(8192, 'x'));
    Say(status);
  };
  EXPECT_EXIT(write(), testing::ExitedWithCode(3),
              "ResourceExhausted: writing .*may-not-grow.*: File too large; limits: ulimit -f 4; ");
}

TEST(ShortageTest, ExceptionsOfLibrariesSayWhatIsShort) {
  EXPECT_EQ(StatusOfException(std::bad_alloc()).code(), Code::kResourceExhausted);
  for (const std::errc code : {std::errc::resource_unavailable_try_again,
                               std::errc::not_enough_memory, std::errc::too_many_files_open}) {
    EXPECT_EQ(StatusOfException(std::system_error(std::make_error_code(code))).code(),
              Code::kResourceExhausted);
  }
  EXPECT_EQ(StatusOfException(std::runtime_error("x")).ToString(), "Internal: exception: x");
}

TEST(ParallelForTest, AnExceptionReachesTheCaller) {
  for (const uint32_t threads : {1u, 3u}) {
    EXPECT_THROW(ParallelFor(100, threads,
                             [](uint64_t i) {
                               if (i == 7) throw std::bad_alloc();
                             }),
                 std::bad_alloc);
  }
}

}  // namespace
}  // namespace chorus
