// Every file in configs/ loads: the folder says which message it is.

#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "common/config.h"

namespace chorus {
namespace {

Status Load(const std::string& folder, const std::string& path) {
  if (folder == "train") return LoadTrainConfig(path, {}).status();
  if (folder == "model") return LoadTrainConfig("", {"model=@" + path}).status();
  if (folder == "import") {
    ImportSchema schema;
    return LoadConfig(path, {}, &schema);
  }
  if (folder == "generate") {
    GenerateConfig config;
    return LoadConfig(path, {}, &config);
  }
  if (folder == "compare") {
    // Paths in configurations are relative to the project's root.
    std::filesystem::current_path(std::filesystem::path(CHORUS_CONFIGS).parent_path());
    return LoadCompareConfig(path, {}).status();
  }
  return NotFound("no kind of configuration for the folder " + folder);
}

TEST(ShippedConfigs, EveryFileLoads) {
  std::set<std::string> seen;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(CHORUS_CONFIGS)) {
    if (!entry.is_regular_file()) continue;
    const std::filesystem::path path = entry.path();
    if (path.extension() != ".textproto") continue;
    const Status status = Load(path.parent_path().filename(), path);
    EXPECT_TRUE(status.ok()) << status.ToString();
    seen.insert(path.filename());
  }
  for (const char* name : {"base.textproto", "esmm.textproto", "chorus_cvr.textproto"}) {
    EXPECT_TRUE(seen.contains(name)) << name;
  }
}

}  // namespace
}  // namespace chorus
