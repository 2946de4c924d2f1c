#include "worker/import/kafka_address.h"

#include <gtest/gtest.h>

#include "common/file.h"
#include "worker/messages/kafka_config.h"
#include "worker/messages/kafka_reader.h"

namespace chorus::worker {
namespace {

std::string AddressError(const std::string& input) {
  const auto address = ParseKafkaAddress(input);
  EXPECT_FALSE(address.ok()) << input;
  return address.status().ToString();
}

TEST(KafkaAddressTest, NamesBrokersTopicAndWhatIsRead) {
  const auto plain = ParseKafkaAddress("kafka://one:9092,two:9093/clicks");
  ASSERT_TRUE(plain.ok()) << plain.status().ToString();
  EXPECT_EQ(plain->brokers, "one:9092,two:9093");
  EXPECT_EQ(plain->topic, "clicks");
  EXPECT_TRUE(plain->partitions.empty());
  EXPECT_FALSE(plain->latest);
  EXPECT_EQ(plain->name(), "kafka:///clicks");
  const auto full = ParseKafkaAddress(
      "kafka:///a.b-c_d?partitions=7,0,7&start=latest&columns=user,click&on_lost=skip"
      "&wait_seconds=2.5");
  ASSERT_TRUE(full.ok()) << full.status().ToString();
  EXPECT_EQ(full->brokers, "");
  EXPECT_EQ(full->partitions, (std::vector<uint32_t>{0, 7}));
  EXPECT_TRUE(full->latest);
  EXPECT_EQ(full->columns, (std::vector<std::string>{"user", "click"}));
  EXPECT_TRUE(full->skips_lost);
  EXPECT_EQ(full->wait_seconds, 2.5);
}

TEST(KafkaAddressTest, NamesOfColumnsAreDecoded) {
  const auto address = ParseKafkaAddress("kafka://host/t?columns=user%20id,a%2Cb,c%3d");
  ASSERT_TRUE(address.ok()) << address.status().ToString();
  EXPECT_EQ(address->columns, (std::vector<std::string>{"user id", "a,b", "c="}));
  for (const char* const broken : {"a%2", "a%", "a%zz"}) {
    EXPECT_NE(AddressError(std::string("kafka://host/t?columns=") + broken).find("hexadecimal"),
              std::string::npos)
        << broken;
  }
}

TEST(KafkaAddressTest, AKeyIsGivenOnce) {
  EXPECT_NE(
      AddressError("kafka://host/t?start=latest&start=earliest").find("'start' is given twice"),
      std::string::npos);
}

TEST(KafkaAddressTest, SaysWhatIsWrong) {
  EXPECT_NE(AddressError("kafka://host:9092").find("/TOPIC"), std::string::npos);
  EXPECT_NE(AddressError("kafka://host/a topic").find("letters, digits"), std::string::npos);
  EXPECT_NE(AddressError("kafka://host/t?strat=latest").find("did you mean \"start\""),
            std::string::npos);
  EXPECT_NE(AddressError("kafka://host/t?start=beginning").find("earliest or latest"),
            std::string::npos);
  EXPECT_NE(AddressError("kafka://host/t?partitions=a").find("expected numbers"),
            std::string::npos);
  EXPECT_NE(AddressError("kafka://host/t?columns=a,,b").find("has no name"), std::string::npos);
  EXPECT_NE(AddressError("kafka://host/t?wait_seconds=0").find("above 0"), std::string::npos);
  const std::string secret = AddressError("kafka://me:hunter2@host/t");
  EXPECT_EQ(secret.find("hunter2"), std::string::npos) << secret;
  EXPECT_NE(secret.find("--kafka-config"), std::string::npos) << secret;
}

TEST(KafkaConfigTest, LinesAreKeysAndValues) {
  const auto files = NewMemoryFiles();
  ASSERT_TRUE(ReplaceFile(*files, "k.conf",
                          "# how to log in\n\nsecurity.protocol=SASL_SSL\r\n"
                          " sasl.password = a=b \n")
                  .ok());
  const auto settings = ReadKafkaConfig(*files, "k.conf");
  ASSERT_TRUE(settings.ok()) << settings.status().ToString();
  ASSERT_EQ(settings->size(), 2u);
  EXPECT_EQ((*settings)[0].key, "security.protocol");
  EXPECT_EQ((*settings)[0].value, "SASL_SSL");
  EXPECT_EQ((*settings)[1].value, "a=b");
  EXPECT_EQ((*settings)[1].place, "k.conf:4");
}

TEST(KafkaConfigTest, ALineThatIsNoneIsNotShown) {
  const auto files = NewMemoryFiles();
  ASSERT_TRUE(ReplaceFile(*files, "k.conf", "a=b\nhunter2\n").ok());
  const std::string error = ReadKafkaConfig(*files, "k.conf").status().ToString();
  EXPECT_NE(error.find("k.conf:2: expected key=value"), std::string::npos) << error;
  EXPECT_EQ(error.find("hunter2"), std::string::npos) << error;
}

TEST(KafkaReaderTest, SettingsThatAnImportSetsItselfAreRefusedByTheirPlace) {
  const auto error_of = [](const std::string& key, const std::string& value) {
    return OpenKafka({.brokers = "host:9092",
                      .topic = "t",
                      .settings = {{key, value, "k.conf:2"}},
                      .library = "libchorus_no_kafka.so"})
        .status();
  };
  const Status reset = error_of("auto.offset.reset", "latest");
  EXPECT_EQ(reset.code(), Code::kInvalidArgument);
  EXPECT_EQ(reset.message().find("k.conf:2: auto.offset.reset is always error"), 0u)
      << reset.ToString();
  EXPECT_NE(reset.message().find("start= of the input"), std::string::npos) << reset.ToString();
  EXPECT_EQ(error_of("enable.partition.eof", "false").code(), Code::kInvalidArgument);
  EXPECT_EQ(error_of("enable.auto.commit", "true").code(), Code::kInvalidArgument);
  EXPECT_EQ(error_of("enable.auto.commit", "false").code(), Code::kNotFound);  // the library
}

TEST(KafkaReaderTest, WithoutTheLibraryTheRemedyIsTold) {
  const auto reader =
      OpenKafka({.brokers = "host:9092", .topic = "t", .library = "libchorus_no_kafka.so"});
  ASSERT_EQ(reader.status().code(), Code::kNotFound);
  EXPECT_NE(reader.status().message().find("librdkafka-dev"), std::string::npos);
  EXPECT_NE(OpenKafka({.brokers = "", .topic = "t"}).status().message().find("bootstrap.servers"),
            std::string::npos);
}

}  // namespace
}  // namespace chorus::worker
