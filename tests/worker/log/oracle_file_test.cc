#include "worker/log/oracle_file.h"

#include <gtest/gtest.h>

namespace chorus::worker {
namespace {

OracleRow RowOf(uint64_t i) {
  const float x = static_cast<float>(i);
  return {x, x + 0.1f, x + 0.2f, x + 0.3f, x + 0.4f};
}

void WriteRows(FileSystem& files, const std::string& path, uint64_t rows) {
  auto writer = OracleWriter::Create(files, path, rows);
  ASSERT_TRUE(writer.ok());
  std::vector<OracleRow> all;
  for (uint64_t i = 0; i < rows; ++i) all.push_back(RowOf(i));
  const size_t cut = rows / 3;
  ASSERT_TRUE((*writer)->Add(std::span(all).first(cut)).ok());
  ASSERT_TRUE((*writer)->Add(std::span(all).subspan(cut)).ok());
  ASSERT_FALSE(files.Exists(path));
  ASSERT_TRUE((*writer)->Finish(rows + 77).ok());
}

TEST(OracleFileTest, LookupsGiveTheRowsInAnyOrder) {
  auto files = NewMemoryFiles();
  for (const uint64_t rows : {0, 1, 4096, 10000}) {
    WriteRows(*files, "oracle.bin", rows);
    auto file = OracleFile::Open(*files, "oracle.bin");
    ASSERT_TRUE(file.ok()) << file.status().ToString();
    EXPECT_EQ(file->rows(), rows);
    EXPECT_EQ(file->log_fingerprint(), rows + 77);
    for (uint64_t i = 0; i < rows; ++i) {
      const uint64_t id = i * 7919 % rows;
      const auto row = file->Lookup(id);
      ASSERT_TRUE(row.ok());
      ASSERT_EQ(row->p_click, RowOf(id).p_click);
      ASSERT_EQ(row->p_v_given_c, RowOf(id).p_v_given_c);
    }
    EXPECT_EQ(file->Lookup(rows).status().code(), Code::kInvalidArgument);
    ASSERT_TRUE(files->Remove("oracle.bin").ok());
  }
}

TEST(OracleFileTest, DamageIsFound) {
  auto files = NewMemoryFiles();
  WriteRows(*files, "oracle.bin", 5000);
  const std::string good = ReadWholeFile(*files, "oracle.bin").value();
  const auto damaged = [&](std::string bytes) {
    EXPECT_TRUE(ReplaceFile(*files, "bad.bin", bytes).ok());
    auto file = OracleFile::Open(*files, "bad.bin");
    if (!file.ok()) return file.status();
    for (const uint64_t id : {0, 4096}) {
      const auto row = file->Lookup(id);
      if (!row.ok()) return row.status();
    }
    return Status::Ok();
  };
  EXPECT_TRUE(damaged(good).ok());
  for (size_t i = 0; i < good.size(); i += i < 64 ? 1 : 997) {
    std::string flipped = good;
    flipped[i] = static_cast<char>(flipped[i] ^ 4);
    EXPECT_EQ(damaged(flipped).code(), Code::kDataLoss) << "byte " << i;
  }
  for (size_t i = good.size() - 16; i < good.size(); ++i) {
    std::string flipped = good;
    flipped[i] = static_cast<char>(flipped[i] ^ 4);
    EXPECT_EQ(damaged(flipped).code(), Code::kDataLoss) << "byte " << i;
  }
  for (const size_t size : {size_t{0}, size_t{63}, size_t{64}, good.size() - 1}) {
    EXPECT_EQ(damaged(good.substr(0, size)).code(), Code::kDataLoss) << size;
  }
  EXPECT_EQ(damaged(good + "x").code(), Code::kDataLoss);
}

}  // namespace
}  // namespace chorus::worker
