#pragma once
// Which keys of a worker's step go to which server. Keys are grouped by logical shard, and a server
// owns a contiguous range of shards: so every server's keys are one segment of each table's keys.
// Thread safety: a value.

#include <cstdint>
#include <vector>

#include "worker/servers/ps_client.h"

namespace chorus::worker {

struct ShardRange {
  uint32_t begin = 0;
  uint32_t end = 0;
};

// The logical shards that server `server` of `servers` owns.
inline ShardRange ShardsOfServer(uint32_t server, uint32_t servers, uint32_t shards) {
  const auto cut = [&](uint64_t s) { return static_cast<uint32_t>(s * shards / servers); };
  return {cut(server), cut(server + 1)};
}

class KeySegments {
 public:
  KeySegments() = default;
  KeySegments(const std::vector<TableKeys>& keys, uint32_t servers, uint32_t shards)
      : begins_(keys.size()) {
    for (size_t table = 0; table < keys.size(); ++table) {
      uint32_t sum = 0;
      for (uint32_t server = 0; server < servers; ++server) {
        begins_[table].push_back(sum);
        const ShardRange range = ShardsOfServer(server, servers, shards);
        for (uint32_t s = range.begin; s < range.end; ++s) sum += keys[table].shard_counts[s];
      }
      begins_[table].push_back(sum);
    }
  }

  // The keys [begin, end) of the table are the server's.
  uint32_t begin(uint32_t table, uint32_t server) const { return begins_[table][server]; }
  uint32_t end(uint32_t table, uint32_t server) const { return begins_[table][server + 1]; }

 private:
  // [table][server]: the first key of the server; one element more, the number of keys.
  std::vector<std::vector<uint32_t>> begins_;
};

}  // namespace chorus::worker
