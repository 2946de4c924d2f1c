#include "launch/watch/prometheus_text.h"

#include <optional>

#include "common/strings.h"

namespace chorus::launch {
namespace {

// The text between the quotes that begin at *at, which moves behind them.
std::optional<std::string> QuotedText(std::string_view line, size_t* at) {
  if (*at >= line.size() || line[*at] != '"') return std::nullopt;
  std::string text;
  for (size_t i = *at + 1; i < line.size(); ++i) {
    if (line[i] == '"') {
      *at = i + 1;
      return text;
    }
    if (line[i] == '\\' && i + 1 < line.size()) {
      ++i;
      text.push_back(line[i] == 'n' ? '\n' : line[i]);
    } else {
      text.push_back(line[i]);
    }
  }
  return std::nullopt;
}

// {rank="0",role="worker 0"} from *at on, which moves behind it.
bool TakeLabels(std::string_view line, size_t* at, MetricSample* sample) {
  if (*at >= line.size() || line[*at] != '{') return true;
  ++*at;
  while (*at < line.size() && line[*at] != '}') {
    const size_t equals = line.find('=', *at);
    if (equals == std::string_view::npos) return false;
    const std::string key(line.substr(*at, equals - *at));
    *at = equals + 1;
    const std::optional<std::string> value = QuotedText(line, at);
    if (!value.has_value()) return false;
    sample->labels[key] = *value;
    if (*at < line.size() && line[*at] == ',') ++*at;
  }
  return (*at)++ < line.size();
}

std::optional<MetricSample> SampleOf(std::string_view line) {
  if (line.empty() || line[0] == '#') return std::nullopt;
  MetricSample sample;
  size_t at = line.find_first_of("{ ");
  if (at == std::string_view::npos || at == 0) return std::nullopt;
  sample.name = std::string(line.substr(0, at));
  if (!TakeLabels(line, &at, &sample)) return std::nullopt;
  std::string_view rest = Trim(line.substr(at));
  const std::optional<double> value = ParseDouble(rest.substr(0, rest.find(' ')));
  if (!value.has_value()) return std::nullopt;
  sample.value = *value;
  return sample;
}

}  // namespace

std::vector<MetricSample> SamplesOf(std::string_view page) {
  std::vector<MetricSample> samples;
  for (const std::string& line : Split(page, '\n')) {
    std::optional<MetricSample> sample = SampleOf(Trim(line));
    if (sample.has_value()) samples.push_back(std::move(*sample));
  }
  return samples;
}

}  // namespace chorus::launch
