// Streams are joined by events alone: a device's work may be done in any order that they allow, and
// the bits stay; with any one of them missing some order shows it.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/strings.h"
#include "tests/cuda/device_testing.h"
#include "tests/cuda/step_world.h"
#include "tests/support/cuda_host/emulation.h"

namespace chorus::worker {
namespace {

using cuda_host::StreamOrder;

constexpr StreamOrder kOrders[] = {StreamOrder::kAllLate, StreamOrder::kFirstAtOnce,
                                   StreamOrder::kSecondAtOnce};

// Three training steps, each prepared while the one before is computed, and one that is scored
// between them, as a trainer goes about them.
class Steps {
 public:
  struct Results {
    std::vector<Sums> sums;
    std::vector<float> weights;
  };

  Results Run(StreamOrder order) const {
    cuda_host::SetStreamOrder(order);
    const std::unique_ptr<Device> device = OpenTestDevice();
    cuda_host::SetStreamOrder(StreamOrder::kAtOnce);
    auto step = DeviceStep::Create(worlds_[0].options(), device.get());
    EXPECT_TRUE(step.ok()) << step.status().ToString();
    Results results;
    EXPECT_TRUE((*step)->weights().Set(worlds_[0].parameters()).ok());
    for (size_t t = 0; t < 3; ++t) {
      const StepWorld& world = worlds_[t];
      EXPECT_TRUE((*step)->Load(world.batch(), world.rows(), true).ok());
      EXPECT_TRUE((*step)->Train(std::vector<double>(2, 0.125)).ok());
      if (t < 2) {
        EXPECT_TRUE((*step)->Prepare(worlds_[t + 1].batch()).ok());
      }
      EXPECT_TRUE((*step)->Finish().ok());
      results.sums.push_back(world.Read(**step));
      const MatrixView<const float> gradient = (*step)->node_gradients();
      WeightUpdate update;
      update.optimizer.lr = 0.5;
      EXPECT_TRUE((*step)
                      ->weights()
                      .Update(update, {gradient.data, static_cast<size_t>(gradient.cols)})
                      .ok());
      if (t != 1) continue;
      EXPECT_TRUE((*step)->Load(worlds_[3].batch(), worlds_[3].rows(), false).ok());
      EXPECT_TRUE((*step)->Forward().ok());
      results.sums.push_back(worlds_[3].Read(**step));
    }
    results.weights.resize(worlds_[0].parameters().size());
    EXPECT_TRUE((*step)->weights().Get(results.weights).ok());
    return results;
  }

  static bool Same(const Results& a, const Results& b) {
    bool same = SameBits(a.weights, b.weights);
    for (size_t i = 0; i < a.sums.size(); ++i) same = same && SameSums(a.sums[i], b.sums[i]);
    return same;
  }

 private:
  static StepWorld World(uint64_t step, uint32_t rows) {
    Case setup = {{{rows, 3}, {7, 2}}};
    setup.step = step;
    return StepWorld("esmm={}", "model { tower { hidden: 6 hidden: 4 dropout: 0.4 } }", setup, 64);
  }
  const StepWorld worlds_[4] = {World(3, 9), World(4, 60), World(5, 40), World(1, 20)};
};

TEST(EventOrderTest, AnyOrderThatEventsAllowGivesTheSameBits) {
  NEEDS_EMULATION();
  const Steps steps;
  const Steps::Results expected = steps.Run(StreamOrder::kAtOnce);
  for (const StreamOrder order : kOrders) EXPECT_TRUE(Steps::Same(steps.Run(order), expected));
  EXPECT_TRUE(Steps::Same(steps.Run(StreamOrder::kThreads), expected));
}

// Whether the steps end otherwise without a wait: with other bits, or not at all, since kernels follow
// pointers that have not arrived. In a process of its own.
bool ShowsMissingWait(const Steps& steps, const Steps::Results& expected, uint64_t nth,
                      StreamOrder order) {
  const pid_t child = fork();
  if (child == 0) {
    dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
    cuda_host::DropWait(nth);
    _exit(Steps::Same(steps.Run(order), expected) ? 0 : 1);
  }
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  return !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}

TEST(EventOrderTest, WithoutAnyOneWaitForAnEventSomeOrderShowsIt) {
  NEEDS_EMULATION();
  const Steps steps;
  cuda_host::ResetCounters();
  const Steps::Results expected = steps.Run(StreamOrder::kAtOnce);
  const uint64_t waits = cuda_host::ReadCounters().calls.at("cudaStreamWaitEvent");
  ASSERT_EQ(waits, 4u) << "one a step";
  for (const StreamOrder order : kOrders) {
    EXPECT_FALSE(ShowsMissingWait(steps, expected, waits + 1, order)) << "none is missing";
  }
  for (uint64_t nth = 1; nth <= waits; ++nth) {
    bool shown = false;
    for (const StreamOrder order : kOrders) {
      shown = shown || ShowsMissingWait(steps, expected, nth, order);
    }
    EXPECT_TRUE(shown) << "wait " << nth;
  }
}

}  // namespace
}  // namespace chorus::worker
