// One definition: no name of a named namespace is defined by two files of the tree, tests included.

#include "tests/architecture/definitions.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace chorus::architecture {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

std::vector<SourceText> ReadSources() {
  const std::filesystem::path root = CHORUS_SOURCE_DIR;
  std::vector<SourceText> files;
  for (const char* folder : {"common", "ps", "worker", "launch", "perf", "tests"}) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root / folder)) {
      const std::string extension = entry.path().extension().string();
      if (extension != ".h" && extension != ".cc" && extension != ".cu") continue;
      std::ostringstream text;
      text << std::ifstream(entry.path()).rdbuf();
      files.push_back({std::filesystem::relative(entry.path(), root).string(), text.str()});
    }
  }
  return files;
}

TEST(Definitions, NoNameOfANamespaceIsDefinedByTwoFiles) {
  const std::vector<SourceText> files = ReadSources();
  ASSERT_GT(files.size(), 500u) << "no sources in " << CHORUS_SOURCE_DIR;
  std::map<std::string, std::vector<std::string>> twice = DefinedTwice(files);
  // The seam to NCCL: tests of the CUDA backend on the CPU link the second in place of the first.
  EXPECT_EQ(twice.erase("chorus::worker::cuda: Result<const NcclFunctions*> LoadNccl()"), 1u);
  for (const auto& [name, paths] : twice) {
    ADD_FAILURE() << name << "\n  " << ::testing::PrintToString(paths)
                  << "\n  Give one of them another name, or a namespace of its own.";
  }
}

// The two pairs that this test is for stood in the tree once.
TEST(Definitions, FindsAHelperOfATestWithTheNameOfAProductionType) {
  const SourceText production = {"worker/metrics/row_metrics.h", R"(
    namespace chorus::worker {
    // Rows of one task.
    class TaskRows {
     public:
      ~TaskRows();
    };
    }  // namespace chorus::worker
  )"};
  const SourceText helper = {"tests/metrics_testing.h", R"(
    namespace chorus { namespace worker {
    struct TaskRows { const char* text = "}"; };
    } }
  )"};
  EXPECT_THAT(
      DefinedTwice({production, helper}),
      ElementsAre(Pair("chorus::worker: type TaskRows",
                       ElementsAre("worker/metrics/row_metrics.h", "tests/metrics_testing.h"))));
}

TEST(Definitions, FindsAnInlineFunctionOfTheSameArguments) {
  const SourceText one = {"one.h",
                          "namespace chorus {\ninline int Twice(int x) { return 2 * x; }\n}"};
  const SourceText same = {"same.h",
                           "namespace chorus {\nint Twice(int x) {\n  return x + x;\n}\n}"};
  const SourceText overload = {
      "overload.h", "namespace chorus { inline float Twice(float x) { return 2 * x; } }"};
  EXPECT_THAT(DefinedTwice({one, same, overload}),
              ElementsAre(Pair("chorus: int Twice(int x)", ElementsAre("one.h", "same.h"))));
}

TEST(Definitions, LeavesOutWhatNoOtherFileCanMeet) {
  EXPECT_THAT(
      DefinitionsIn(R"--(
    #define BRACES {{{ \
      struct InMacro {
    namespace chorus {
    class Declared;
    namespace {
    struct Hidden { int x; };
    }
    static int Local() { return 1'000; }
    template <> struct Special<int> { };
    constexpr int kTable[] = {1, 2};
    const char* const kText = R"(struct InText {)"; /* struct InComment { */
    class alignas(64) GUARDED Shown final : public Base { struct Inner { }; };
    enum class Kind : int { kOne };
    void Shown::Run() { struct InFunction { }; }
    }
  )--"),
      UnorderedElementsAre("chorus: type Shown", "chorus: type Kind", "chorus: void Shown::Run()"));
  EXPECT_THAT(DefinitionsIn("int x = '{'; // struct A {\nstruct B;\nint main() {}"), IsEmpty());
}

}  // namespace
}  // namespace chorus::architecture
