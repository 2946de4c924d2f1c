// Whole jobs whose workers compute on devices (tested_device.h): as the CPU does up to rounding, as
// themselves bit for bit on any number of devices, and from each other's checkpoints.

#include <gtest/gtest.h>

#include <cmath>

#include "common/strings.h"
#include "tests/e2e/job_testing.h"
#include "tests/support/cuda_host/emulation.h"
#include "tests/worker/cuda/tested_device.h"
#include "worker/train/checkpoint_store.h"

namespace chorus::e2e {
namespace {

constexpr char kJob[] = R"(
  checkpoint { every_steps: 4 } evaluate { log: "test" every_steps: 4 } report { every_steps: 1 }
  model { optimizer { adamw {} } clip_norm: 1 }
  objective { chorus_cvr {} }
  compute { cuda { step_memory_mb: 4 } })";

TrainConfig On(const char* backend, const std::string& job = kJob) {
  // Real devices may be fewer than the workers of a test.
  const char* const share = worker::testing::OnRealDevices() ? " cuda { share_devices: true }" : "";
  return With(JobConfig(job), StrCat("compute { backend: ", backend, share, " }"));
}

Layout Devices(uint32_t workers) {
  Layout layout;
  layout.workers = workers;
  layout.open_device = worker::testing::OpenTestedDevice;
  return layout;
}

class CudaJobTest : public testing::Test {
 protected:
  CudaJobTest() : files_(NewMemoryFiles()) {
    WriteJobLog(*files_, "train", RichSchema(), 500, 1);
    WriteJobLog(*files_, "test", RichSchema(), 100, 2);
    cuda_host::SetDevices(4);
  }
  ~CudaJobTest() override {
    cuda_host::SetDevices(1);
    EXPECT_EQ(cuda_host::ReadLiveObjects(), cuda_host::LiveObjects());
  }

  // Dense weights and their optimizer's state, as the run left them.
  worker::DenseState DenseOf(const TrainConfig& config, const Layout& layout) {
    const Trained trained = TrainOn(*files_, config, layout);
    EXPECT_TRUE(trained.status.ok()) << trained.status.ToString();
    return DenseAt(trained.first().checkpoint);
  }
  worker::DenseState DenseAt(const std::string& checkpoint) {
    const auto manifest = worker::ReadManifest(*files_, checkpoint);
    EXPECT_TRUE(manifest.ok()) << manifest.status().ToString();
    return std::move(worker::ReadDenseState(*files_, checkpoint, *manifest)).value();
  }

