#pragma once
// Messages of a topic as an input of an import: their texts, one line each (or several, where a
// message has several), or as records of TFRecord. Thread safety: none; any thread may read what
// Take gives.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "worker/import/text_table.h"
#include "worker/messages/message_reader.h"

namespace chorus::worker {

class MessageText {
 public:
  // topic: in messages to people.  header: a line in front of all, or "".
  MessageText(std::string topic, std::string header, bool is_records);

  // False: the message has no text, and makes no row.
  bool Add(const Message& message);
  uint64_t rows() const { return data_->places.size(); }
  uint64_t bytes() const { return data_->text.size(); }
  // Returns what was added since the last call.
  TextInput Take();

 private:
  struct Place {
    uint32_t partition;
    uint64_t offset;
  };
  struct Data {
    std::string text;
    std::vector<Place> places;  // [row]
  };
  void Begin();

  const std::string topic_;
  const std::string header_;
  const bool is_records_;
  std::shared_ptr<Data> data_;
};

}  // namespace chorus::worker
