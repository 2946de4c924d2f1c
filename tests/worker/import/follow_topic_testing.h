#pragma once
// What tests of followed topics share: rows as messages, and their import.

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <memory>
#include <string>

#include "tests/worker/import/fake_topic.h"
#include "tests/worker/import/follow_testing.h"
#include "worker/import/follow_position.h"

namespace chorus::worker {

inline constexpr char kTopic[] = "kafka://host:9092/clicks?columns=click,sale,user,price";

// Row i of Table, without an end.
inline std::string RowText(int i) {
  return StrCat(i % 3 == 0 ? 1 : 0, ",", i % 9 == 0 ? 1 : 0, ",u", i / 10, ",", i);
}

class FollowTopicTest : public FollowImportTest {
 protected:
  FollowOptions OptionsOf(const std::string& input = kTopic) {
    FollowOptions options = Options(input);
    options.open_topic = [this](const KafkaReaderOptions&) {
      return Result<std::unique_ptr<MessageReader>>(std::make_unique<FakeTopicReader>(&topic_));
    };
    return options;
  }
  // Rows [first, end), dealt to the partitions in turn.
  void AddRows(int first, int end) {
    for (int i = first; i < end; ++i) {
      topic_.Add(static_cast<size_t>(i) % topic_.partitions.size(), RowText(i));
    }
  }
  // How often each row is in the log, by its price.
  std::map<int, int> RowsIn(FileSystem& files) {
    std::map<int, int> rows;
    LogSchema schema;
    for (const Batch& block : ReadLog(files, "out", &schema)) {
      for (uint32_t i = 0; i < block.rows(); ++i) {
        const double price =
            block.exposures.numerics[0][i] * schema.numerics[0].stddev + schema.numerics[0].mean;
        ++rows[static_cast<int>(std::lround(price))];
      }
    }
    return rows;
  }
  static std::map<int, int> Once(int first, int end) {
    std::map<int, int> rows;
    for (int i = first; i < end; ++i) rows[i] = 1;
    return rows;
  }
  FollowedSource Position() {
    const auto position = ReadFollowPosition(*files_, "out");
    EXPECT_TRUE(position.ok()) << position.status().ToString();
    return position.ok() && position->sources_size() > 0 ? position->sources(0) : FollowedSource();
  }

  FakeTopic topic_{3};
};

}  // namespace chorus::worker
