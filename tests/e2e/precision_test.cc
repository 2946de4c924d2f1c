// compute.precision on the CPU: what it changes, and where it is refused.

#include <gtest/gtest.h>

#include <cmath>

#include "tests/e2e/job_testing.h"
#include "worker/math/bf16_tiles.h"
#include "worker/train/checkpoint_store.h"

namespace chorus::e2e {
namespace {

CheckpointManifest ManifestOf(FileSystem& files, const std::string& directory) {
  const auto newest = worker::FindCheckpoint(files, directory);
  EXPECT_TRUE(newest.ok() && newest->has_value());
  return worker::ReadManifest(files, **newest).value();
}

// The last report's log loss over all exposures.
double LastLoss(const std::string& precision, std::string* computed_on) {
  const auto files = NewMemoryFiles();
  WriteJobLog(*files, "train", RichSchema(), 500, 1);
  WriteJobLog(*files, "test", RichSchema(), 300, 2);
  const TrainConfig config = JobConfig(
      "evaluate { log: 'test' } model { optimizer { adam { lr: 0.01 } } } "
      "compute { precision: " +
      precision + " }");
  const Trained trained = TrainOn(*files, config, Layout());
  EXPECT_TRUE(trained.status.ok()) << trained.status.ToString();
  *computed_on = ManifestOf(*files, "ckpt").computed_on();
  double loss = 0;
  for (const Report& report : ReadReports(*files, "metrics.jsonl")) {
    if (report.has_progress()) loss = report.progress().loss();
  }
  return loss;
}

TEST(PrecisionTest, ProductsInBf16LearnNearlyTheSame) {
  if (worker::Bf16KernelsFor(ComputeConfig::NATIVE) == nullptr) {
    GTEST_SKIP() << "this CPU has neither AMX nor AVX512-BF16";
  }
  std::string exact_on, rounded_on;
  const double exact = LastLoss("FP32", &exact_on), rounded = LastLoss("BF16", &rounded_on);
  EXPECT_EQ(exact_on, "CPU");
  EXPECT_EQ(rounded_on, "CPU, products in BF16");
  EXPECT_NE(rounded, exact);
  EXPECT_NEAR(rounded, exact, 0.01 * exact);
}

TEST(PrecisionTest, PrecisionsOfGpusAreRefusedWithTheRemedy) {
  const auto files = NewMemoryFiles();
  WriteJobLog(*files, "train", FlatSchema(), 100, 1);
  const Status status =
      TrainOn(*files, JobConfig("compute { precision: TF32 backend: AUTO }"), Layout()).status;
  EXPECT_EQ(status.code(), Code::kFailedPrecondition) << status.ToString();
  EXPECT_NE(status.ToString().find("set compute.precision=FP32 or BF16"), std::string::npos)
      << status.ToString();
}

}  // namespace
}  // namespace chorus::e2e
