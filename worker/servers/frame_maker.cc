#include "worker/servers/frame_maker.h"

#include <algorithm>

namespace chorus::worker {
namespace {

// Bytes of a frame below which waking threads takes longer than copying.
constexpr size_t kLeastShared = size_t{1} << 20;

}  // namespace

void FrameMaker::AddKeys(const std::vector<TableKeys>& keys, const KeySegments& segments,
                         uint32_t server, Frame* frame) {
  const ShardRange range = ShardsOfServer(server, servers_, shards_);
  for (uint32_t table = 0; table < keys.size(); ++table) {
    const uint32_t begin = segments.begin(table, server);
    const std::span<const Key> own(keys[table].keys.data() + begin,
                                   segments.end(table, server) - begin);
    const std::span<const uint32_t> counts(keys[table].shard_counts.data() + range.begin,
                                           range.end - range.begin);
    frame->arrays.push_back(ToBeCopied(std::as_bytes(own)));
    frame->arrays.push_back(ToBeCopied(std::as_bytes(counts)));
  }
}

// A node without a gradient for this server is left out: the tree skips an absent term. Positions
// are counted from the server's first key, since the server knows no other.
void FrameMaker::AddGradients(const StepGradients& gradients, const KeySegments& segments,
                              uint32_t server, wire::StepMeta* meta, Frame* frame) {
  meta->set_has_gradients(true);
  for (float factor : gradients.lr_factors) meta->add_lr_factor(factor);
  for (uint32_t table : gradients.frozen_tables) meta->add_frozen_table(table);
  for (uint32_t table = 0; table < gradients.tables.size(); ++table) {
    const uint32_t begin = segments.begin(table, server);
    const uint32_t end = segments.end(table, server);
    for (const NodeGradient& node : gradients.tables[table]) {
      const auto first = std::lower_bound(node.positions.begin(), node.positions.end(), begin);
      const auto last = std::lower_bound(first, node.positions.end(), end);
      const size_t m = static_cast<size_t>(last - first);
      if (m == 0) continue;
      wire::NodeMeta* const node_meta = meta->add_node();
      node_meta->set_table(table);
      node_meta->set_begin(node.node.begin);
      node_meta->set_size(node.node.size);
      ByteArray positions;  // empty: all of the server's keys
      if (m != end - begin) {
        positions = ByteArray::Allocate(m * sizeof(uint32_t));
        std::transform(first, last, positions.As<uint32_t>().begin(),
                       [&](uint32_t p) { return p - begin; });
      }
      const size_t skipped = static_cast<size_t>(first - node.positions.begin());
      const std::span<const float> values(node.gradients.data() + skipped * dims_[table],
                                          m * dims_[table]);
      frame->arrays.push_back(std::move(positions));
      frame->arrays.push_back(ToBeCopied(std::as_bytes(values)));
    }
  }
}

ByteArray FrameMaker::ToBeCopied(std::span<const std::byte> bytes) {
  ByteArray array = ByteArray::Allocate(bytes.size());
  copies_.Add(bytes.data(), array.data(), bytes.size());
  return array;
}

Status FrameMaker::CopyAll() {
  const auto copy = [&](size_t piece, uint32_t) { copies_.Copy(piece); };
  ThreadPool* const pool = copies_.bytes() < kLeastShared ? nullptr : pool_;
  const Status status = ShareOut(pool, copies_.pieces(), copy);
  copies_.Clear();
  return status;
}

}  // namespace chorus::worker
