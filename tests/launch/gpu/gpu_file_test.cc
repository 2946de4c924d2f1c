// GPUs by name and from files: what is read, and what is said of what cannot be.

#include "launch/gpu/gpu_file.h"

#include <gmock/gmock.h>

#include "common/strings.h"

namespace chorus::gpu {
namespace {

using testing::HasSubstr;

constexpr char kWhole[] =
    "# a card of 2030\n"
    "memory            96G\n"
    "memory_bandwidth = 4T\n"
    "fp32_flops: 100T   # of vector units\n"
    "\n"
    "bus_bandwidth     128G\r\n"
    "multiprocessors   200\n";

std::string WhatIsSaidOf(const std::string& text) {
  const Result<Gpu> gpu = ParseGpu(text, "cards/new.txt");
  EXPECT_EQ(gpu.status().code(), Code::kInvalidArgument);
  return gpu.status().ToString();
}

TEST(GpuFile, FieldsAreInUnitsOfTheTable) {
  const Result<Gpu> gpu =
      ParseGpu(StrCat(kWhole, "launch_us 2.5\ngpus_of_host 4\nname card\n"), "new.txt");
  ASSERT_TRUE(gpu.ok()) << gpu.status().ToString();
  EXPECT_EQ(gpu->name, "card");
  EXPECT_DOUBLE_EQ(gpu->memory_gb, 96);
  EXPECT_DOUBLE_EQ(gpu->memory_gb_s, 4000);
  EXPECT_DOUBLE_EQ(gpu->fp32_tflops, 100);
  EXPECT_DOUBLE_EQ(gpu->bus_gb_s, 128);
  EXPECT_DOUBLE_EQ(gpu->start_us, 2.5);
  EXPECT_EQ(gpu->processors, 200u);
  EXPECT_EQ(gpu->of_host, 4u);
}

TEST(GpuFile, WhatIsLeftOutIsUsual) {
  const Result<Gpu> gpu = ParseGpu(kWhole, "cards/new.txt");
  ASSERT_TRUE(gpu.ok()) << gpu.status().ToString();
  EXPECT_EQ(gpu->name, "new.txt");
  EXPECT_DOUBLE_EQ(gpu->link_gb_s, gpu->bus_gb_s);  // no NVLink
  EXPECT_EQ(gpu->of_host, 8u);
  EXPECT_DOUBLE_EQ(gpu->start_us, 4);
  EXPECT_EQ(gpu->tf32_tflops, 0);
}

TEST(GpuFile, QuantitiesHavePowersOfAThousand) {
  EXPECT_DOUBLE_EQ(*QuantityOf("80G"), 80e9);
  EXPECT_DOUBLE_EQ(*QuantityOf("1.5K"), 1500);
  EXPECT_DOUBLE_EQ(*QuantityOf("2M"), 2e6);
  EXPECT_DOUBLE_EQ(*QuantityOf("0.5T"), 5e11);
  EXPECT_DOUBLE_EQ(*QuantityOf("3e9"), 3e9);
  for (const char* const wrong : {"", "G", "80 GB", "80g", "inf", "nanG", "1KK"}) {
    EXPECT_FALSE(QuantityOf(wrong).ok()) << wrong;
  }
}

TEST(GpuFile, WrongLinesAreNamedWithTheirFields) {
  EXPECT_THAT(
      WhatIsSaidOf("memory 80G\nmemory_bandwith 3T\n"),
      AllOf(HasSubstr("cards/new.txt line 2"), HasSubstr("did you mean \"memory_bandwidth\"?")));
  EXPECT_THAT(WhatIsSaidOf("\nmemory 80GB\n"),
              AllOf(HasSubstr("cards/new.txt line 2"), HasSubstr("memory"), HasSubstr("80GB"),
                    HasSubstr("as 80G")));
  EXPECT_THAT(WhatIsSaidOf("memory -1\n"), AllOf(HasSubstr("line 1"), HasSubstr("above 0")));
  EXPECT_THAT(WhatIsSaidOf("memory\n"), AllOf(HasSubstr("line 1"), HasSubstr("memory")));
  EXPECT_THAT(WhatIsSaidOf("multiprocessors 1.5\n"),
              AllOf(HasSubstr("line 1"), HasSubstr("multiprocessors")));
  EXPECT_THAT(WhatIsSaidOf("memory 1G\nmemory 2G\n"),
              AllOf(HasSubstr("line 2"), HasSubstr("twice")));
  EXPECT_THAT(WhatIsSaidOf("memory 80G\nmultiprocessors 3\n"),
              HasSubstr("has no line of bus_bandwidth, fp32_flops, memory_bandwidth"));
}

TEST(GpuFile, QuantitiesThatLostTheirUnitAreRefused) {
  EXPECT_THAT(WhatIsSaidOf("memory 96\n"),
              AllOf(HasSubstr("line 1: memory: found \"96\""), HasSubstr("with its unit, as 80G")));
  EXPECT_THAT(WhatIsSaidOf("memory_bandwidth 4\n"), HasSubstr("with its unit"));
  EXPECT_THAT(WhatIsSaidOf("tf32_flops 67\n"), HasSubstr("with its unit"));
  EXPECT_THAT(WhatIsSaidOf("memory 1e300P\n"), HasSubstr("to 1000000T"));
  EXPECT_THAT(WhatIsSaidOf("launch_us 1e9\n"), HasSubstr("microseconds"));
  EXPECT_TRUE(ParseGpu(StrCat(kWhole, "tf32_flops 0\n"), "no-tf32.txt").ok());
}

TEST(GpuFile, AByteOrderMarkIsPassedOverAndABinaryFileIsNoText) {
  EXPECT_TRUE(ParseGpu(StrCat("\xef\xbb\xbf", kWhole), "new.txt").ok());
  const std::string said =
      WhatIsSaidOf(std::string("\x7f"
                               "ELF\0\1",
                               6));
  EXPECT_THAT(said, HasSubstr("cards/new.txt is not a text file"));
  EXPECT_EQ(said.find('\x7f'), std::string::npos);
}

TEST(GpuFile, NamesAreThoseOfTheTableWhateverTheirLetters) {
  const std::unique_ptr<FileSystem> files = NewMemoryFiles();
  EXPECT_EQ(GpuOf("h200", *files)->name, "H200");
  EXPECT_EQ(GpuOf("A100", *files)->name, "A100-80");
  const Status unknown = GpuOf("H1000", *files).status();
  EXPECT_EQ(unknown.code(), Code::kInvalidArgument);
  EXPECT_THAT(unknown.message(), AllOf(HasSubstr("did you mean \"H100\"?"), HasSubstr("L40S")));
  EXPECT_EQ(GpuOf("cards/gone.txt", *files).status().code(), Code::kNotFound);
  ASSERT_TRUE(ReplaceFile(*files, "card", kWhole).ok());
  EXPECT_EQ(GpuOf("card", *files)->name, "card");
}

TEST(GpuFile, EveryGpuOfTheTableIsComplete) {
  for (const Gpu& gpu : Gpus()) {
    EXPECT_GT(gpu.memory_gb, 0) << gpu.name;
    EXPECT_GT(gpu.fp32_tflops, 0) << gpu.name;
    EXPECT_GT(gpu.memory_gb_s, 0) << gpu.name;
    EXPECT_GT(gpu.bus_gb_s, 0) << gpu.name;
    EXPECT_GE(gpu.link_gb_s, gpu.bus_gb_s) << gpu.name;
    EXPECT_GT(gpu.processors, 0u) << gpu.name;
    EXPECT_FALSE(gpu.source.empty()) << gpu.name;
  }
}

}  // namespace
}  // namespace chorus::gpu
