// Streams are joined by events alone: a device's work may be done in any order that they allow, and
// the bits stay; with any one of them missing some order shows it.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/cuda_host/emulation.h"
#include "tests/worker/cuda/device_testing.h"
#include "tests/worker/engine/device/step_world.h"

namespace chorus::worker {
namespace {

using testing::OpenTestDevice;

using cuda_host::StreamOrder;

// Streams are those of computing, of copies, and of sums among devices.
constexpr StreamOrder kOrders[] = {StreamOrder::kAllLate, StreamOrder::kFirstAtOnce,
                                   StreamOrder::kSecondAtOnce, StreamOrder::kThirdAtOnce};

// Training steps, each prepared while the one before is computed, and one that is scored between
// them, as a trainer goes about them.
class Steps {
 public:
  struct Results {
    std::vector<Sums> sums;
    std::vector<float> weights;
  };

  // with_sums: dense gradients pass through a collective, of this device alone.  count: of training
  // steps.  graphs: their grains are full, so that they are started as graphs.
  explicit Steps(bool with_sums, size_t count = 3, bool graphs = false)
      : with_sums_(with_sums),
        count_(count),
        graphs_(graphs),
        worlds_{World(3, graphs ? 64 : 9), World(4, graphs ? 64 : 60), World(5, graphs ? 64 : 40),
                World(1, 20)} {}

  Results Run(StreamOrder order) const { return Run(order, graphs_); }
  Results Run(StreamOrder order, bool graphs) const {
    cuda_host::SetStreamOrder(order);
    const std::unique_ptr<Device> device = OpenTestDevice();
    auto step = DeviceStep::Create(worlds_[0].options(), device.get());
    EXPECT_TRUE(step.ok()) << step.status().ToString();
    if (with_sums_) step->get()->KeepGradients(OpenSums(**step, device.get()));
    (*step)->UseGraphs(graphs);
    cuda_host::SetStreamOrder(StreamOrder::kAtOnce);
    Results results;
    EXPECT_TRUE((*step)->weights().Set(worlds_[0].parameters()).ok());
    for (size_t t = 0; t < count_; ++t) {
      const StepWorld& world = worlds_[t % 3];
      EXPECT_TRUE((*step)->Load(world.batch(), world.rows(), true).ok());
      EXPECT_TRUE((*step)->Train(std::vector<double>(2, 0.125)).ok());
      if (t + 1 < count_) {
        EXPECT_TRUE((*step)->Prepare(worlds_[(t + 1) % 3].batch()).ok());
      }
      EXPECT_TRUE((*step)->Finish().ok());
      results.sums.push_back(world.Read(**step));
      const DenseUpdate update = {0, t + 1, 1.0f};
      const MatrixView<const float> gradient = (*step)->node_gradients();
      const Status updated = with_sums_
                                 ? (*step)->UpdateWeights(update)
                                 : (*step)->weights().Update(
                                       update, {gradient.data, static_cast<size_t>(gradient.cols)});
      EXPECT_TRUE(updated.ok()) << updated.ToString();
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
  static DeviceCollective* OpenSums(const DeviceStep& step, Device* device) {
    DeviceCollectiveOptions options;
    step.DescribeGradients(&options);
    options.id = device->NewCollectiveId().value();
    options.grains = 2;
    options.nodes = {MaximalNodes({0, 2})};
    options.bucket = options.n / 3;
    options.deadline_seconds = 60;
    const Result<DeviceCollective*> sums = device->OpenCollective(options);
    EXPECT_TRUE(sums.ok()) << sums.status().ToString();
    return *sums;
  }
  static StepWorld World(uint64_t step, uint32_t rows) {
    Case setup = {{{rows, static_cast<uint32_t>(step)}, {7, 2}}};
    setup.step = step;
    return StepWorld(
        "esmm={}",
        "model { tower { hidden: 6 hidden: 4 dropout: 0.4 } optimizer { sgd { lr: 0.5 } } }", setup,
        64);
  }
  const bool with_sums_;
  const size_t count_;
  const bool graphs_;
  const StepWorld worlds_[4];
};

class EventOrderTest : public ::testing::TestWithParam<bool> {};

TEST_P(EventOrderTest, AnyOrderThatEventsAllowGivesTheSameBits) {
  NEEDS_EMULATION();
  const Steps steps(GetParam());
  const Steps::Results expected = steps.Run(StreamOrder::kAtOnce);
  EXPECT_TRUE(SameBits(expected.weights, Steps(!GetParam()).Run(StreamOrder::kAtOnce).weights));
  for (const StreamOrder order : kOrders) EXPECT_TRUE(Steps::Same(steps.Run(order), expected));
  EXPECT_TRUE(Steps::Same(steps.Run(StreamOrder::kThreads), expected));
}

TEST_P(EventOrderTest, GraphsKeepTheOrderThatEventsAskFor) {
  NEEDS_EMULATION();
  const Steps steps(GetParam(), 7, true);
  const Steps::Results expected = steps.Run(StreamOrder::kAtOnce, false);
  cuda_host::ResetCounters();
  for (const StreamOrder order : kOrders) EXPECT_TRUE(Steps::Same(steps.Run(order), expected));
  EXPECT_TRUE(Steps::Same(steps.Run(StreamOrder::kThreads), expected));
  EXPECT_GT(cuda_host::ReadCounters().graphs, 0u);
}

// Whether the steps end otherwise without a wait: with other bits, or not at all, since kernels
// follow pointers that have not arrived. In a process of its own.
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

TEST_P(EventOrderTest, WithoutAnyOneWaitForAnEventSomeOrderShowsIt) {
  NEEDS_EMULATION();
#if defined(__SANITIZE_THREAD__)
  if (GetParam()) GTEST_SKIP() << "ThreadSanitizer ends a forked child that starts threads";
#endif
  const Steps steps(GetParam());
  cuda_host::ResetCounters();
  const Steps::Results expected = steps.Run(StreamOrder::kAtOnce);
  const uint64_t waits = cuda_host::ReadCounters().calls.at("cudaStreamWaitEvent");
  // One a step for its copies; of those that train, two for the sums of towers and of the rest, and
  // one for what joins them.
  ASSERT_EQ(waits, GetParam() ? 4u + 3 * 3 : 4u);
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

INSTANTIATE_TEST_SUITE_P(, EventOrderTest, ::testing::Bool(), [](const auto& sums) {
  return std::string(sums.param ? "WithSumsAmongDevices" : "WithSumsOnTheHost");
});

}  // namespace
}  // namespace chorus::worker
