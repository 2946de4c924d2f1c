#include "worker/import/message_text.h"

#include <algorithm>
#include <span>
#include <string_view>
#include <utility>

#include "common/record_frame.h"
#include "common/strings.h"
#include "worker/import/byte_source.h"

namespace chorus::worker {
namespace {

constexpr std::string_view kEndsAndBlanks = " \t\r\n";

// Bytes that somebody owns.
template <typename Owner>
class OwnedSource final : public ByteSource {
 public:
  OwnedSource(std::shared_ptr<Owner> owner, std::string_view bytes)
      : owner_(std::move(owner)), left_(bytes) {}
  Result<size_t> Read(std::span<char> out) override {
    const size_t bytes = std::min(out.size(), left_.size());
    std::copy_n(left_.data(), bytes, out.data());
    left_.remove_prefix(bytes);
    return bytes;
  }

 private:
  const std::shared_ptr<Owner> owner_;
  std::string_view left_;
};

}  // namespace

MessageText::MessageText(std::string topic, std::string header, bool is_records)
    : topic_(std::move(topic)), header_(std::move(header)), is_records_(is_records) {
  Begin();
}

void MessageText::Begin() {
  data_ = std::make_shared<Data>();
  if (!header_.empty()) data_->text = header_ + "\n";
}

bool MessageText::Add(const Message& message) {
  const Place place = {message.partition, message.offset};
  if (is_records_) {
    if (message.bytes.empty()) return false;
    data_->text += FramedRecord(message.bytes);
    data_->places.push_back(place);
    return true;
  }
  const size_t end = message.bytes.find_last_not_of(kEndsAndBlanks);
  if (end == std::string_view::npos) return false;
  // Blanks at its end may be delimiters; ends of lines are none.
  const size_t text_end = message.bytes.find_first_of("\r\n", end + 1);
  const std::string_view text = message.bytes.substr(0, text_end);
  data_->text.append(text);
  data_->text.push_back('\n');
  const auto lines = 1 + std::count(text.begin(), text.end(), '\n');
  data_->places.insert(data_->places.end(), static_cast<size_t>(lines), place);
  return true;
}

TextInput MessageText::Take() {
  const std::shared_ptr<const Data> data = std::exchange(data_, nullptr);
  Begin();
  TextInput input;
  input.name = StrCat("topic ", topic_);
  input.open = [data]() -> Result<std::unique_ptr<ByteSource>> {
    return std::unique_ptr<ByteSource>(std::make_unique<OwnedSource<const Data>>(data, data->text));
  };
  // Lines count from 1, with the header; records from 0.
  const uint64_t first = (is_records_ ? 0 : 1) + (header_.empty() ? 0 : 1);
  input.place = [data, first, name = input.name](uint64_t number) {
    if (number < first || number - first >= data->places.size()) return name;
    const Place& place = data->places[number - first];
    return StrCat(name, ", partition ", place.partition, ", offset ", place.offset);
  };
  input.is_plain = true;
  return input;
}

}  // namespace chorus::worker
