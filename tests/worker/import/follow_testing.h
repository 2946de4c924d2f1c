#pragma once
// What tests of followed imports share: file systems that are killed or watched, and an import of
// the rows of Table whose log files hold each row once.

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "common/forwarding_files.h"
#include "tests/worker/import/import_log_testing.h"
#include "worker/import/follow_import.h"

namespace chorus::worker {

inline constexpr char kFollowed[] =
    "block_rows: 16 file_rows: 40 slot { column: 'user' context: true } "
    "numeric { column: 'price' }";

// A file system that a kill -9 ends at its n-th change: no later change happens. If that is a
// write, half of it is there.
class KilledFiles final : public FileSystem {
 public:
  KilledFiles(FileSystem& files, int64_t changes) : files_(files), left_(changes) {}
  Result<std::unique_ptr<RandomAccessFile>> OpenForRead(const std::string& path) override {
    return files_.OpenForRead(path);
  }
  Result<std::unique_ptr<WritableFile>> Create(const std::string& path) override {
    if (!Lives()) return Dead();
    return Killable(files_.Create(path));
  }
  Result<std::unique_ptr<WritableFile>> OpenForAppend(const std::string& path) override {
    if (!Lives()) return Dead();
    return Killable(files_.OpenForAppend(path));
  }
  Status Rename(const std::string& from, const std::string& to) override {
    return Lives() ? files_.Rename(from, to) : Dead();
  }
  Status CreateDirectories(const std::string& path) override {
    return Lives() ? files_.CreateDirectories(path) : Dead();
  }
  Result<std::vector<std::string>> List(const std::string& folder) override {
    return files_.List(folder);
  }
  Status Remove(const std::string& path) override { return Lives() ? files_.Remove(path) : Dead(); }
  Status RemoveRecursively(const std::string& path) override {
    return Lives() ? files_.RemoveRecursively(path) : Dead();
  }
  bool Exists(const std::string& path) override { return files_.Exists(path); }
  uint64_t IdOf(const std::string& path) override { return files_.IdOf(path); }
  bool died() const { return died_; }
  bool cut_a_write() const { return cut_a_write_; }

 private:
  class File final : public WritableFile {
   public:
    File(KilledFiles* files, std::unique_ptr<WritableFile> file)
        : files_(*files), file_(std::move(file)) {}
    Status Append(std::span<const std::byte> data) override {
      const bool died_before = files_.died_;
      if (files_.Lives()) return file_->Append(data);
      if (!died_before && data.size() > 1) {
        files_.cut_a_write_ = true;
        RETURN_IF_ERROR(file_->Append(data.first(data.size() / 2)));
      }
      return Dead();
    }
    Status Sync() override { return files_.died_ ? Dead() : file_->Sync(); }
    Status Close() override {
      const Status closed = file_->Close();
      return files_.died_ ? Dead() : closed;
    }

   private:
    KilledFiles& files_;
    const std::unique_ptr<WritableFile> file_;
  };
  Result<std::unique_ptr<WritableFile>> Killable(Result<std::unique_ptr<WritableFile>> file) {
    if (!file.ok()) return file;
    return std::unique_ptr<WritableFile>(std::make_unique<File>(this, std::move(*file)));
  }
  bool Lives() {
    if (left_.fetch_sub(1) > 0) return true;
    died_ = true;
    return false;
  }
  static Status Dead() { return Internal("killed"); }
  FileSystem& files_;
  std::atomic<int64_t> left_;
  std::atomic<bool> died_ = false;
  std::atomic<bool> cut_a_write_ = false;
};

// Something happens when a file is opened, listed or made; its errors become those of the call.
class WatchedFiles final : public ForwardingFiles {
 public:
  using ForwardingFiles::ForwardingFiles;
  std::function<Status(const std::string&path)> on_open, on_list, on_create;
  std::function<bool(const std::string& path)> exists;

  Result<std::unique_ptr<RandomAccessFile>> OpenForRead(const std::string& path) override {
    if (on_open) RETURN_IF_ERROR(on_open(path));
    return files_.OpenForRead(path);
  }
  Result<std::unique_ptr<WritableFile>> Create(const std::string& path) override {
    if (on_create) RETURN_IF_ERROR(on_create(path));
    return files_.Create(path);
  }
  Result<std::vector<std::string>> List(const std::string& folder) override {
    if (on_list) RETURN_IF_ERROR(on_list(folder));
    return files_.List(folder);
  }
  bool Exists(const std::string& path) override {
    return (!exists || exists(path)) && files_.Exists(path);
  }
};

class FollowImportTest : public ::testing::Test {
 protected:
  static FollowOptions Options(const std::string& input = "in.csv") {
    FollowOptions options;
    options.import.inputs = {input};
    options.import.output = "out";
    options.idle_seconds = 0.001;
    return options;
  }
  Result<FollowSummary> Follow(FileSystem& files, const FollowOptions& options = Options(),
                               const std::string& schema = kFollowed) {
    return FollowImport(files, MakeSchema(schema), options);
  }
  std::string ErrorOf(const FollowOptions& options, const std::string& schema = kFollowed) {
    const auto summary = Follow(*files_, options, schema);
    EXPECT_FALSE(summary.ok());
    return summary.status().ToString();
  }
  // All rows, file by file in the order of their names, are those of Table(rows), once.
  void ExpectRows(FileSystem& files, int rows) {
    LogSchema schema;
    int row = 0;
    for (const Batch& block : ReadLog(files, "out", &schema)) {
      for (uint32_t i = 0; i < block.rows(); ++i, ++row) {
        ASSERT_EQ(block.row_id[i], static_cast<uint64_t>(row));
        ASSERT_EQ(block.click[i], row % 3 == 0);
        const double price =
            block.exposures.numerics[0][i] * schema.numerics[0].stddev + schema.numerics[0].mean;
        ASSERT_NEAR(price, row, 1e-3);
      }
    }
    EXPECT_EQ(row, rows);
  }
  // Waits until there is such a file; false: there is none after a very long time.
  bool Appears(const std::string& path) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!files_->Exists(path)) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return true;
  }
  void Put(const std::string& path, const std::string& text) { WriteFile(*files_, path, text); }

  std::unique_ptr<FileSystem> files_ = NewMemoryFiles();
};

}  // namespace chorus::worker
