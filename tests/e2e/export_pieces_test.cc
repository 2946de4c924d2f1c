// An export writes tables piece by piece, in whatever form: what it holds in memory does not grow
// with the rows, and the manifest describes the files as they are.

#include <gmock/gmock.h>

#include <algorithm>
#include <cstddef>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "common/forwarding_files.h"
#include "common/strings.h"
#include "launch/command/checkpoint_rows.h"
#include "launch/serving/export_delta.h"
#include "launch/serving/export_files.h"
#include "tests/e2e/serving_testing.h"
#include "worker/train/checkpoint_store.h"

namespace chorus::e2e {
namespace {

// Remembers the largest piece that each file was given, or gave.
class PieceFiles final : public ForwardingFiles {
 public:
  using ForwardingFiles::ForwardingFiles;

  Result<std::unique_ptr<WritableFile>> Create(const std::string& path) override {
    ASSIGN_OR_RETURN(std::unique_ptr<WritableFile> file, files_.Create(path));
    std::unique_ptr<WritableFile> piece =
        std::make_unique<PieceFile>(std::move(file), &largest[BaseName(path)]);
    return piece;
  }

  Result<std::unique_ptr<RandomAccessFile>> OpenForRead(const std::string& path) override {
    ASSIGN_OR_RETURN(std::unique_ptr<RandomAccessFile> file, files_.OpenForRead(path));
    std::unique_ptr<RandomAccessFile> pieces =
        std::make_unique<ReadFile>(std::move(file), &largest[BaseName(path)]);
    return pieces;
  }

  std::map<std::string, size_t> largest;  // by the file's own name

 private:
  class ReadFile final : public RandomAccessFile {
   public:
    ReadFile(std::unique_ptr<RandomAccessFile> file, size_t* largest)
        : file_(std::move(file)), largest_(*largest) {}
    Status ReadAt(uint64_t offset, std::span<std::byte> out) const override {
      largest_ = std::max(largest_, out.size());
      return file_->ReadAt(offset, out);
    }
    uint64_t size() const override { return file_->size(); }

   private:
    std::unique_ptr<RandomAccessFile> file_;
    size_t& largest_;
  };

  class PieceFile final : public WritableFile {
   public:
    PieceFile(std::unique_ptr<WritableFile> file, size_t* largest)
        : file_(std::move(file)), largest_(*largest) {}
    Status Append(std::span<const std::byte> data) override {
      largest_ = std::max(largest_, data.size());
      return file_->Append(data);
    }
    Status Sync() override { return file_->Sync(); }
    Status Close() override { return file_->Close(); }

   private:
    std::unique_ptr<WritableFile> file_;
    size_t& largest_;
  };
};

class ExportPiecesTest : public ServingTest {
 protected:
  static constexpr size_t kPiece = size_t{1} << 18, kRow = 4096 * sizeof(float);

  // A model whose rows have 16 KiB, so that a few of them are more than a piece.
  void Train() {
    const TrainConfig config = ServedConfig(
        "objective { esmm {} } checkpoint { every_steps: 4 } table { name: 'wide' dim: 4096 "
        "optimizer { adagrad { lr: 0.1 } } } "
        "slot { name: 'user' table: 'wide' } slot { name: 'history' table: 'wide' }");
    const Trained trained = TrainOn(*files_, config, Layout());
    ASSERT_TRUE(trained.status.ok()) << trained.status.ToString();
    checkpoint_ = trained.first().checkpoint;
  }
};

TEST_F(ExportPiecesTest, NoTableIsHeldInMemory) {
  Train();
  const auto manifest = worker::ReadManifest(*files_, checkpoint_);
  ASSERT_TRUE(manifest.ok()) << manifest.status().ToString();
  const auto rows = launch::CheckpointRows::Open(*files_, checkpoint_, *manifest);
  ASSERT_TRUE(rows.ok()) << rows.status().ToString();

  PieceFiles pieces(*files_);
  const Status exported = launch::ExportModel(pieces, checkpoint_, "model", false);
  ASSERT_TRUE(exported.ok()) << exported.ToString();

  bool any_large = false;
  const auto described = launch::ReadExportManifest(*files_, "model");
  ASSERT_TRUE(described.ok()) << described.status().ToString();
  launch::ExportArrays arrays(*files_, "model", *described);
  for (uint32_t t = 0; t < (*rows)->tables().size(); ++t) {
    const ps::ShardFileTable& table = (*rows)->tables()[t];
    const auto keys = arrays.Keys(table.name + ".keys.u64");
    const auto weights = arrays.Floats(table.name + ".weights.f32", table.dim);
    ASSERT_TRUE(keys.ok() && weights.ok())
        << keys.status().ToString() << weights.status().ToString();
    size_t row = 0;
    const Status visited = (*rows)->Visit(t, [&](const ps::ShardRow& expected) {
      EXPECT_EQ((*keys)[row], expected.key);
      EXPECT_TRUE(std::equal(expected.weights, expected.weights + table.dim,
                             weights->begin() + static_cast<ptrdiff_t>(row * table.dim)));
      ++row;
      return Status::Ok();
    });
    ASSERT_TRUE(visited.ok()) << visited.ToString();
    EXPECT_EQ(row, keys->size());
    const size_t bytes = weights->size() * sizeof(float);
    any_large = any_large || bytes > kPiece + kRow;
    EXPECT_LE(pieces.largest.at(table.name + ".weights.f32"), kPiece + 4 * table.dim);
  }
  EXPECT_TRUE(any_large) << "no table is larger than a piece: this test shows nothing";
}

TEST_F(ExportPiecesTest, DeltasHoldNoTableInMemory) {
  Train();
  const Status first =
      launch::ExportModel(*files_, JoinPath("ckpt", "step-000000000004"), "first", false);
  ASSERT_TRUE(first.ok()) << first.ToString();
  const Status last = launch::ExportModel(*files_, checkpoint_, "last", false);
  ASSERT_TRUE(last.ok()) << last.ToString();
  PieceFiles pieces(*files_);
  const Status written = launch::WriteDelta(pieces, "first", "last", "delta");
  ASSERT_TRUE(written.ok()) << written.ToString();
  const Status applied = launch::ApplyDelta(pieces, "first", "delta", "applied");
  ASSERT_TRUE(applied.ok()) << applied.ToString();
  EXPECT_LE(pieces.largest.at("wide.weights.f32"), kPiece + kRow);
  const auto weights = ReadWholeFile(*files_, "applied/wide.weights.f32");
  EXPECT_GT(weights->size(), kPiece + kRow) << "this test shows nothing";
  EXPECT_EQ(*weights, *ReadWholeFile(*files_, "last/wide.weights.f32"));
}

TEST_F(ExportPiecesTest, DamageInWhateverPieceIsFound) {
  Train();
  ASSERT_TRUE(launch::ExportModel(*files_, checkpoint_, "model", false).ok());
  ASSERT_TRUE(launch::WriteDelta(*files_, "model", "model", "delta").ok());
  std::string weights = *ReadWholeFile(*files_, "model/wide.weights.f32");
  weights[weights.size() / 2] ^= 1;
  ASSERT_TRUE(ReplaceFile(*files_, "model/wide.weights.f32", weights).ok());
  const Status applied = launch::ApplyDelta(*files_, "model", "delta", "applied");
  EXPECT_EQ(applied.code(), Code::kDataLoss);
  EXPECT_THAT(applied.message(), testing::HasSubstr("model/wide.weights.f32: checksum"));
  EXPECT_FALSE(files_->Exists("applied"));
}

}  // namespace
}  // namespace chorus::e2e
