#include "worker/servers/reply_rows.h"

#include <span>
#include <utility>

#include "common/strings.h"

namespace chorus::worker {
namespace {

class ReplyRows : public PulledRows {
 public:
  ReplyRows(KeySegments segments, std::vector<Frame> replies, std::vector<uint32_t> dims,
            bool of_read)
      : segments_(std::move(segments)),
        replies_(std::move(replies)),
        dims_(std::move(dims)),
        of_read_(of_read) {}

  std::span<const float> RowsFrom(uint32_t table, uint32_t position) const override {
    const uint32_t server = ServerOf(table, position);
    const float* const rows =
        reinterpret_cast<const float*>(std::as_const(replies_[server].arrays[table]).data());
    const size_t dim = dims_[table];
    return {rows + (position - segments_.begin(table, server)) * dim,
            (segments_.end(table, server) - position) * dim};
  }

  bool seen(uint32_t table, uint32_t position) const override {
    if (!of_read_) return true;
    const uint32_t server = ServerOf(table, position);
    const ByteArray& seen = replies_[server].arrays[dims_.size() + table];
    return seen.data()[position - segments_.begin(table, server)] != std::byte{0};
  }

 private:
  uint32_t ServerOf(uint32_t table, uint32_t position) const {
    uint32_t server = 0;
    while (position >= segments_.end(table, server)) ++server;
    return server;
  }

  const KeySegments segments_;
  const std::vector<Frame> replies_;  // [server], arrays [table]
  const std::vector<uint32_t> dims_;
  const bool of_read_;
};

}  // namespace

Result<std::shared_ptr<const PulledRows>> MakeReplyRows(const KeySegments& segments,
                                                        std::vector<Frame> replies,
                                                        const std::vector<uint32_t>& dims,
                                                        bool of_read) {
  for (uint32_t server = 0; server < replies.size(); ++server) {
    const std::vector<ByteArray>& arrays = replies[server].arrays;
    bool fits = arrays.size() == (of_read ? 2 : 1) * dims.size();
    for (uint32_t table = 0; fits && table < dims.size(); ++table) {
      const size_t n = segments.end(table, server) - segments.begin(table, server);
      fits = arrays[table].size() == n * dims[table] * sizeof(float) &&
             (!of_read || arrays[dims.size() + table].size() == n);
    }
    if (!fits) return Internal(StrCat("server ", server, " answered with rows of another shape"));
  }
  return std::shared_ptr<const PulledRows>(
      std::make_shared<ReplyRows>(segments, std::move(replies), dims, of_read));
}

}  // namespace chorus::worker
