#include "common/tree.h"

#include "common/check.h"

namespace chorus {

GrainRange GrainsOfWorker(uint32_t worker, uint32_t workers, uint32_t grains) {
  CHECK(worker < workers && grains > 0, "worker=", worker, " workers=", workers);
  const auto cut = [&](uint64_t w) {
    return static_cast<uint32_t>((w * grains + workers - 1) / workers);
  };
  return {cut(worker), cut(worker + 1)};
}

std::vector<TreeNode> MaximalNodes(GrainRange range) {
  std::vector<TreeNode> nodes;
  uint32_t begin = range.begin;
  while (begin < range.end) {
    uint32_t size = 1;
    while (begin % (size * 2) == 0 && begin + size * 2 <= range.end) size *= 2;
    nodes.push_back({begin, size});
    begin += size;
  }
  return nodes;
}

}  // namespace chorus
