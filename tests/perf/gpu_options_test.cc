// Command lines of gpu_model and gpu_step: what is wrong is said with what is allowed.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "perf/gpu_model/model_options.h"
#include "perf/gpu_step/step_options.h"

namespace chorus::perf {
namespace {

void ExpectRefused(const Status& status, const std::string& message) {
  EXPECT_EQ(status.code(), Code::kInvalidArgument) << message;
  EXPECT_EQ(status.message(), message);
}

TEST(GpuOptionsTest, OfTheModelAreTaken) {
  const auto options = ParseModelOptions({"--gpu", "H100", "--gpus", "1,8", "--servers", "3",
                                          "--slots", "7", "--set", "seed=3", "--ids", "1000000000",
                                          "--anchor", "torchrec", "--steps", "2"});
  ASSERT_TRUE(options.ok()) << options.status().ToString();
  EXPECT_EQ(options->gpu->name, "H100");
  EXPECT_EQ(options->gpus, (std::vector<uint32_t>{1, 8}));
  EXPECT_EQ(options->servers, (std::vector<uint32_t>{3}));
  EXPECT_EQ(options->job.shape.exposure_slots, 7u);
  EXPECT_EQ(options->job.shape.ids_per_slot, 1000000000u);
  EXPECT_EQ(options->job.sets, (std::vector<std::string>{"seed=3"}));
  EXPECT_EQ(options->job.anchor, "torchrec");
  EXPECT_EQ(options->job.job.steps, 2u);
}

TEST(GpuOptionsTest, OfTheStepAreTaken) {
  const auto options = ParseStepOptions({"--device", "1", "--timed-steps", "9", "--gpus", "2",
                                         "--product", "64", "--copy-mb", "3", "--library", "l"});
  ASSERT_TRUE(options.ok()) << options.status().ToString();
  EXPECT_EQ(options->device, 1u);
  EXPECT_EQ(options->timed_steps, 9u);
  EXPECT_EQ(options->gpus, 2u);
  EXPECT_EQ(options->limits.product, 64);
  EXPECT_EQ(options->limits.copy_bytes, size_t{3} << 20);
  EXPECT_EQ(options->library, "l");
}

TEST(GpuOptionsTest, ThatAreWrongAreRefusedWithWhatIsAllowed) {
  const struct {
    std::vector<std::string> arguments;
    std::string message;
  } both[] = {
      {{"--ids", "0"}, "--ids 0: allowed are 1 to 1000000000"},
      {{"--rows-per-context", "0"}, "--rows-per-context 0: allowed are 1 to 1000000"},
      {{"--slots", "-1"}, "--slots -1: allowed are 0 to 10000"},
      {{"--tokens", "x"}, "--tokens x: allowed are 0 to 100000"},
      {{"--anchor", "x"},
       "--anchor x: allowed are torchrec, torchrec-large, hugectr, openembedding"},
      {{"--none", "1"}, "--none: no such option; --help lists options"},
      {{"1"}, "1: no such option; --help lists options"},
      {{"--slots", "1", "--ids"}, "--ids: it needs a value; --help lists options"},
  };
  for (const auto& [arguments, message] : both) {
    ExpectRefused(ParseModelOptions(arguments).status(), message);
    ExpectRefused(ParseStepOptions(arguments).status(), message);
  }
  const std::string powers = ": allowed are powers of two from 1 to 256";
  for (const std::string gpus : {"0", "3", "100000", "1,,2", "1,x"}) {
    ExpectRefused(ParseModelOptions({"--gpus", gpus}).status(), "--gpus " + gpus + powers);
  }
  ExpectRefused(ParseModelOptions({"--gpu", "X"}).status(),
                "--gpu X: allowed are V100, T4, A100-40, A100-80, L4, L40S, H100, H200");
  ExpectRefused(ParseModelOptions({"--servers", "1,0"}).status(),
                "--servers 0: allowed are 1 to 4096");
  ExpectRefused(ParseModelOptions({"--steps", "1"}).status(), "--steps 1: allowed are 2 to 10000");
  ExpectRefused(ParseStepOptions({"--product", "0"}).status(),
                "--product 0: allowed are 1 to 32768");
  ExpectRefused(ParseStepOptions({"--gpus", "0"}).status(), "--gpus 0: allowed are 1 to 1024");
  EXPECT_TRUE(AsksForHelp({"--gpus", "2", "--help"}));
  EXPECT_FALSE(AsksForHelp({"--gpus", "2"}));
}

TEST(GpuOptionsTest, OfDevicesThatAreNotThereAreRefused) {
  worker::DeviceInfo two;
  two.devices = 2;
  StepOptions options;
  options.device = 1;
  options.gpus = 2;
  EXPECT_TRUE(CheckDevices(options, two).ok());
  options.gpus = 5;
  ExpectRefused(CheckDevices(options, two),
                "--gpus 5: allowed are 1 to 2, since this process sees 2 devices");
  options.device = 2;
  ExpectRefused(CheckDevices(options, two),
                "--device 2: allowed are 0 to 1, since this process sees 2 devices");
}

TEST(GpuOptionsTest, OfOneJobDoNotContradictEachOther) {
  JobOptions options;
  options.sets = {"objective={ukd{}}"};
  options.job.stage = 1;
  EXPECT_TRUE(SourceOf(options).ok()) << SourceOf(options).status().ToString();
  options.job.stage = 2;
  ExpectRefused(SourceOf(options).status(),
                "--stage 2: allowed are 0 to 1, the stages of the method");
  options = {};
  options.anchor = "torchrec";
  EXPECT_TRUE(SourceOf(options).ok());
  options.logs = {"a.log"};
  ExpectRefused(SourceOf(options).status(),
                "--anchor torchrec: it has a log of its own; allowed are --anchor, or --config "
                "and --log");
}

TEST(GpuOptionsTest, OfALogAtRandomThatDoesNotFitInMemoryAreRefused) {
  JobOptions options;
  options.shape.context_slots = 100;
  options.shape.tokens_per_slot = 100000;
  Result<JobSource> source = SourceOf(options);
  ASSERT_TRUE(source.ok()) << source.status().ToString();
  const Status status = source->WriteLog(options.job);
  EXPECT_EQ(status.code(), Code::kInvalidArgument);
  EXPECT_NE(status.message().find("rows of 10000023 tokens is too long: allowed are 1073741824"),
            std::string::npos)
      << status.message();
}

}  // namespace
}  // namespace chorus::perf
