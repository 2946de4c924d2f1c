#include <gtest/gtest.h>

#include "common/config.pb.h"
#include "tests/support/faulty_files.h"
#include "tests/worker/log/log_testing.h"
#include "worker/log/block.h"
#include "worker/log/column_codec.h"
#include "worker/log/format.h"
#include "worker/log/log_reader.h"

namespace chorus::worker::testing {
namespace {

void ExpectRoundTrip(const LogSchema& schema, const Batch& batch) {
  const EncodedBlock block = EncodeBlock(schema, batch);
  ASSERT_TRUE(block.status.ok()) << block.status.ToString();
  Batch again = MakeBatch(FullSchema(), 9, 2, 5);  // what stood there before must not matter
  const Status status = DecodeBlock(schema, BytesOf(block.bytes), &again);
  ASSERT_TRUE(status.ok()) << status.ToString();
  EXPECT_TRUE(SameBatch(batch, again));
}

TEST(RoundTripTest, BlocksOfEveryShapeReadBackEqual) {
  for (const LogSchema& schema : {FullSchema(), PlainSchema(), LogSchema{}}) {
    for (const uint32_t rows : {1u, 2u, 7u, 8u, 9u, 100u, 3000u}) {
      for (const uint32_t per_context : {1u, 5u, 4000u}) {
        ExpectRoundTrip(schema, MakeBatch(schema, rows, per_context, 11));
      }
    }
  }
}

TEST(RoundTripTest, AbsentValuesAndWeightsStayAbsent) {
  Batch batch = MakeBatch(FullSchema(), 20, 3, 0);
  batch.weight.clear();
  batch.exposures.slots[2].values.clear();
  ExpectRoundTrip(FullSchema(), batch);
}

TEST(RoundTripTest, EmptySlotsReadBackEmpty) {
  Batch batch = MakeBatch(PlainSchema(), 20, 1, 0);
  for (SlotColumn& slot : batch.exposures.slots) {
    slot.keys.clear();
    slot.offsets.assign(21, 0);
  }
  ExpectRoundTrip(PlainSchema(), batch);
}

TEST(RoundTripTest, UnsortedContextsReadBack) {
  Batch batch = MakeBatch(FullSchema(), 6, 2, 0);
  batch.context_of = {2, 0, 1, 0, 2, 1};
  ExpectRoundTrip(FullSchema(), batch);
}

TEST(RoundTripTest, ALogThatLacksLabelsSaysSoUnderAVersionOfItsOwn) {
  const auto files = NewMemoryFiles();
  for (const bool has_click : {true, false}) {
    for (const bool has_conversion : {true, false}) {
      LogSchema schema = PlainSchema();
      schema.has_click = has_click;
      schema.has_conversion = has_conversion;
      WriteLog(*files, "log", schema, {MakeBatch(schema, 5, 1, 0)});
      const auto log = LogReader::Open(*files, {"log"});
      ASSERT_TRUE(log.ok()) << log.status().ToString();
      EXPECT_TRUE((*log)->schema() == schema);
      const std::string bytes = ReadWholeFile(*files, "log").value();
      EXPECT_EQ(bytes[8], has_click && has_conversion ? 1 : 2);
    }
  }
}

TEST(RoundTripTest, TextsOfRowIdsReadBackUnderAVersionOfTheirOwn) {
  LogSchema schema = PlainSchema();
  schema.has_row_id_text = true;
  Batch batch = MakeBatch(schema, 3, 1, 0);
  batch.row_id_text = {"a-1", "", "\xff\n"};
  const auto files = NewMemoryFiles();
  WriteLog(*files, "log", schema, {batch});
  EXPECT_EQ((*ReadWholeFile(*files, "log"))[8], 3);
  const auto log = LogReader::Open(*files, {"log"});
  ASSERT_TRUE(log.ok()) << log.status().ToString();
  Batch again;
  ASSERT_TRUE((*log)->ReadBlock(0, &again).ok());
  EXPECT_EQ(again.row_id_text, batch.row_id_text);
  batch.row_id_text.assign(3, "");
  WriteLog(*files, "log", schema, {batch});
  EXPECT_TRUE((*LogReader::Open(*files, {"log"}))->ReadBlock(0, &again).ok());
  EXPECT_EQ(again.row_id_text, batch.row_id_text);
}

TEST(RoundTripTest, ALogSaysHowTextBecameIt) {
  LogSchema schema = PlainSchema();
  ImportSchema text;
  text.set_delimiter("|");
  text.add_missing_marker("?");
  schema.text = text.SerializeAsString();
  const auto files = NewMemoryFiles();
  WriteLog(*files, "log", schema, {MakeBatch(schema, 5, 1, 0)});
  EXPECT_EQ((*ReadWholeFile(*files, "log"))[8], 1) << "older programs read the log as well";
  const auto log = LogReader::Open(*files, {"log"});
  ASSERT_TRUE(log.ok()) << log.status().ToString();
  EXPECT_TRUE((*log)->schema() == schema);
}

TEST(RoundTripTest, ABlockWithoutRowsOrWithTooManyIsRefused) {
  EXPECT_EQ(EncodeBlock(PlainSchema(), Batch()).status.code(), Code::kInvalidArgument);
  Batch batch = MakeBatch(LogSchema{}, 1, 1, 0);
  batch.exposures.rows = kMaxBlockRows + 1;
  const EncodedBlock block = EncodeBlock(LogSchema{}, batch);
  EXPECT_EQ(block.status.code(), Code::kInvalidArgument);
  EXPECT_NE(block.status.message().find("write smaller blocks"), std::string::npos);
}

template <typename T>
void ExpectIntegersReadBack(const std::vector<T>& values, Encoding expected) {
  const EncodedColumn column = EncodeIntegers(std::span<const T>(values));
  EXPECT_EQ(column.encoding, expected) << values.size() << " values";
  ASSERT_EQ(EncodedBytes(column.encoding, sizeof(T), values.size(), column.dictionary),
            column.bytes.size());
  std::vector<T> again(values.size());
  ASSERT_TRUE(
      DecodeIntegers(column.encoding, column.dictionary, BytesOf(column.bytes), std::span<T>(again))
          .ok());
  EXPECT_EQ(values, again);
}

std::vector<uint64_t> Repeat(uint32_t distinct, uint32_t count) {
  std::vector<uint64_t> values;
  for (uint32_t i = 0; i < count; ++i) values.push_back(Mix((i * 7919u) % distinct));
  return values;
}

TEST(ColumnCodecTest, EachShapeOfIntegersGetsItsEncoding) {
  ExpectIntegersReadBack<uint64_t>({}, Encoding::kPlain);
  ExpectIntegersReadBack<uint64_t>({~0ull}, Encoding::kPlain);
  ExpectIntegersReadBack<uint64_t>({~0ull - 2, ~0ull - 1, ~0ull}, Encoding::kSequence);
  ExpectIntegersReadBack<uint32_t>({0, 0, 3, 255}, Encoding::kDelta8);
  ExpectIntegersReadBack<uint32_t>({5, 5, 256, 65000}, Encoding::kDelta16);
  ExpectIntegersReadBack<uint64_t>({1, 70000, 4294967295u}, Encoding::kDelta32);
  ExpectIntegersReadBack<uint64_t>({9, 8, 1ull << 40}, Encoding::kPlain);
  ExpectIntegersReadBack(Repeat(256, 2000), Encoding::kDictionary8);
  ExpectIntegersReadBack(Repeat(257, 2000), Encoding::kDictionary16);
  ExpectIntegersReadBack(Repeat(70000, 300000), Encoding::kDictionary32);
  ExpectIntegersReadBack(Repeat(2000, 2000), Encoding::kPlain);
}

TEST(ColumnCodecTest, FloatsKeepTheirBits) {
  const std::vector<float> values = {0.0f, -0.0f, 1e-42f, std::numeric_limits<float>::infinity(),
                                     0.0f, -0.0f, 1e-42f, 3.0f,
                                     3.0f, 3.0f,  3.0f,   3.0f};
  const EncodedColumn column = EncodeFloats(values);
  EXPECT_EQ(column.encoding, Encoding::kDictionary8);
  std::vector<float> again(values.size());
  ASSERT_TRUE(DecodeFloats(column.encoding, column.dictionary, BytesOf(column.bytes), again).ok());
  EXPECT_EQ(std::memcmp(values.data(), again.data(), values.size() * sizeof(float)), 0);
}

TEST(LogFileTest, FilesOfALogReadBackInOrder) {
  const auto files = NewMemoryFiles();
  const LogSchema schema = FullSchema();
  const std::vector<Batch> blocks = {MakeBatch(schema, 30, 4, 0), MakeBatch(schema, 5, 1, 30),
                                     MakeBatch(schema, 9, 9, 35)};
  WriteLog(*files, "log/part-0.log", schema, {blocks[0], blocks[1]});
  WriteLog(*files, "log/part-1.log", schema, {blocks[2]});
  WriteLog(*files, "log/part-0.log.tmp-left-behind", schema, {});
  const auto log = LogReader::Open(*files, {"log"});
  ASSERT_TRUE(log.ok()) << log.status().ToString();
  EXPECT_TRUE((*log)->schema() == schema);
  EXPECT_EQ((*log)->files(), (std::vector<std::string>{"log/part-0.log", "log/part-1.log"}));
  ASSERT_EQ((*log)->blocks().size(), 3u);
  for (uint32_t i = 0; i < 3; ++i) {
    Batch again;
    ASSERT_TRUE((*log)->ReadBlock(i, &again).ok());
    EXPECT_TRUE(SameBatch(blocks[i], again));
    EXPECT_EQ((*log)->blocks()[i].rows, blocks[i].rows());
    EXPECT_EQ((*log)->blocks()[i].contexts, blocks[i].contexts.rows);
  }
}

TEST(LogFileTest, ADirectoryWithoutLogFilesIsNamed) {
  const auto files = NewMemoryFiles();
  ASSERT_TRUE(files->CreateDirectories("empty").ok());
  const Status status = LogReader::Open(*files, {"empty"}).status();
  EXPECT_EQ(status.code(), Code::kNotFound);
  EXPECT_NE(status.message().find("holds no *.log file"), std::string::npos) << status.ToString();
}

TEST(LogFileTest, TheFingerprintTellsLogsApart) {
  const auto files = NewMemoryFiles();
  const LogSchema schema = PlainSchema();
  WriteLog(*files, "a", schema, {MakeBatch(schema, 5, 1, 0)});
  WriteLog(*files, "same", schema, {MakeBatch(schema, 5, 1, 0)});
  WriteLog(*files, "other", schema, {MakeBatch(schema, 5, 1, 1)});
  const auto fingerprint = [&](std::vector<std::string> paths) {
    return LogReader::Open(*files, paths).value()->fingerprint();
  };
  EXPECT_EQ(fingerprint({"a"}), fingerprint({"same"}));
  EXPECT_NE(fingerprint({"a"}), fingerprint({"other"}));
  EXPECT_NE(fingerprint({"a", "other"}), fingerprint({"other", "a"}));
}

TEST(LogFileTest, FilesOfDifferentSchemasAreNoLog) {
  const auto files = NewMemoryFiles();
  WriteLog(*files, "d/a.log", FullSchema(), {});
  WriteLog(*files, "d/b.log", PlainSchema(), {});
  const auto log = LogReader::Open(*files, {"d"});
  EXPECT_EQ(log.status().code(), Code::kFailedPrecondition);
  EXPECT_NE(log.status().message().find("d/b.log"), std::string::npos);
}

TEST(LogFileTest, AnUnfinishedOrFailedLogNeverAppears) {
  const auto memory = NewMemoryFiles();
  const LogSchema schema = PlainSchema();
  for (uint64_t failing = 0; failing < 5; ++failing) {
    FaultPlan plan;
    (failing < 3    ? plan.failing_write
     : failing == 3 ? plan.failing_sync
                    : plan.failing_rename) = failing < 3 ? failing : 0;
    plan.write_half_first = failing % 2 == 0;
    const auto files = NewFaultyFiles(*memory, plan);
    Status status;
    {
      auto writer = LogWriter::Create(*files, "a.log", schema);
      status = writer.status();
      if (status.ok()) {
        status = (*writer)->AddBlock(EncodeBlock(schema, MakeBatch(schema, 5, 1, 0)));
      }
      if (status.ok()) status = (*writer)->Finish();
    }
    EXPECT_FALSE(status.ok());
    EXPECT_FALSE(memory->Exists("a.log")) << failing;
    EXPECT_FALSE(memory->Exists("a.log.tmp")) << failing;
  }
}

}  // namespace
}  // namespace chorus::worker::testing
