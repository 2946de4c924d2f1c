#include "worker/servers/reply_rows.h"

#include <span>
#include <utility>

#include "common/strings.h"

namespace chorus::worker {
namespace {

class ReplyRows : public PulledRows {
 public:
  ReplyRows(KeySegments segments, std::vector<Frame> replies, std::vector<uint32_t> dims)
      : segments_(std::move(segments)), replies_(std::move(replies)), dims_(std::move(dims)) {}

  std::span<const float> RowsFrom(uint32_t table, uint32_t position) const override {
    uint32_t server = 0;
    while (position >= segments_.end(table, server)) ++server;
    const float* const rows =
        reinterpret_cast<const float*>(std::as_const(replies_[server].arrays[table]).data());
    const size_t dim = dims_[table];
    return {rows + (position - segments_.begin(table, server)) * dim,
            (segments_.end(table, server) - position) * dim};
  }

 private:
  const KeySegments segments_;
  const std::vector<Frame> replies_;  // [server], arrays [table]
  const std::vector<uint32_t> dims_;
};

}  // namespace

Result<std::shared_ptr<const PulledRows>> MakeReplyRows(const KeySegments& segments,
                                                        std::vector<Frame> replies,
                                                        const std::vector<uint32_t>& dims) {
  for (uint32_t server = 0; server < replies.size(); ++server) {
    const std::vector<ByteArray>& arrays = replies[server].arrays;
    bool fits = arrays.size() == dims.size();
    for (uint32_t table = 0; fits && table < dims.size(); ++table) {
      const size_t n = segments.end(table, server) - segments.begin(table, server);
      fits = arrays[table].size() == n * dims[table] * sizeof(float);
    }
    if (!fits) return Internal(StrCat("server ", server, " answered with rows of another shape"));
  }
  return std::shared_ptr<const PulledRows>(
      std::make_shared<ReplyRows>(segments, std::move(replies), dims));
}

}  // namespace chorus::worker