  std::unique_ptr<FileSystem> files_;
};

// The largest difference of a weight or of its optimizer's state.
double Distance(const worker::DenseState& a, const worker::DenseState& b) {
  EXPECT_EQ(a.arrays.size(), b.arrays.size());
  double largest = 0;
  for (size_t i = 0; i < a.arrays.size(); ++i) {
    EXPECT_EQ(a.arrays[i].name, b.arrays[i].name);
    for (size_t j = 0; j < a.arrays[i].values.size(); ++j) {
      const double difference = std::abs(a.arrays[i].values[j] - b.arrays[i].values[j]);
      largest = std::max(largest, difference);
    }
  }
  return largest;
}

// After a dozen steps of Adam, each of at most 1e-3, float32 differs by its rounding only.
void ExpectClose(const worker::DenseState& a, const worker::DenseState& b) {
  EXPECT_LT(Distance(a, b), 1e-4);
  EXPECT_GT(Distance(a, b), 0) << "the device did not compute";
}

TEST_F(CudaJobTest, TrainsAsTheCpuDoesUpToRounding) {
  const worker::DenseState cpu = DenseOf(On("CPU"), Layout());
  ExpectClose(DenseOf(With(On("CUDA"), "checkpoint { directory: \"cuda\" }"), Devices(1)), cpu);
}

// Rounded inputs of products move weights by more than float32 does, and by less than the run.
TEST_F(CudaJobTest, LowerPrecisionTrainsToNearlyTheSameWeights) {
  const auto in = [&](const char* precision) {
    return DenseOf(With(On("CUDA"), StrCat("compute { precision: ", precision,
                                           " } checkpoint { directory: \"", precision, "\" }")),
                   Devices(1));
  };
  const worker::DenseState exact = in("FP32"), tf32 = in("TF32"), bf16 = in("BF16");
  EXPECT_GT(Distance(tf32, exact), 1e-7);
  EXPECT_LT(Distance(tf32, exact), 4e-3);
  EXPECT_GT(Distance(bf16, exact), Distance(tf32, exact));
  EXPECT_LT(Distance(bf16, exact), 1e-2);
}

TEST_F(CudaJobTest, AnyNumberOfDevicesGivesTheSameBits) {
  const Outcome one = OutcomeOf(*files_, On("CUDA"), Devices(1));
  for (const uint32_t workers : {2u, 4u}) {
    const auto files = NewMemoryFiles();
    WriteJobLog(*files, "train", RichSchema(), 500, 1);
    WriteJobLog(*files, "test", RichSchema(), 100, 2);
    const Outcome many = OutcomeOf(*files, On("CUDA"), Devices(workers));
    EXPECT_TRUE(many.state == one.state) << workers;
    EXPECT_EQ(many.reports, one.reports) << workers;
  }
}

TEST_F(CudaJobTest, StagesWeightSumsAndBatchNormTrainAsOnTheCpu) {
  for (const char* job : {"objective { ukd {} }", "objective { dcmt { snips: true } }",
                          "objective { nise {} }", "model { batch_norm: true }",
                          "slot { name: '*' embedding: SHARED_AND_OWN } model { batch_norm: true "
                          "clip_norm: 0.01 optimizer { adamw {} } tower { hidden: [8, 6] } "
                          "tower { head: 'ctr' hidden: [8] trainable: false } "
                          "transfer { from: 'ctr' to: 'cvr' } }"}) {
    SCOPED_TRACE(job);
    const std::string text = StrCat("compute { cuda { step_memory_mb: 4 } } ", job);
    const auto directory = [](const char* name) {
      return StrCat("checkpoint { directory: \"", name, "\" }");
    };
    const worker::DenseState cpu =
        DenseOf(With(On("CPU", text), directory(StrCat(job, "cpu").c_str())), Layout());
    ExpectClose(DenseOf(With(On("CUDA", text), directory(StrCat(job, "cuda").c_str())), Devices(2)),
                cpu);
  }
}

TEST_F(CudaJobTest, ResumesWithTheSameBitsAndAcrossBackends) {
  const auto in = [](const std::string& directory, const char* backend) {
    return With(On(backend), StrCat("checkpoint { directory: \"", directory,
                                    "\" } report { metrics: \"", directory, ".jsonl\" }"));
  };
  const Outcome device = OutcomeOf(*files_, in("cuda", "CUDA"), Devices(1));
  const worker::DenseState cpu = DenseOf(in("cpu", "CPU"), Layout());

  CopyCheckpoint(*files_, "cuda", 4, "same");
  const Trained same = TrainOn(*files_, in("same", "CUDA"), Devices(2), true);
  ASSERT_TRUE(same.status.ok()) << same.status.ToString();
  EXPECT_TRUE(Canonical(*files_, same.first().checkpoint) == device.state);

  const struct {
    const char* from;
    const char* to;
    Layout layout;
  } crossings[] = {{"cuda", "CPU", Layout()}, {"cpu", "CUDA", Devices(2)}};
  for (const auto& crossing : crossings) {
    SCOPED_TRACE(StrCat("from ", crossing.from));
    const std::string directory = StrCat("from-", crossing.from);
    CopyCheckpoint(*files_, crossing.from, 4, directory);
    const Trained crossed = TrainOn(*files_, in(directory, crossing.to), crossing.layout, true);
    ASSERT_TRUE(crossed.status.ok()) << crossed.status.ToString();
    EXPECT_EQ(crossed.first().steps, same.first().steps);
    ExpectClose(DenseAt(crossed.first().checkpoint), cpu);
  }
}

TEST_F(CudaJobTest, ScoresACheckpointAsTheCpuDoes) {
  const Trained trained = TrainOn(*files_, On("CUDA"), Devices(1));
  ASSERT_TRUE(trained.status.ok()) << trained.status.ToString();
  const std::string& checkpoint = trained.first().checkpoint;
  const auto cpu = ScoresOn(*files_, On("CPU"), Layout(), checkpoint);
  const auto cuda = ScoresOn(*files_, On("CUDA"), Devices(2), checkpoint);
  ASSERT_TRUE(cpu.ok() && cuda.ok()) << cuda.status().ToString();
  ASSERT_EQ(cuda->row_id, cpu->row_id);
  for (size_t i = 0; i < cpu->cvr_logit.size(); ++i) {
    EXPECT_NEAR(cuda->cvr_logit[i], cpu->cvr_logit[i], 1e-5);
  }
}

TEST_F(CudaJobTest, WithoutADeviceCudaIsAnErrorAndAutoTheCpu) {
  NEEDS_EMULATION();
  cuda_host::SetDevices(0);
  const Trained refused = TrainOn(*files_, On("CUDA"), Devices(1));
  EXPECT_EQ(refused.status.code(), Code::kFailedPrecondition);
  EXPECT_NE(refused.status.message().find("driver for CUDA 13.0, toolkit 13.0, 0 devices"),
            std::string::npos)
      << refused.status.ToString();
  const Outcome automatic =
      OutcomeOf(*files_, With(On("AUTO"), "checkpoint { directory: \"auto\" }"), Devices(1));
  const Outcome cpu = OutcomeOf(*files_, On("CPU"), Layout());
  EXPECT_TRUE(automatic.state == cpu.state);
}

// What a job does when a call of one of its two workers fails while they take their devices.
TEST_F(CudaJobTest, WithADeviceThatCannotDoTheJobCudaIsAnErrorAndAutoTheCpuOfAllWorkers) {
  NEEDS_EMULATION();
  const Outcome cpu = OutcomeOf(*files_, On("CPU"), Layout());
  constexpr int kNoMemory = 2, kNoKernelImage = 209;
  const struct {
    const char* call;
    uint64_t nth;  // of both workers together
    int error;
    Code code;
    const char* says;
  } failures[] = {
      // A device takes two pieces of memory when it opens, then those of the job.
      {"cudaMalloc", 6, kNoMemory, Code::kResourceExhausted,
       " MiB are free (compute.cuda.step_memory_mb, step.grain_rows"},
      {"cudaFuncGetAttributes", 2, kNoKernelImage, Code::kFailedPrecondition,
       "compute capability 9.0) cannot run the kernels of this library, which is built for the "
       "emulation: cudaFuncGetAttributes: cudaErrorNoKernelImageForDevice"},
  };
  for (const auto& failure : failures) {
    SCOPED_TRACE(failure.call);
    cuda_host::FailCall(failure.call, failure.nth, failure.error);
    const std::string none = StrCat("checkpoint { directory: \"", failure.call, "-refused\" }");
    const Trained refused = TrainOn(*files_, With(On("CUDA"), none), Devices(2));
    EXPECT_FALSE(cuda_host::ClearFailure());
    EXPECT_TRUE(refused.status.code() == failure.code ||
                refused.status.code() == Code::kFailedPrecondition)
        << refused.status.ToString();
    EXPECT_NE(refused.status.message().find(failure.says), std::string::npos)
        << refused.status.ToString();
    cuda_host::FailCall(failure.call, failure.nth, failure.error);
    const std::string directory = StrCat("checkpoint { directory: \"", failure.call, "\" }");
    EXPECT_TRUE(OutcomeOf(*files_, With(On("AUTO"), directory), Devices(2)).state == cpu.state);
    EXPECT_FALSE(cuda_host::ClearFailure());
  }
}

TEST_F(CudaJobTest, MoreWorkersThanDevicesAreRefused) {
  NEEDS_EMULATION();
  cuda_host::SetDevices(1);
  const Trained refused = TrainOn(*files_, On("CUDA"), Devices(2));
  EXPECT_NE(refused.status.message().find("workers 0 and 1 have the same device"),
            std::string::npos)
      << refused.status.ToString();
}

}  // namespace
}  // namespace chorus::e2e
