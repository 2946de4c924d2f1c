// Jobs whose dense gradients are summed among emulated devices: the bits of one device, on any
// number of them, and what happens where NCCL is missing.

#include <gtest/gtest.h>

#include "common/strings.h"
#include "tests/e2e/job_testing.h"
#include "tests/support/cuda_host/emulation.h"
#include "tests/worker/cuda/tested_device.h"
#include "worker/train/checkpoint_store.h"

namespace chorus::e2e {
namespace {

constexpr char kCollectiveJob[] = R"(
  checkpoint { every_steps: 100 } report { every_steps: 1 } data { max_steps: 3 }
  model { optimizer { adamw {} } clip_norm: 1 }
  compute { backend: CUDA cuda { step_memory_mb: 4 bucket_kb: 1 } } )";

class CollectiveJobTest : public testing::Test {
 protected:
  CollectiveJobTest() { cuda_host::SetDevices(8); }
  ~CollectiveJobTest() override {
    cuda_host::SetDevices(1);
    cuda_host::SetNccl(true);
    cuda_host::SetAsynchronous(false);
    EXPECT_EQ(cuda_host::ReadLiveObjects(), cuda_host::LiveObjects());
  }

  void SetUp() override { NEEDS_NCCL(); }

  static TrainConfig Job(const std::string& collective, const std::string& more = "") {
    return With(
        JobConfig(StrCat(
            kCollectiveJob, more,
            more.find("objective") == std::string::npos ? " objective { chorus_cvr {} }" : "")),
        StrCat("compute { cuda { collective: ", collective, " } }"));
  }
  static Layout Devices(uint32_t workers) {
    Layout layout;
    layout.workers = workers;
    layout.open_device = worker::testing::OpenTestedDevice;
    return layout;
  }
  // Each in files of its own.
  static std::unique_ptr<FileSystem> Files() {
    auto files = NewMemoryFiles();
    WriteJobLog(*files, "train", RichSchema(), 200, 1);
    return files;
  }
  static Outcome Run(const TrainConfig& config, uint32_t workers) {
    return OutcomeOf(*Files(), config, Devices(workers));
  }
  static std::string ErrorOf(const TrainConfig& config, uint32_t workers) {
    return TrainOn(*Files(), config, Devices(workers)).status.ToString();
  }
};

TEST_F(CollectiveJobTest, SumsOnHostsAndAmongDevicesGiveTheBitsOfOneDevice) {
  if (worker::testing::TestedDevices() < 4) GTEST_SKIP() << "needs 4 devices";
  const Outcome one = Run(Job("AUTO"), 1);
  for (const char* collective : {"HOST", "NCCL"}) {
    for (const uint32_t workers : {2u, 3u, 4u}) {
      const Outcome many = Run(Job(collective), workers);
      EXPECT_TRUE(many.state == one.state) << collective << ", " << workers;
      EXPECT_EQ(many.reports, one.reports) << collective << ", " << workers;
    }
  }
}

TEST_F(CollectiveJobTest, EveryShapeOfModelIsSummedWhole) {
  if (worker::testing::TestedDevices() < 3) GTEST_SKIP() << "needs 3 devices";
  for (const char* shape :
       {"objective { ukd {} }", "objective { dcmt { snips: true } }", "model { batch_norm: true }",
        "model { shared_bottom { hidden: 7 } }", "model { shared_bottom { hidden: 7 } tower { } }",
        "model { tower { } }", "step { grains_per_step: 2 }"}) {
    EXPECT_TRUE(Run(Job("NCCL", shape), 3).state == Run(Job("HOST", shape), 1).state) << shape;
  }
}

// Grains are full except in the last steps, and a log is scored between steps.
TEST_F(CollectiveJobTest, GraphsChangeNoBitOnAnyNumberOfDevices) {
  if (worker::testing::TestedDevices() < 3) GTEST_SKIP() << "needs 3 devices";
  for (const char* shape :
       {"objective { dcmt { snips: true } }", "objective { ukd {} } model { batch_norm: true }",
        "model { tower { hidden: [6, 4] dropout: 0.3 } }", "model { tower { } }"}) {
    const std::string job = StrCat(
        shape, " data { max_steps: 9 epochs: 9 } evaluate { log: \"train\" every_steps: 4 }");
    const Outcome plain = Run(Job("HOST", job), 1);
    cuda_host::ResetCounters();
    for (const uint32_t workers : {1u, 2u, 3u}) {
      const Outcome graphs = Run(Job("NCCL", job + " compute { cuda { graphs: true } }"), workers);
      EXPECT_TRUE(graphs.state == plain.state) << shape << ", " << workers;
      EXPECT_EQ(graphs.reports, plain.reports) << shape << ", " << workers;
    }
    if (!worker::testing::OnRealDevices()) {
      EXPECT_GT(cuda_host::ReadCounters().graphs, 0u) << shape;
    }
  }
}

TEST_F(CollectiveJobTest, DeviceSumsOverlapWithTheDevicesWorkInTheRightOrder) {
  if (worker::testing::TestedDevices() < 2) GTEST_SKIP() << "needs 2 devices";
  const Outcome one = Run(Job("NCCL"), 1);
  cuda_host::SetAsynchronous(true);
  EXPECT_TRUE(Run(Job("NCCL"), 2).state == one.state);
}

TEST_F(CollectiveJobTest, DenseGradientsDoNotPassThroughTheHost) {
  NEEDS_EMULATION();
  const auto copied = [](const TrainConfig& config, uint32_t workers) {
    cuda_host::ResetCounters();
    Run(config, workers);
    return cuda_host::ReadCounters();
  };
  const cuda_host::Counters host = copied(Job("HOST"), 2), device = copied(Job("NCCL"), 2);
  const uint64_t saved = host.bytes_to_host - device.bytes_to_host;
  EXPECT_GT(saved, 0u);
  EXPECT_EQ(saved % (2 * 3 * sizeof(float)), 0u) << "of two workers in three steps";
  constexpr uint64_t kAdditions = 2 * 2 * sizeof(uint32_t);  // each device is told one, once
  EXPECT_EQ(host.bytes_to_device - device.bytes_to_device + kAdditions, saved);
  EXPECT_EQ(host.calls.count("ncclSend"), 0u);
}

TEST_F(CollectiveJobTest, AFastSumTrainsToNearlyTheSameWeights) {
  if (worker::testing::TestedDevices() < 3) GTEST_SKIP() << "needs 3 devices";
  const auto files = Files();
  const auto dense = [&](const std::string& more, uint32_t workers) {
    const std::string run = StrCat(more.empty() ? "exact" : "fast", workers);
    const Trained trained =
        TrainOn(*files, With(Job("NCCL", more), StrCat("checkpoint { directory: \"", run, "\" }")),
                Devices(workers));
    EXPECT_TRUE(trained.status.ok()) << trained.status.ToString();
    const auto manifest = worker::ReadManifest(*files, trained.first().checkpoint);
    return worker::ReadDenseState(*files, trained.first().checkpoint, *manifest).value();
  };
  const worker::DenseState exact = dense("", 1);
  const worker::DenseState fast = dense("compute { cuda { reproducible: false } }", 3);
  ASSERT_EQ(fast.arrays.size(), exact.arrays.size());
  for (size_t i = 0; i < exact.arrays.size(); ++i) {
    for (size_t j = 0; j < exact.arrays[i].values.size(); ++j) {
      ASSERT_NEAR(fast.arrays[i].values[j], exact.arrays[i].values[j], 1e-4)
          << exact.arrays[i].name;
    }
  }
}

TEST_F(CollectiveJobTest, WithoutNcclAutoSumsOnTheHostsAndNcclIsAnError) {
  NEEDS_EMULATION();
  const Outcome one = Run(Job("AUTO"), 1);
  cuda_host::SetNccl(false);
  EXPECT_TRUE(Run(Job("AUTO"), 2).state == one.state);
  const std::string error = ErrorOf(Job("NCCL"), 2);
  EXPECT_NE(error.find("compute.cuda.collective is NCCL: worker 0 on "), std::string::npos)
      << error;
  EXPECT_NE(error.find("there is no NCCL"), std::string::npos) << error;
}

TEST_F(CollectiveJobTest, ADeviceThatCannotMeetTheOthersIsNamedByAll) {
  NEEDS_EMULATION();
  cuda_host::FailCall("cudaStreamCreateWithPriority", 2, 2);
  const std::string error = ErrorOf(With(Job("NCCL"), "cluster { deadline_seconds: 2 }"), 2);
  EXPECT_NE(error.find("cudaStreamCreateWithPriority"), std::string::npos) << error;
  EXPECT_NE(error.find("worker "), std::string::npos) << error;
}

}  // namespace
}  // namespace chorus::e2e
