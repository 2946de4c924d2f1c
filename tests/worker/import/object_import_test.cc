// Inputs by addresses: files through Arrow's own file system, and S3 by moto's server.
#include <gtest/gtest.h>

#include <zlib.h>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "tests/support/process.h"
#include "tests/worker/import/typed_import_testing.h"
#include "worker/columns/arrow_object.h"
#include "worker/import/object_paths.h"

namespace chorus::worker {
namespace {

constexpr char kObjectSchema[] = R"(slot { column: "item" } block_rows: 64)";

std::string ObjectText(int rows) {
  std::string text = "click,sale,item\n";
  for (int i = 0; i < rows; ++i) text += StrCat(i % 3 == 0 ? 1 : 0, ",0,", i, "\n");
  return text;
}

std::string ObjectRecords(int rows) {
  std::string records;
  for (int i = 0; i < rows; ++i) {
    records +=
        tfrecord::Record(tfrecord::Example({{"click", tfrecord::Integers({i % 3 == 0 ? 1 : 0})},
                                            {"sale", tfrecord::Integers({0})},
                                            {"item", tfrecord::Integers({i})}}));
  }
  return records;
}

std::string Gzipped(const std::string& text) {
  std::string out(text.size() + 1024, '\0');
  z_stream stream = {};
  deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

class ObjectImportTest : public TypedImportTest {
 protected:
  void SetUp() override {
    TypedImportTest::SetUp();
    if (const auto library = OpenArrowLibrary("libchorus_arrow.so"); !library.ok()) {
      GTEST_SKIP() << library.status().message();
    }
  }
  std::string Address(const std::string& name) const { return "file://" + Path(name); }

  Result<ImportSummary> ImportFrom(const std::vector<std::string>& inputs,
                                   const std::string& output, uint32_t threads = 1) {
    return ImportText(PosixFiles(), MakeSchema(kObjectSchema),
                      {.inputs = inputs, .output = Path(output), .threads = threads});
  }
  // That both give one log.
  void ExpectSame(const std::string& address, const std::string& path) {
    const auto from_address = ImportFrom({address}, "by-address-" + path, 2);
    ASSERT_OK(from_address.status());
    ASSERT_OK(ImportFrom({Path(path)}, "by-path-" + path).status());
    EXPECT_EQ(BytesOf("by-address-" + path), BytesOf("by-path-" + path));
  }
  void WriteAll() {
    Write("day.csv", ObjectText(500));
    Write("day.csv.gz", Gzipped(ObjectText(500)));
    Write("day.tfrecord", ObjectRecords(300));
  }
};

TEST_F(ObjectImportTest, EveryFormatGivesTheLogThatAFileGives) {
  WriteAll();
  for (const char* name : {"day.csv", "day.csv.gz", "day.tfrecord"}) {
    SCOPED_TRACE(name);
    ExpectSame(Address(name), name);
  }
  SKIP_WITHOUT_ARROW(WriteColumns(
      {{"click", "sale", "item"}, {"1", "0", "7"}, {"0", "0", "8"}},
      {{"click", "int8", 'i'}, {"sale", "int8", 'i'}, {"item", "int64", 'i'}}, "day.parquet"));
  ExpectSame(Address("day.parquet"), "day.parquet");
}

// More than the blocks that are asked for ahead.
TEST_F(ObjectImportTest, ALongObjectIsReadInOrderToItsEnd) {
  std::string text;
  for (uint32_t i = 0; text.size() < 30'000'000; ++i) text += StrCat(i * 2654435761u, "\n");
  Write("long", text);
  ArrowObject object(Address("long"));
  const auto file = object.Open(ArrowObject::Reading::kInOrder);
  ASSERT_OK(file.status());
  std::string read((*file)->size(), '\0');
  for (size_t at = 0; at < read.size(); at += 1'000'003) {
    const size_t bytes = std::min<size_t>(1'000'003, read.size() - at);
    ASSERT_OK((*file)->ReadAt(at, std::as_writable_bytes(std::span(read.data() + at, bytes))));
  }
  EXPECT_TRUE(read == text);
}

TEST_F(ObjectImportTest, AFolderAndAPatternStandForWhatIsBelow) {
  std::filesystem::create_directories(Path("days/day=1/sub"));
  std::filesystem::create_directories(Path("days/day=2"));
  for (const char* name : {"days/day=1/a b.csv", "days/day=1/sub/c.csv", "days/day=1/_SUCCESS",
                           "days/day=2/d.csv", "days/.hidden"}) {
    Write(name, ObjectText(3));
  }
  const auto all = ExpandObjectUri(Address("days/"));
  ASSERT_OK(all.status());
  EXPECT_EQ(*all, (std::vector<std::string>{Address("days/day=1/a%20b.csv"),
                                            Address("days/day=1/sub/c.csv"),
                                            Address("days/day=2/d.csv")}));
  EXPECT_EQ(
      ExpandObjectUri(Address("days/*=1")).value(),
      (std::vector<std::string>{Address("days/day=1/a%20b.csv"), Address("days/day=1/sub/c.csv")}));
  EXPECT_EQ(ExpandObjectUri(Address("days/day=1/a%20*")).value(),
            (std::vector<std::string>{Address("days/day=1/a%20b.csv")}));
  EXPECT_EQ(ExpandObjectUri(Address("days/*/d.*")).value(),
            (std::vector<std::string>{Address("days/day=2/d.csv")}));
  EXPECT_EQ(ExpandObjectUri(Address("days/*/e.*")).status().code(), Code::kNotFound);
  const auto summary = ImportFrom({Address("days")}, "log");
  ASSERT_OK(summary.status());
  EXPECT_EQ(summary->rows.read, 9u);
}

TEST_F(ObjectImportTest, AnObjectThatIsNotThereIsNamed) {
  const auto summary = ImportFrom({Address("none.csv")}, "log");
  EXPECT_EQ(summary.status().code(), Code::kNotFound);
  EXPECT_EQ(summary.status().message(),
            StrCat("listing ", Address("none.csv"), ": there is no such object or folder"));
}

TEST_F(ObjectImportTest, AnObjectThatChangesWhileItIsReadIsAnError) {
  Write("a", ObjectText(100));
  for (const auto reading : {ArrowObject::Reading::kInOrder, ArrowObject::Reading::kAnyPlace}) {
    Write("a", ObjectText(100));
    ArrowObject object(Address("a"));
    const auto file = object.Open(reading);
    ASSERT_OK(file.status());
    Write("a", ObjectText(101));
    std::string read(10, '\0');
    const Status changed = (*file)->ReadAt(0, std::as_writable_bytes(std::span(read)));
    EXPECT_EQ(changed.code(), Code::kDataLoss);
    EXPECT_NE(changed.message().find(Address("a") + ": it changed while it was read: it was "),
              std::string::npos)
        << changed.message();
    // Nor is it opened again as if it were the same.
    EXPECT_EQ(object.Open(reading).status().code(), Code::kDataLoss);
    std::filesystem::remove(Path("a"));
    EXPECT_FALSE((*file)->ReadAt(0, std::as_writable_bytes(std::span(read))).ok());
  }
}

// Of an empty column there is no memory to read into either.
TEST_F(ObjectImportTest, NoBytesAreReadWithoutARequest) {
  Write("a", ObjectText(10));
  for (const auto reading : {ArrowObject::Reading::kInOrder, ArrowObject::Reading::kAnyPlace}) {
    ArrowObject object(Address("a"));
    const auto file = object.Open(reading);
    ASSERT_OK(file.status());
    std::filesystem::rename(Path("a"), Path("b"));
    EXPECT_TRUE((*file)->ReadAt(3, {}).ok());
    std::filesystem::rename(Path("b"), Path("a"));
  }
}

// In parts, some of which are asked for at once.
TEST_F(ObjectImportTest, ManyBytesOfAnyPlaceAreRead) {
  std::string text;
  for (uint32_t i = 0; text.size() < 30'000'000; ++i) text += StrCat(i * 2654435761u, "\n");
  Write("long", text);
  ArrowObject object(Address("long"));
  const auto file = object.Open(ArrowObject::Reading::kAnyPlace);
  ASSERT_OK(file.status());
  std::string read(text.size() - 5, '\0');
  ASSERT_OK((*file)->ReadAt(5, std::as_writable_bytes(std::span(read))));
  EXPECT_TRUE(read == text.substr(5));
}

TEST_F(ObjectImportTest, WhatCannotBeLookedAtIsNotSaidToBeChanged) {
  Write("a", ObjectText(10));
  ArrowObject object(Address("a"));
  const auto file = object.Open(ArrowObject::Reading::kAnyPlace);
  ASSERT_OK(file.status());
  std::filesystem::remove(Path("a"));
  std::filesystem::create_directory(Path("a"));
  std::string read(10, '\0');
  const Status failed = (*file)->ReadAt(0, std::as_writable_bytes(std::span(read)));
  EXPECT_EQ(failed.code(), Code::kUnavailable) << failed.message();
  std::filesystem::remove(Path("a"));
  const Status gone = (*file)->ReadAt(0, std::as_writable_bytes(std::span(read)));
  EXPECT_EQ(gone.code(), Code::kDataLoss) << gone.message();
}

TEST_F(ObjectImportTest, ASchemeThatArrowDoesNotKnowIsNamed) {
  const Status unknown = ImportFrom({"nowhere://bucket/a"}, "log").status();
  EXPECT_NE(unknown.message().find("nowhere://bucket/a: "), std::string::npos) << unknown.message();
}

// Arrow repeats the address in what it says.
TEST_F(ObjectImportTest, KeysOfAnAddressAreNotShown) {
  for (const char* uri :
       {"https://user:hunter2@host/x.csv", "s3://AKIA:abc/hunter2@bucket/key",
        "https://host/x.csv?X-Amz-Signature=hunter2", "nowhere://AKIA:abc%2Fhunter2@bucket/key"}) {
    const Status refused = ImportFrom({uri}, "log").status();
    EXPECT_FALSE(refused.ok());
    EXPECT_EQ(refused.message().find("hunter2"), std::string::npos) << refused.message();
    ArrowObject object(uri);
    const Status unopened = object.Open(ArrowObject::Reading::kInOrder).status();
    EXPECT_EQ(unopened.message().find("hunter2"), std::string::npos) << unopened.message();
    EXPECT_NE(unopened.message().find("..."), std::string::npos) << unopened.message();
  }
}

TEST(ObjectImport, WithoutTheLibraryTheErrorNamesTheRemedy) {
  ArrowObject object("s3://bucket/key", {.library = "libchorus_no_such.so"});
  const Status missing = object.Open(ArrowObject::Reading::kInOrder).status();
  EXPECT_EQ(missing.code(), Code::kNotFound);
  EXPECT_NE(missing.message().find("pip install pyarrow"), std::string::npos) << missing.message();
}

// ------------------------------------------------------------------------------------------ S3

class S3ImportTest : public ObjectImportTest {
 protected:
  // One server for all tests, as the library keeps its client of a bucket.
  static void SetUpTestSuite() {
    if (!OpenArrowLibrary("libchorus_arrow.so").ok()) return;
    server_ = std::make_unique<test::Process>(
        std::vector<std::string>{CHORUS_TEST_PYTHON, CHORUS_S3_SERVER, "serve"});
    constexpr double kSecondsToImportMoto = 100;
    port_ = test::PortOf(server_.get(), kSecondsToImportMoto);
    if (port_.empty()) return;
    setenv("AWS_ENDPOINT_URL", ("http://127.0.0.1:" + port_).c_str(), 1);
    setenv("AWS_ACCESS_KEY_ID", "test", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "test", 1);
    setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
    const auto list = ListArrowObjects("s3://test/?region=us-east-1");
    const std::string& said = list.status().message();
    if (said.find("without S3") != std::string::npos) without_s3_ = said;
  }
  static void TearDownTestSuite() { server_.reset(); }

  void SetUp() override {
    ObjectImportTest::SetUp();
    if (IsSkipped()) return;
    if (!without_s3_.empty()) GTEST_SKIP() << without_s3_;
    if (port_.empty()) {
      GTEST_SKIP() << "needs moto's server (python3 -m pip install 'moto[server]'): "
                   << server_->Output() << server_->Errors();
    }
  }
  void Put(const std::string& key, const std::string& name) {
    const auto put =
        test::RunProcess({CHORUS_TEST_PYTHON, CHORUS_S3_SERVER, "put", port_, key, Path(name)}, 60);
    ASSERT_EQ(put.code, 0) << put.errors;
  }

  static inline std::unique_ptr<test::Process> server_;
  static inline std::string port_;
  static inline std::string without_s3_;  // why this Arrow has none
};

constexpr char kRegion[] = "?region=us-east-1";

TEST_F(S3ImportTest, ObjectsAreReadAsFilesAre) {
  WriteAll();
  for (const char* name : {"day.csv", "day.csv.gz", "day.tfrecord"}) {
    SCOPED_TRACE(name);
    Put(StrCat("folder one/", name), name);
    ExpectSame(StrCat("s3://test/folder%20one/", name, kRegion), name);
  }
  const auto expanded = ExpandObjectUri(StrCat("s3://test/folder*/*.csv", kRegion));
  ASSERT_OK(expanded.status());
  EXPECT_EQ(*expanded,
            (std::vector<std::string>{StrCat("s3://test/folder%20one/day.csv", kRegion)}));
}

TEST_F(S3ImportTest, WhatS3SaysIsSaid) {
  const Status no_bucket =
      ImportFrom({StrCat("s3://key:secret@no-such/a.csv", kRegion)}, "log").status();
  EXPECT_NE(no_bucket.message().find("s3://...@no-such/a.csv"), std::string::npos)
      << no_bucket.message();
  EXPECT_EQ(no_bucket.message().find("secret"), std::string::npos) << no_bucket.message();
  const Status no_key = ImportFrom({StrCat("s3://test/none.csv", kRegion)}, "log").status();
  EXPECT_EQ(no_key.code(), Code::kNotFound) << no_key.message();
}

TEST_F(S3ImportTest, AnObjectThatIsWrittenAnewIsAnotherOne) {
  Write("a", ObjectText(10));
  Write("b", ObjectText(10) + " ");
  Write("c", ObjectText(9) + "1,0,8\n");  // as long as the first one
  Put("a", "a");
  ArrowObject object(StrCat("s3://test/a", kRegion));
  const auto file = object.Open(ArrowObject::Reading::kAnyPlace);
  ASSERT_OK(file.status());
  std::string read(10, '\0');
  ASSERT_OK((*file)->ReadAt(0, std::as_writable_bytes(std::span(read))));
  Put("a", "c");
  const Status changed = (*file)->ReadAt(0, std::as_writable_bytes(std::span(read)));
  EXPECT_EQ(changed.code(), Code::kDataLoss) << changed.message();
  EXPECT_NE(changed.message().find("ETag"), std::string::npos) << changed.message();
}

// A server that takes connections and never says anything.
TEST_F(S3ImportTest, AWaitHasADeadline) {
  const int listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(bind(listening, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  ASSERT_EQ(listen(listening, 8), 0);
  socklen_t bytes = sizeof(address);
  getsockname(listening, reinterpret_cast<sockaddr*>(&address), &bytes);
  ArrowObject object(StrCat("s3://silent/a", kRegion, "&scheme=http&endpoint_override=127.0.0.1%3A",
                            ntohs(address.sin_port)),
                     {.timeout_seconds = 0.5});
  const Status late = object.Open(ArrowObject::Reading::kInOrder).status();
  EXPECT_EQ(late.code(), Code::kUnavailable) << late.message();
  EXPECT_NE(late.message().find("no answer within 0.5 s"), std::string::npos) << late.message();
  close(listening);
}

}  // namespace
}  // namespace chorus::worker
