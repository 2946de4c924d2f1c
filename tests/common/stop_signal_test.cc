// Which signals ask a run to save and to end.
#include "common/stop_signal.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <initializer_list>

namespace chorus {
namespace {

// In a process of its own: raises the signals in turn, and ends with what StopSignal says then.
[[noreturn]] void RaiseAndTell(std::initializer_list<int> signals) {
  CatchStopSignals();
  for (const int signal : signals) raise(signal);
  _exit(StopSignal());
}

class StopSignalTest : public testing::Test {
 protected:
  void SetUp() override { testing::FLAGS_gtest_death_test_style = "threadsafe"; }
};

TEST_F(StopSignalTest, TheFirstOneIsNoted) {
  for (const int signal : {SIGTERM, SIGINT, SIGUSR1, SIGHUP}) {
    EXPECT_EXIT(
        {
          ::signal(SIGHUP, SIG_DFL);  // nohup would ignore it
          RaiseAndTell({signal, SIGUSR1});
        },
        testing::ExitedWithCode(signal), "")
        << SignalName(signal);
  }
}

TEST_F(StopSignalTest, ASecondOfAClosedTerminalChangesNothing) {
  EXPECT_EXIT(
      {
        ::signal(SIGHUP, SIG_DFL);
        RaiseAndTell({SIGHUP, SIGHUP});
      },
      testing::ExitedWithCode(SIGHUP), "");
  EXPECT_EXIT(RaiseAndTell({SIGTERM, SIGTERM}), testing::KilledBySignal(SIGTERM), "");
}

TEST_F(StopSignalTest, AHangUpThatIsIgnoredStaysIgnored) {
  EXPECT_EXIT(
      {
        ::signal(SIGHUP, SIG_IGN);
        RaiseAndTell({SIGHUP});
      },
      testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace chorus
