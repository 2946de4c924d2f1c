// An import that learns means reads its inputs once: blocks wait for the means, in memory or in a
// file, and the log is the one that the same means, known before, give.

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "common/forwarding_files.h"
#include "tests/worker/import/import_log_testing.h"
#include "worker/log/waiting_block.h"

namespace chorus::worker {
namespace {

constexpr char kLearns[] =
    "block_rows: 16 file_rows: 64 slot { column: 'user' context: true } "
    "numeric { column: 'price' transform: STANDARD }";

// Remembers what was made.
class NotedFiles final : public ForwardingFiles {
 public:
  using ForwardingFiles::ForwardingFiles;
  std::vector<std::string> made;
  Status append = Status::Ok();  // of files in which blocks wait
  Result<std::unique_ptr<WritableFile>> Create(const std::string& path) override {
    made.push_back(path);
    if (path.ends_with("waiting-blocks")) RETURN_IF_ERROR(append);
    return files_.Create(path);
  }
  bool HasMadeWaitingFile() const {
    for (const std::string& path : made) {
      if (path.ends_with("waiting-blocks")) return true;
    }
    return false;
  }
};

class OnceSource final : public ByteSource {
 public:
  explicit OnceSource(std::string text) : text_(std::move(text)) {}
  Result<size_t> Read(std::span<char> out) override {
    const size_t bytes = std::min(out.size(), text_.size() - at_);
    std::copy_n(text_.data() + at_, bytes, out.data());
    at_ += bytes;
    return bytes;
  }

 private:
  const std::string text_;
  size_t at_ = 0;
};

class LearnOnceTest : public ImportTest {
 protected:
  Result<ImportSummary> ImportInto(FileSystem& files, const std::string& output,
                                   ImportOptions options = {}) {
    options.inputs = {"in.csv"};
    options.output = output;
    return ImportText(files, MakeSchema(kLearns), options);
  }
  std::string Bytes(const std::string& path) {
    const auto bytes = ReadWholeFile(*files_, path);
    EXPECT_TRUE(bytes.ok()) << bytes.status().ToString();
    return bytes.ok() ? *bytes : "";
  }
};

TEST_F(LearnOnceTest, TheLogIsThatOfTheSameMeansKnownBefore) {
  Write(Table(200));
  for (const uint32_t threads : {1u, 3u}) {
    for (const uint64_t memory : {uint64_t{0}, uint64_t{1500}, uint64_t{1} << 30}) {
      NotedFiles noted(*files_);
      const std::string name = StrCat("learnt-", threads, "-", memory);
      ASSERT_OK(ImportInto(noted, name, {.threads = threads, .memory_bytes = memory}).status());
      EXPECT_EQ(noted.HasMadeWaitingFile(), memory < 2000);
      ASSERT_OK(ImportInto(*files_, StrCat("like-", name), {.like = name}).status());
      for (const char* file : {"part-00000.log", "part-00003.log"}) {
        EXPECT_EQ(Bytes(JoinPath(name, file)), Bytes(JoinPath("like-" + name, file)));
      }
      EXPECT_FALSE(files_->Exists(JoinPath(name, "waiting-blocks")));
    }
  }
}

TEST_F(LearnOnceTest, AnInputThatCanBeReadOnceIsEnough) {
  int opened = 0;
  ImportOptions options;
  options.output = "out";
  options.given_inputs = {{"once", [&opened]() -> Result<std::unique_ptr<ByteSource>> {
                             ++opened;
                             return std::unique_ptr<ByteSource>(
                                 std::make_unique<OnceSource>(Table(100)));
                           }}};
  ASSERT_OK(ImportText(*files_, MakeSchema(kLearns), options).status());
  EXPECT_EQ(opened, 1);
  LogSchema schema;
  ReadLog(*files_, "out", &schema);
  EXPECT_EQ(schema.numerics[0].mean, 49.5);
}

TEST_F(LearnOnceTest, PartsOfASplitHaveTheMeansOfTheTrainingPart) {
  Write(Table(200));
  ImportOptions options = WithSplit("train:0.5,test:0.5");
  options.memory_bytes = 0;
  ASSERT_OK(ImportInto(*files_, "out", options).status());
  LogSchema train, test;
  double sum = 0;
  for (const uint64_t id : RowIds(*files_, "out/train")) sum += static_cast<double>(id);
  ReadLog(*files_, "out/train", &train);
  ReadLog(*files_, "out/test", &test);
  EXPECT_EQ(train, test);
  EXPECT_NEAR(train.numerics[0].mean,
              sum / static_cast<double>(RowIds(*files_, "out/train").size()), 1e-9);
}

TEST_F(LearnOnceTest, AFullDiskWhileBlocksWaitIsAnErrorAndLeavesNothing) {
  Write(Table(200));
  NotedFiles noted(*files_);
  noted.append = Internal("No space left on device");
  const Status status = ImportInto(noted, "out", {.memory_bytes = 0}).status();
  EXPECT_NE(status.message().find("No space left"), std::string::npos) << status.ToString();
  EXPECT_FALSE(files_->Exists("out"));
  EXPECT_FALSE(files_->Exists("out.importing"));
}

TEST(WaitingBlock, DamageIsNoticed) {
  LogSchema schema;
  schema.numerics = {{.name = "price"}};
  Batch batch;
  batch.exposures.rows = 2;
  batch.exposures.numerics.resize(1);
  batch.contexts.rows = 1;
  batch.context_of = {0, 0};
  batch.row_id = {7, 8};
  batch.click = batch.conversion = {0, 1};
  const auto waiting = EncodeWaitingBlock(schema, batch, RawNumerics{{}, {{1.5, 2.5}}});
  ASSERT_OK(waiting.status());
  const NumberStored as_is = [](bool, uint32_t, double x) { return static_cast<float>(x); };
  const auto block = CompleteBlock(schema, *waiting, as_is);
  ASSERT_OK(block.status());
  batch.exposures.numerics[0] = {1.5f, 2.5f};
  EXPECT_EQ(block->bytes, EncodeBlock(schema, batch).bytes);
  for (const size_t place : {size_t{0}, waiting->size() / 2, waiting->size() - 1}) {
    std::string damaged = *waiting;
    damaged[place] = static_cast<char>(damaged[place] ^ 1);
    EXPECT_EQ(CompleteBlock(schema, damaged, as_is).status().code(), Code::kDataLoss);
  }
  EXPECT_EQ(CompleteBlock(schema, "short", as_is).status().code(), Code::kDataLoss);
}

}  // namespace
}  // namespace chorus::worker
