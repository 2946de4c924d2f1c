// Rooms of the source tree are in an order: a room includes those before it, and none behind it.
// The test reads every #include of the sources and prints the matrix of who includes whom.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace chorus {
namespace {

// In the order of worker/CMakeLists.txt and launch/CMakeLists.txt. "worker" is
// worker/environment.h, "launch" is main.cc and the command line.
const std::vector<std::string> kRooms = {"common",
                                         "ps",
                                         "worker/math",
                                         "worker/log",
                                         "worker/columns",
                                         "worker/arrow",
                                         "worker/messages",
                                         "worker/kafka",
                                         "worker/import",
                                         "worker/synthetic",
                                         "worker/objective",
                                         "worker/statistics",
                                         "worker/metrics",
                                         "worker/collective",
                                         "worker/servers",
                                         "worker/layers",
                                         "worker/model",
                                         "worker/steps",
                                         "worker/device",
                                         "worker/cuda",
                                         "worker/engine",
                                         "worker/engine/cpu",
                                         "worker/engine/device",
                                         "worker",
                                         "worker/train",
                                         "launch/job",
                                         "launch/doctor",
                                         "launch/run",
                                         "launch/report",
                                         "launch/gpu",
                                         "launch/plan",
                                         "launch/watch",
                                         "launch/kubernetes",
                                         "launch/scale",
                                         "launch/onnx",
                                         "launch/compare/run",
                                         "launch/compare/measure",
                                         "launch/compare/show",
                                         "launch/serving",
                                         "launch/command",
                                         "launch/python",
                                         "launch"};

// Rooms that know nothing of each other whatever their order: they meet in frames, in the log, or
// behind the seam to a device.
const std::vector<std::pair<std::string, std::string>> kStrangers = {
    {"worker", "ps"},
    {"worker/cuda", "worker/engine"},
    {"worker/engine", "worker/cuda"},
    {"worker/train", "worker/cuda"},
    {"worker/engine/device", "worker/engine/cpu"},
    {"launch/report", "launch/job"},
    {"launch/onnx", "launch/job"},
    {"launch/onnx", "launch/report"},
    {"worker/train", "worker/import"},
    {"worker/import", "worker/arrow"},
    {"worker/import", "worker/kafka"},
};

bool IsWithin(const std::string& path, const std::string& folder) {
  return path == folder || path.rfind(folder + "/", 0) == 0;
}

struct Include {
  std::string from, to;  // files, from the root of the tree
};

std::string RoomOf(const std::string& file) { return file.substr(0, file.rfind('/')); }

size_t PlaceOf(const std::string& room) {
  return static_cast<size_t>(std::find(kRooms.begin(), kRooms.end(), room) - kRooms.begin());
}

// The path of a project's header that the line includes; "" = it includes none.
std::string IncludedBy(const std::string& line) {
  static const std::string kBegin = "#include \"";
  if (line.rfind(kBegin, 0) != 0) return "";
  const std::string path = line.substr(kBegin.size(), line.rfind('"') - kBegin.size());
  const std::string top = path.substr(0, path.find('/'));
  return top == "common" || top == "ps" || top == "worker" || top == "launch" ? path : "";
}

std::vector<Include> ReadIncludes() {
  const std::filesystem::path root = CHORUS_SOURCE_DIR;
  const std::set<std::string> sources = {".h", ".cc", ".cu"};
  std::vector<Include> includes;
  for (const char* folder : {"common", "ps", "worker", "launch"}) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root / folder)) {
      if (sources.count(entry.path().extension().string()) == 0) continue;
      std::ifstream text(entry.path());
      std::string line;
      while (std::getline(text, line)) {
        const std::string to = IncludedBy(line);
        if (to.empty()) continue;
        includes.push_back({std::filesystem::relative(entry.path(), root).string(), to});
      }
    }
  }
  return includes;
}

void PrintMatrix(const std::vector<Include>& includes) {
  std::map<std::pair<size_t, size_t>, int> count;
  for (const Include& include : includes) {
    ++count[{PlaceOf(RoomOf(include.from)), PlaceOf(RoomOf(include.to))}];
  }
  std::cout << "Include lines, by room (row includes column):\n";
  for (size_t row = 0; row < kRooms.size(); ++row) {
    std::cout << row << "\t" << kRooms[row] << ":";
    for (size_t column = 0; column < kRooms.size(); ++column) {
      const auto found = count.find({row, column});
      if (found != count.end() && row != column) {
        std::cout << " " << kRooms[column] << " " << found->second;
      }
    }
    std::cout << "\n";
  }
}

class IncludesTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { includes_ = ReadIncludes(); }
  static inline std::vector<Include> includes_;
};

TEST_F(IncludesTest, EveryFolderOfTheSourceTreeIsARoom) {
  ASSERT_GT(includes_.size(), 500u) << "no sources in " << CHORUS_SOURCE_DIR;
  for (const Include& include : includes_) {
    EXPECT_LT(PlaceOf(RoomOf(include.from)), kRooms.size()) << include.from;
    EXPECT_LT(PlaceOf(RoomOf(include.to)), kRooms.size())
        << include.from << " includes " << include.to;
  }
}

TEST_F(IncludesTest, NoRoomIncludesOneThatComesAfterIt) {
  PrintMatrix(includes_);
  for (const Include& include : includes_) {
    EXPECT_LE(PlaceOf(RoomOf(include.to)), PlaceOf(RoomOf(include.from)))
        << include.from << " includes " << include.to;
  }
}

TEST_F(IncludesTest, StrangersDoNotIncludeEachOther) {
  for (const Include& include : includes_) {
    for (const auto& [room, stranger] : kStrangers) {
      EXPECT_FALSE(IsWithin(include.from, room) && IsWithin(include.to, stranger))
          << include.from << " includes " << include.to;
    }
  }
}

// Inside a room, headers include each other without a circle.
TEST_F(IncludesTest, NoFilesIncludeEachOtherInACircle) {
  std::map<std::string, std::vector<std::string>> headers;
  for (const Include& include : includes_) {
    if (include.from.back() == 'h') headers[include.from].push_back(include.to);
  }
  std::map<std::string, int> state;  // 1: being looked at, 2: done
  std::vector<std::string> path;
  const auto visit = [&](const auto& self, const std::string& file) -> void {
    if (state[file] == 2) return;
    path.push_back(file);
    ASSERT_NE(state[file], 1) << ::testing::PrintToString(path);
    state[file] = 1;
    for (const std::string& next : headers[file]) self(self, next);
    state[file] = 2;
    path.pop_back();
  };
  for (const auto& [file, unused] : std::map(headers)) visit(visit, file);
}

}  // namespace
}  // namespace chorus
