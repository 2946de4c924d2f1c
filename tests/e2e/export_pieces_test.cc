// An export writes tables piece by piece, in whatever form: what it holds in memory does not grow
// with the rows, and the manifest describes the files as they are.

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
#include "launch/serving/export_files.h"
#include "tests/e2e/serving_testing.h"
#include "worker/train/checkpoint_store.h"

namespace chorus::e2e {
namespace {

// Remembers the largest piece that each file was given.
class PieceFiles final : public ForwardingFiles {
 public:
  using ForwardingFiles::ForwardingFiles;

  Result<std::unique_ptr<WritableFile>> Create(const std::string& path) override {
    ASSIGN_OR_RETURN(std::unique_ptr<WritableFile> file, files_.Create(path));
    std::unique_ptr<WritableFile> piece =
        std::make_unique<PieceFile>(std::move(file), &largest[BaseName(path)]);
    return piece;
  }

  std::map<std::string, size_t> largest;  // by the file's own name

 private:
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

using ExportPiecesTest = ServingTest;

TEST_F(ExportPiecesTest, NoTableIsHeldInMemory) {
  // Rows of 16 KiB, so that a few of them are more than a piece.
  const TrainConfig config = ServedConfig(
      "objective { esmm {} } table { name: 'wide' dim: 4096 optimizer { adagrad { lr: 0.1 } } } "
      "slot { name: 'user' table: 'wide' } slot { name: 'history' table: 'wide' }");
  const Trained trained = TrainOn(*files_, config, Layout());
  ASSERT_TRUE(trained.status.ok()) << trained.status.ToString();
  const std::string checkpoint = trained.first().checkpoint;
  const auto manifest = worker::ReadManifest(*files_, checkpoint);
  ASSERT_TRUE(manifest.ok()) << manifest.status().ToString();
  const auto rows = launch::CheckpointRows::Open(*files_, checkpoint, *manifest);
  ASSERT_TRUE(rows.ok()) << rows.status().ToString();

  PieceFiles pieces(*files_);
  const Status exported = launch::ExportModel(pieces, checkpoint, "model", false);
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
    any_large = any_large || bytes > size_t{3} << 17;
    EXPECT_LE(pieces.largest.at(table.name + ".weights.f32"), (size_t{1} << 18) + 4 * table.dim);
  }
  EXPECT_TRUE(any_large) << "no table is larger than a piece: this test shows nothing";
}

}  // namespace
}  // namespace chorus::e2e
