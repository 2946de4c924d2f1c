#include "worker/messages/kafka_config.h"

#include <algorithm>
#include <string_view>

#include "common/strings.h"

namespace chorus::worker {

Result<std::vector<KafkaSetting>> ReadKafkaConfig(FileSystem& files, const std::string& path) {
  ASSIGN_OR_RETURN(const std::string text, ReadWholeFile(files, path));
  std::vector<KafkaSetting> settings;
  uint64_t number = 0;
  for (std::string_view rest = text; !rest.empty();) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    ++number;
    if (line.ends_with('\r')) line.remove_suffix(1);
    line = Trim(line);
    if (line.empty() || line.front() == '#') continue;
    const std::string place = StrCat(path, ":", number);
    const size_t equals = line.find('=');
    const std::string_view key = Trim(line.substr(0, std::min(equals, line.size())));
    if (equals == std::string_view::npos || key.empty()) {
      return InvalidArgument(StrCat(place, ": expected key=value, as security.protocol=SASL_SSL ",
                                    "(the line is not shown: it may be a secret)"));
    }
    settings.push_back({std::string(key), std::string(Trim(line.substr(equals + 1))), place});
  }
  return settings;
}

}  // namespace chorus::worker
