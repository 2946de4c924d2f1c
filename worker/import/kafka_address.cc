#include "worker/import/kafka_address.h"

#include <algorithm>
#include <cctype>
#include <limits>
#include <optional>
#include <set>

#include "common/nearest_word.h"
#include "common/strings.h"

namespace chorus::worker {
namespace {

constexpr std::string_view kKafkaScheme = "kafka://";
constexpr size_t kMostTopicBytes = 249;  // as Kafka has it

Status CheckTopic(const std::string& topic) {
  const bool has_others =
      topic.find_first_not_of(
          "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") != std::string::npos;
  if (!topic.empty() && !has_others && topic.size() <= kMostTopicBytes) return Status::Ok();
  return InvalidArgument(StrCat("topic '", topic,
                                "': expected a name of letters, digits, '.', '_' and '-', as in "
                                "kafka://host:9092/clicks"));
}

Status TakePartitions(const std::string& value, KafkaAddress* address) {
  std::set<uint32_t> partitions;
  for (const std::string& text : chorus::Split(value, ',')) {
    const auto number = ParseUint64(text);
    if (!number || *number > uint64_t{std::numeric_limits<int32_t>::max()}) {
      return InvalidArgument(StrCat("partitions=", value, ": expected numbers, as in 0,3,7"));
    }
    partitions.insert(static_cast<uint32_t>(*number));
  }
  address->partitions.assign(partitions.begin(), partitions.end());
  return Status::Ok();
}

// Of a name in an address, where %2C is a comma.  None: behind a % are no two digits.
std::optional<std::string> Decoded(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  const auto digit = [&](size_t i) {
    return i < text.size()
               ? kDigits.find(static_cast<char>(std::tolower(static_cast<unsigned char>(text[i]))))
               : std::string_view::npos;
  };
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded.push_back(text[i]);
      continue;
    }
    const size_t high = digit(i + 1), low = digit(i + 2);
    if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
    decoded.push_back(static_cast<char>(16 * high + low));
    i += 2;
  }
  return decoded;
}

// One of two words: is it the second?
Status TakeWord(const std::string& key, const std::string& value, const std::string& first,
                const std::string& second, bool* is_second) {
  *is_second = value == second;
  if (value == first || *is_second) return Status::Ok();
  return InvalidArgument(StrCat(key, "=", value, ": expected ", first, " or ", second,
                                DidYouMean(value, {first, second})));
}

Status TakeParameter(const std::string& key, const std::string& value, KafkaAddress* address) {
  if (key == "partitions") return TakePartitions(value, address);
  if (key == "start") return TakeWord(key, value, "earliest", "latest", &address->latest);
  if (key == "on_lost") return TakeWord(key, value, "fail", "skip", &address->skips_lost);
  if (key == "columns") {
    address->columns.clear();
    for (const std::string& name : chorus::Split(value, ',')) {
      const auto decoded = Decoded(name);
      if (!decoded)
        return InvalidArgument(StrCat("columns=", value, ": % expects two hexadecimal ",
                                      "digits behind it, as in user%20id"));
      address->columns.push_back(*decoded);
    }
    const bool has_empty = std::count(address->columns.begin(), address->columns.end(), "") > 0;
    return !has_empty ? Status::Ok()
                      : InvalidArgument(StrCat("columns=", value, ": a column has no name"));
  }
  if (key == "wait_seconds") {
    const auto seconds = ParseDouble(value);
    if (!seconds || *seconds <= 0) {
      return InvalidArgument(StrCat("wait_seconds=", value, ": expected a number above 0"));
    }
    address->wait_seconds = *seconds;
    return Status::Ok();
  }
  const std::vector<std::string> keys = {"partitions", "start", "columns", "on_lost",
                                         "wait_seconds"};
  return InvalidArgument(StrCat("'", key, "': expected one of ", Join(keys, ", "),
                                DidYouMean(key, keys),
                                "; settings of librdkafka belong into the file of --kafka-config, "
                                "and the format of rows into the schema"));
}

Result<KafkaAddress> ParseAddress(const std::string& input) {
  KafkaAddress address;
  const std::string rest = input.substr(kKafkaScheme.size());
  const size_t question = std::min(rest.find('?'), rest.size());
  const std::string place = rest.substr(0, question);
  const size_t slash = place.find('/');
  if (slash == std::string::npos) {
    return InvalidArgument("expected kafka://BROKER:PORT,BROKER:PORT/TOPIC");
  }
  address.brokers = place.substr(0, slash);
  address.topic = place.substr(slash + 1);
  if (address.brokers.find('@') != std::string::npos) {
    return InvalidArgument(
        "users and passwords belong into the file of --kafka-config (sasl.username, "
        "sasl.password)");
  }
  RETURN_IF_ERROR(CheckTopic(address.topic));
  if (question == rest.size()) return address;
  std::set<std::string> keys;
  for (const std::string& parameter : chorus::Split(rest.substr(question + 1), '&')) {
    const size_t equals = parameter.find('=');
    if (equals == std::string::npos) {
      return InvalidArgument(StrCat("'", parameter, "': expected key=value"));
    }
    const std::string key = parameter.substr(0, equals);
    if (!keys.insert(key).second) {
      return InvalidArgument(StrCat("'", key, "' is given twice: which one counts?"));
    }
    RETURN_IF_ERROR(TakeParameter(key, parameter.substr(equals + 1), &address));
  }
  return address;
}

}  // namespace

std::string KafkaAddress::name() const { return StrCat(kKafkaScheme, "/", topic); }

bool IsKafkaAddress(std::string_view input) { return input.starts_with(kKafkaScheme); }

Result<KafkaAddress> ParseKafkaAddress(const std::string& input) {
  auto address = ParseAddress(input);
  if (address.ok()) return address;
  // What is before an @ may be a password.
  const std::string shown =
      input.find('@') == std::string::npos ? input : std::string(kKafkaScheme) + "...";
  return address.status().Annotate(shown);
}

}  // namespace chorus::worker
