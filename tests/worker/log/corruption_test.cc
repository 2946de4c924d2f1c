// No damage to a log file gives other data, and none crashes its reader.
#include <gtest/gtest.h>

#include "tests/worker/log/log_testing.h"
#include "worker/log/block.h"
#include "worker/log/format.h"
#include "worker/log/log_reader.h"

namespace chorus::worker::testing {
namespace {

// Every kind of column.
LogSchema WholeSchema() {
  LogSchema schema = FullSchema();
  schema.has_row_id_text = true;
  return schema;
}

// The blocks of the file "log", or the error of opening or reading it.
Result<std::vector<Batch>> ReadAll(FileSystem& files) {
  ASSIGN_OR_RETURN(const std::unique_ptr<LogReader> log, LogReader::Open(files, {"log"}));
  std::vector<Batch> blocks(log->blocks().size());
  for (uint32_t i = 0; i < blocks.size(); ++i) RETURN_IF_ERROR(log->ReadBlock(i, &blocks[i]));
  return blocks;
}

class CorruptionTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const LogSchema schema = WholeSchema();
    blocks_ = {MakeBatch(schema, 40, 4, 0), MakeBatch(schema, 3, 1, 40)};
    WriteLog(*files_, "log", schema, blocks_);
    bytes_ = ReadWholeFile(*files_, "log").value();
    ASSERT_TRUE(ReadAll(*files_).ok());
  }
  Result<std::vector<Batch>> Read(const std::string& bytes) {
    CHECK(ReplaceFile(*files_, "log", bytes).ok());
    return ReadAll(*files_);
  }

  std::unique_ptr<FileSystem> files_ = NewMemoryFiles();
  std::vector<Batch> blocks_;
  std::string bytes_;
};

TEST_F(CorruptionTest, EveryFlippedByteIsAnErrorThatNamesTheFile) {
  for (size_t i = 0; i < bytes_.size(); ++i) {
    for (const char mask : {'\x01', '\x80', '\xff'}) {
      std::string damaged = bytes_;
      damaged[i] = static_cast<char>(damaged[i] ^ mask);
      const auto blocks = Read(damaged);
      ASSERT_FALSE(blocks.ok()) << "byte " << i;
      EXPECT_EQ(blocks.status().code(), Code::kDataLoss) << "byte " << i;
      EXPECT_NE(blocks.status().message().find("log"), std::string::npos);
    }
  }
}

TEST_F(CorruptionTest, EveryTruncationIsDataLoss) {
  for (size_t size = 0; size < bytes_.size(); ++size) {
    const auto blocks = Read(bytes_.substr(0, size));
    ASSERT_EQ(blocks.status().code(), Code::kDataLoss) << "size " << size;
  }
}

TEST_F(CorruptionTest, AppendedBytesAreDataLoss) {
  EXPECT_EQ(Read(bytes_ + '\0').status().code(), Code::kDataLoss);
  EXPECT_EQ(Read(bytes_ + bytes_).status().code(), Code::kDataLoss);
}

TEST_F(CorruptionTest, AFlipInASectionNamesBlockAndColumn) {
  std::string damaged = bytes_;
  const size_t second = damaged.rfind("CBLK");
  damaged[second + BlockHeaderBytes(ColumnsOf(WholeSchema()).size())] ^= 1;
  const auto blocks = Read(damaged);
  EXPECT_EQ(blocks.status().message(),
            "reading log: block 1: column slot user offsets: the checksum of the section differs");
}

// Damage under valid checksums, as only a fuzzer or a bug makes it.
TEST_F(CorruptionTest, EveryFlippedByteOfAHeaderWithAMendedChecksumIsSafe) {
  const LogSchema schema = WholeSchema();
  const EncodedBlock block = EncodeBlock(schema, blocks_[0]);
  const size_t checked = BlockHeaderBytes(ColumnsOf(schema).size()) - kChecksumBytes;
  int refused = 0;
  for (size_t i = 0; i < checked; ++i) {
    for (int mask = 1; mask < 256; mask += 23) {
      std::string damaged = block.bytes;
      damaged[i] = static_cast<char>(damaged[i] ^ mask);
      const uint64_t checksum = Checksum(std::string_view(damaged).substr(0, checked));
      std::memcpy(damaged.data() + checked, &checksum, sizeof(checksum));
      Batch out;
      const Status status = DecodeBlock(schema, BytesOf(damaged), &out);
      refused += !status.ok();
      if (status.ok()) {
        EXPECT_EQ(out.rows(), out.context_of.size());
      }
    }
  }
  EXPECT_GT(refused, 9 * static_cast<int>(checked));  // of 12 tries a byte
}

}  // namespace
}  // namespace chorus::worker::testing
