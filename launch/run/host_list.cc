#include "launch/run/host_list.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string_view>

#include "common/strings.h"

namespace chorus::launch {
namespace {

// Nothing: no number of ranks.
std::optional<uint32_t> ParseRanks(std::string_view text) {
  constexpr uint64_t kMost = 65536;
  const std::optional<uint64_t> ranks = ParseUint64(text);
  if (!ranks.has_value() || *ranks == 0 || *ranks > kMost) return std::nullopt;
  return static_cast<uint32_t>(*ranks);
}

// If a host were named twice, ranks of both entries would be started on it.
Status CheckNames(const std::vector<Host>& hosts, const std::string& where) {
  if (hosts.empty()) return InvalidArgument(StrCat(where, ": no host"));
  for (size_t i = 0; i < hosts.size(); ++i) {
    const auto same = [&](const Host& other) { return other.name == hosts[i].name; };
    if (std::none_of(hosts.begin(), hosts.begin() + static_cast<ptrdiff_t>(i), same)) continue;
    return InvalidArgument(
        StrCat(where, ": ", hosts[i].name, " is named twice; once with all its ranks"));
  }
  return Status::Ok();
}

Result<std::optional<Host>> ParseLine(std::string line, const std::string& where) {
  constexpr std::string_view kRanks = "slots=", kMostRanks = "max_slots=";
  line.resize(std::min(line.find('#'), line.size()));
  for (const char blank : {'\t', '\r'}) std::replace(line.begin(), line.end(), blank, ' ');
  std::optional<Host> host;
  bool told = false;  // whether the line says how many ranks
  for (const std::string& word : Split(line, ' ')) {
    const std::string_view text = Trim(word);
    if (text.empty() || text.starts_with(kMostRanks)) continue;
    if (!host.has_value()) {
      host = Host{.name = std::string(text)};
      continue;
    }
    const std::optional<uint32_t> ranks =
        text.starts_with(kRanks) ? ParseRanks(text.substr(kRanks.size())) : std::nullopt;
    if (!ranks.has_value()) {
      return InvalidArgument(
          StrCat(where, ": \"", text, "\"; expected \"slots=N\" behind the host"));
    }
    host->ranks = *ranks;
    told = true;
  }
  if (host.has_value() && !told) {
    return InvalidArgument(StrCat(where, ": \"", host->name, "\"; expected \"slots=N\" behind it"));
  }
  return host;
}

}  // namespace

Result<std::vector<Host>> ParseHosts(const std::string& text) {
  std::vector<Host> hosts;
  for (const std::string& part : Split(text, ',')) {
    const std::string entry(Trim(part));
    const size_t colon = entry.find(':');
    const std::optional<uint32_t> ranks =
        colon == std::string::npos ? 1 : ParseRanks(std::string_view(entry).substr(colon + 1));
    if (colon == 0 || entry.empty() || !ranks.has_value()) {
      return InvalidArgument(
          StrCat("--hosts: \"", entry,
                 "\"; expected HOST:RANKS, as in node1:4,node2:4 (a name or an IPv4 "
                 "address)"));
    }
    hosts.push_back({.name = entry.substr(0, colon), .ranks = *ranks});
  }
  RETURN_IF_ERROR(CheckNames(hosts, "--hosts"));
  return hosts;
}

Result<std::vector<Host>> ReadHostFile(FileSystem& files, const std::string& path) {
  ASSIGN_OR_RETURN(const std::string text, ReadWholeFile(files, path));
  std::vector<Host> hosts;
  size_t number = 0;
  for (const std::string& line : Split(text, '\n')) {
    ASSIGN_OR_RETURN(const std::optional<Host> host,
                     ParseLine(line, StrCat(path, ": line ", ++number)));
    if (host.has_value()) hosts.push_back(*host);
  }
  RETURN_IF_ERROR(CheckNames(hosts, path));
  return hosts;
}

std::string HostOption(std::span<const Host> hosts) {
  std::vector<std::string> entries;
  for (const Host& host : hosts) entries.push_back(StrCat(host.name, ":", host.ranks));
  return Join(entries, ",");
}

uint32_t RanksOf(std::span<const Host> hosts) {
  uint32_t ranks = 0;
  for (const Host& host : hosts) ranks += host.ranks;
  return ranks;
}

}  // namespace chorus::launch
