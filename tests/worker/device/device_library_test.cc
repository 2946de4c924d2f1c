// Libraries that compute.cuda.library may name, right and wrong ones.

#include <gtest/gtest.h>

#include "common/file.h"
#include "common/strings.h"
#include "worker/device/device_interface.h"
#include "worker/device/device_library.h"

namespace chorus::worker {
namespace {

Result<std::unique_ptr<Device>> Open(const std::string& library) {
  DeviceOptions options;
  options.library = library;
  return OpenLibraryDevice(options);
}

TEST(DeviceLibraryTest, OfThisBuildOpens) {
  const auto device = Open(CHORUS_EMULATED_LIBRARY);
  ASSERT_TRUE(device.ok()) << device.status().ToString();
  EXPECT_GT((*device)->info().memory_bytes, 0u);
}

TEST(DeviceLibraryTest, OfAnotherBuildIsAnErrorThatNamesBothInterfaces) {
  const Status status = Open(CHORUS_OTHER_LIBRARY).status();
  EXPECT_EQ(status.code(), Code::kFailedPrecondition);
  EXPECT_EQ(status.message(),
            StrCat(CHORUS_OTHER_LIBRARY,
                   " belongs to another build of this program: its interface is another, this "
                   "program's ",
                   kDeviceInterface, "; take both from one build"));
}

TEST(DeviceLibraryTest, ThatIsNoBackendIsAnErrorThatSaysWhatItLacks) {
  const Status status = Open("libm.so.6").status();
  EXPECT_EQ(status.code(), Code::kFailedPrecondition);
  EXPECT_EQ(status.message(),
            "libm.so.6 is no CUDA backend of this program: it lacks ChorusDeviceInterface");
}

TEST(DeviceLibraryTest, ThatIsNotThereIsAnErrorThatNamesIt) {
  const Status status = Open("/none/libnone.so").status();
  EXPECT_EQ(status.code(), Code::kNotFound);
  EXPECT_NE(status.message().find("/none/libnone.so"), std::string::npos) << status.message();
}

TEST(DeviceLibraryTest, WithoutANameIsAnErrorThatNamesTheField) {
  const Status status = Open("").status();
  EXPECT_EQ(status.code(), Code::kInvalidArgument);
  EXPECT_NE(status.message().find("compute.cuda.library is empty"), std::string::npos)
      << status.message();
}

TEST(DeviceLibraryTest, ThatWasCutIsAnErrorAndNotTheEndOfTheProcess) {
  const auto bytes = ReadWholeFile(PosixFiles(), CHORUS_EMULATED_LIBRARY);
  ASSERT_TRUE(bytes.ok());
  const std::string path = testing::TempDir() + "/cut_library.so";
  for (const size_t size : {size_t{100'000}, bytes->size() - 1}) {
    ASSERT_TRUE(ReplaceFile(PosixFiles(), path, bytes->substr(0, size)).ok());
    const Status status = Open(path).status();
    EXPECT_EQ(status.code(), Code::kDataLoss) << status.ToString();
    EXPECT_NE(status.message().find(StrCat(path, " was cut: it has ", size, " of ", bytes->size())),
              std::string::npos)
        << status.message();
  }
  for (const size_t size : {size_t{0}, size_t{40}}) {
    ASSERT_TRUE(ReplaceFile(PosixFiles(), path, bytes->substr(0, size)).ok());
    EXPECT_EQ(Open(path).status().code(), Code::kNotFound);
  }
}

}  // namespace
}  // namespace chorus::worker
