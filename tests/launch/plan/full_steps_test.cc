// Plans of full steps alone, whatever the end of the log is.

#include "launch/plan/full_steps.h"

#include <gtest/gtest.h>

#include <atomic>
#include <utility>

#include "common/forwarding_files.h"
#include "launch/gpu/hardware.h"
#include "launch/plan/gpu_plan.h"
#include "launch/plan/gpu_work.h"
#include "launch/plan/plan_rates.h"
#include "tests/e2e/job_testing.h"

namespace chorus::launch {
namespace {

TrainConfig JobOfGrains(uint32_t rows) {
  TrainConfig config = e2e::JobConfig(
      "objective { esmm {} } data { epochs: 1 } step { grains_per_step: 2 } compute { cuda { "
      "step_memory_mb: 8 } }");
  config.mutable_step()->set_grain_rows(rows);
  config.mutable_evaluate()->clear_log();
  return config;
}

PlanLayout LayoutOfGpus(const TrainConfig& config, uint32_t workers) {
  PlanRequest request;
  request.hosts = request.servers = 1;
  request.workers = workers;
  request.threads = 1;
  PlanLayout layout = LayoutOf(config, request).value();
  layout.set_gpu("H100");
  return layout;
}

// Counts the bytes that are read.
class CountingFiles : public ForwardingFiles {
 public:
  using ForwardingFiles::ForwardingFiles;
  Result<std::unique_ptr<RandomAccessFile>> OpenForRead(const std::string& path) override {
    ASSIGN_OR_RETURN(auto file, files_.OpenForRead(path));
    return std::unique_ptr<RandomAccessFile>(
        std::make_unique<CountingFile>(std::move(file), &bytes_));
  }
  uint64_t TakeBytes() { return bytes_.exchange(0); }

 private:
  class CountingFile : public RandomAccessFile {
   public:
    CountingFile(std::unique_ptr<RandomAccessFile> file, std::atomic<uint64_t>* bytes)
        : file_(std::move(file)), bytes_(bytes) {}
    Status ReadAt(uint64_t offset, std::span<std::byte> out) const override {
      *bytes_ += out.size();
      return file_->ReadAt(offset, out);
    }
    uint64_t size() const override { return file_->size(); }

   private:
    const std::unique_ptr<RandomAccessFile> file_;
    std::atomic<uint64_t>* const bytes_;
  };
  std::atomic<uint64_t> bytes_{0};
};

class FullStepsTest : public testing::Test {
 protected:
  FullStepsTest() : files_(NewMemoryFiles()) {
    e2e::WriteJobLog(*files_, "train", e2e::RichSchema(), 600, 1);
  }
  std::unique_ptr<FileSystem> files_;
};

TEST_F(FullStepsTest, StepsThatTheLogDoesNotFillAreLeftOut) {
  const TrainConfig config = JobOfGrains(64);
  const PlanLayout layout = LayoutOfGpus(config, 2);
  const auto all = TraceJob(config, layout, 100, {}, *files_);
  ASSERT_TRUE(all.ok()) << all.status().ToString();
  ASSERT_LT(all->plan.exposures_per_step(), 127.9);  // what is to be left out
  auto full = TraceFullSteps(config, layout, 100, {}, *files_);
  ASSERT_TRUE(full.ok()) << full.status().ToString();
  EXPECT_NEAR(full->plan.exposures_per_step(), 128, 1e-6);
  EXPECT_LT(full->plan.read_steps(), all->plan.read_steps());
  // Device and hosts are of the same step.
  const auto work = TraceGpu(config, layout, *gpu::FindGpu("H100"), *files_);
  ASSERT_TRUE(work.ok()) << work.status().ToString();
  PredictOnGpus(config, AssumedRates(), *work, &*full);
  EXPECT_NEAR(full->plan.gpu().flops() / full->plan.rank(1).flops(), 1, 0.05);
}

TEST_F(FullStepsTest, ALogThatEndsEarlyIsReadOnce) {
  const TrainConfig config = JobOfGrains(64);
  const PlanLayout layout = LayoutOfGpus(config, 1);
  CountingFiles files(*files_);
  ASSERT_TRUE(TraceJob(config, layout, 100, {}, files).ok());
  const uint64_t once = files.TakeBytes();
  ASSERT_TRUE(TraceFullSteps(config, layout, 100, {}, files).ok());
  EXPECT_LT(static_cast<double>(files.TakeBytes()), 1.4 * static_cast<double>(once));
}

TEST_F(FullStepsTest, ALogWithoutTwoFullStepsIsRefused) {
  const TrainConfig config = JobOfGrains(160);
  const PlanLayout layout = LayoutOfGpus(config, 1);
  for (const Status& status : {TraceFullSteps(config, layout, 100, {}, *files_).status(),
                               TraceGpu(config, layout, *gpu::FindGpu("H100"), *files_).status()}) {
    EXPECT_EQ(status.code(), Code::kInvalidArgument);
    EXPECT_NE(status.message().find("step.grain_rows (160)"), std::string::npos)
        << status.ToString();
  }
}

}  // namespace
}  // namespace chorus::launch
