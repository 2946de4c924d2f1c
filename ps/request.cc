#include "ps/request.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "common/finite.h"
#include "common/strings.h"

namespace chorus::ps {
namespace {

Status Malformed(std::string what) {
  return InvalidArgument("malformed frame: " + std::move(what));
}

template <typename T>
Result<std::span<const T>> Values(const ByteArray& array, const char* what) {
  if (array.size() % sizeof(T) != 0) {
    return Malformed(StrCat("array of ", what, " has ", array.size(), " bytes"));
  }
  return array.As<T>();
}

// The first key that is in `keys` twice, found by open addressing in a scratch array; null if there
// is none.
const Key* FindDuplicate(std::span<const Key> keys, std::vector<uint32_t>* scratch) {
  constexpr uint32_t kEmpty = UINT32_MAX;
  const size_t capacity = std::bit_ceil(2 * keys.size() + 1);
  scratch->assign(capacity, kEmpty);
  for (uint32_t i = 0; i < keys.size(); ++i) {
    size_t at = Mix(keys[i]) & (capacity - 1);
    for (; (*scratch)[at] != kEmpty; at = (at + 1) & (capacity - 1)) {
      if (keys[(*scratch)[at]] == keys[i]) return &keys[i];
    }
    (*scratch)[at] = i;
  }
  return nullptr;
}

Result<RequestKeys> ParseKeys(const ByteArray& keys, const ByteArray& counts,
                              const ServerShape& shape) {
  RequestKeys out;
  ASSIGN_OR_RETURN(out.keys, Values<Key>(keys, "keys"));
  ASSIGN_OR_RETURN(const auto shard_counts, Values<uint32_t>(counts, "shard counts"));
  if (shard_counts.size() != shape.local_shards()) {
    return Malformed(
        StrCat(shard_counts.size(), " shard counts for ", shape.local_shards(), " shards"));
  }
  uint64_t sum = 0;
  out.begins.push_back(0);
  for (uint32_t count : shard_counts) {
    sum += count;
    if (sum > out.keys.size()) break;
    out.begins.push_back(static_cast<uint32_t>(sum));
  }
  if (sum != out.keys.size() || sum > UINT32_MAX) {
    return Malformed(StrCat("shard counts do not add up to the ", out.keys.size(), " keys"));
  }
  // Within one shard, since equal keys are of the same shard, which the loop below checks.
  std::vector<uint32_t> scratch;
  for (uint32_t i = 0; i < shard_counts.size(); ++i) {
    const Key* const twice =
        FindDuplicate(out.keys.subspan(out.begins[i], out.begins[i + 1] - out.begins[i]), &scratch);
    if (twice != nullptr) return Malformed(StrCat("key ", *twice, " comes twice in a table"));
    for (uint32_t at = out.begins[i]; at < out.begins[i + 1]; ++at) {
      if (ShardOf(out.keys[at], shape.job.shards()) == shape.first_shard + i) continue;
      return Malformed(StrCat("key ", out.keys[at], " is not of shard ", shape.first_shard + i));
    }
  }
  return out;
}

Status ParseTables(const std::vector<ByteArray>& arrays, const ServerShape& shape,
                   std::vector<RequestKeys>* tables) {
  for (size_t table = 0; table < shape.dims.size(); ++table) {
    ASSIGN_OR_RETURN(auto keys, ParseKeys(arrays[2 * table], arrays[2 * table + 1], shape));
    tables->push_back(std::move(keys));
  }
  return Status::Ok();
}

Status ParseNodes(const ServerShape& shape, StepRequest* request) {
  const wire::StepMeta& meta = request->meta;
  const auto& allowed = shape.nodes[meta.worker()];
  const size_t tables = shape.dims.size();
  for (int i = 0; i < meta.node_size(); ++i) {
    RequestNode node;
    node.table = meta.node(i).table();
    node.node = {meta.node(i).begin(), meta.node(i).size()};
    if (node.table >= tables ||
        std::find(allowed.begin(), allowed.end(), node.node) == allowed.end()) {
      return Malformed(StrCat("worker ", meta.worker(), " has no subtree of ", node.node.size,
                              " grains from ", node.node.begin, " in table ", node.table));
    }
    // Strictly ascending, so that no subtree comes twice: its gradients would count twice.
    if (i > 0) {
      const RequestNode& last = request->nodes.back();
      const bool ordered = last.table < node.table ||
                           (last.table == node.table && last.node.begin < node.node.begin);
      if (!ordered) return Malformed("subtrees are out of order");
    }
    const size_t at = 2 * (tables + static_cast<size_t>(i));
    ASSIGN_OR_RETURN(node.positions, Values<uint32_t>(request->arrays[at], "positions"));
    ASSIGN_OR_RETURN(node.gradients, Values<float>(request->arrays[at + 1], "gradients"));
    request->nodes.push_back(node);
  }
  return Status::Ok();
}

Status CheckFrozenTables(const wire::StepMeta& meta, size_t tables) {
  for (int i = 0; i < meta.frozen_table_size(); ++i) {
    const uint32_t table = meta.frozen_table(i);
    if (table >= tables || (i > 0 && table <= meta.frozen_table(i - 1))) {
      return Malformed(StrCat("frozen table ", table, " of ", tables));
    }
    for (const wire::NodeMeta& node : meta.node()) {
      if (node.table() == table) return Malformed(StrCat("gradients of frozen table ", table));
    }
  }
  return Status::Ok();
}

Status CheckStepMeta(const wire::StepMeta& meta, size_t arrays, const ServerShape& shape) {
  RETURN_IF_ERROR(shape.CheckJob(meta.job()));
  const size_t tables = shape.dims.size();
  if (meta.worker() >= shape.job.workers())
    return Malformed(StrCat("there is no worker ", meta.worker()));
  if (meta.step() == 0 || meta.step() > UINT32_MAX) {
    return Malformed(StrCat("step ", meta.step(), " is out of range"));
  }
  if (arrays != 2 * (tables + static_cast<size_t>(meta.node_size()))) {
    return Malformed(
        StrCat(arrays, " arrays for ", tables, " tables and ", meta.node_size(), " subtrees"));
  }
  if (!meta.has_gradients() && meta.node_size() > 0)
    return Malformed("gradients that are not announced");
  if (!meta.has_gradients()) return Status::Ok();
  if (static_cast<size_t>(meta.lr_factor_size()) != tables) {
    return Malformed("not one learning rate factor per table");
  }
  for (float factor : meta.lr_factor()) {
    if (!std::isfinite(factor) || factor < 0)
      return Malformed(StrCat("learning rate factor ", factor));
  }
  return CheckFrozenTables(meta, tables);
}

}  // namespace

Result<std::shared_ptr<StepRequest>> ParseStep(Frame frame, const ServerShape& shape) {
  auto request = std::make_shared<StepRequest>();
  if (!request->meta.ParseFromString(frame.meta)) return Malformed("the meta is no StepMeta");
  request->arrays = std::move(frame.arrays);
  RETURN_IF_ERROR(CheckStepMeta(request->meta, request->arrays.size(), shape));
  RETURN_IF_ERROR(ParseTables(request->arrays, shape, &request->tables));
  RETURN_IF_ERROR(ParseNodes(shape, request.get()));
  return request;
}

Result<std::shared_ptr<ReadRequest>> ParseRead(Frame frame, const ServerShape& shape) {
  wire::ReadMeta meta;
  if (!meta.ParseFromString(frame.meta)) return Malformed("the meta is no ReadMeta");
  RETURN_IF_ERROR(shape.CheckJob(meta.job()));
  auto request = std::make_shared<ReadRequest>();
  request->arrays = std::move(frame.arrays);
  if (request->arrays.size() != 2 * shape.dims.size()) {
    return Malformed(StrCat(request->arrays.size(), " arrays for ", shape.dims.size(), " tables"));
  }
  RETURN_IF_ERROR(ParseTables(request->arrays, shape, &request->tables));
  return request;
}

Status CheckGradients(StepRequest* request, const std::vector<RequestKeys>& keys,
                      const ServerShape& shape) {
  for (RequestNode& node : request->nodes) {
    const size_t n = keys[node.table].keys.size();
    const size_t m = node.gradients.size() / shape.dims[node.table];
    node.all = node.positions.empty() && m == n;
    if (node.gradients.size() != m * shape.dims[node.table] ||
        (!node.all && node.positions.size() != m)) {
      return Malformed(StrCat(node.gradients.size(), " gradient values at ", node.positions.size(),
                              " positions of ", n, " keys of dimension ", shape.dims[node.table]));
    }
    for (size_t i = 0; i < node.positions.size(); ++i) {
      if (node.positions[i] >= n || (i > 0 && node.positions[i] <= node.positions[i - 1])) {
        return Malformed(StrCat("position ", node.positions[i], " of ", n, " keys"));
      }
    }
    if (!AllFinite(node.gradients)) {
      return InvalidArgument(StrCat("a gradient of worker ", request->meta.worker(), " in table ",
                                    node.table, ", subtree from grain ", node.node.begin,
                                    ", is not finite"));
    }
  }
  return Status::Ok();
}

Status CheckReplyBytes(const std::vector<RequestKeys>& tables, const ServerShape& shape,
                       uint64_t bytes_beside_a_row, uint64_t max_bytes) {
  uint64_t bytes = 0;
  for (size_t t = 0; t < tables.size(); ++t) {
    bytes += tables[t].keys.size() * (sizeof(float) * shape.dims[t] + bytes_beside_a_row);
  }
  if (bytes <= max_bytes) return Status::Ok();
  return ResourceExhausted(StrCat(
      shape.name(), ": the rows asked for take ", bytes,
      " bytes, more than a frame may have (cluster.max_frame_mb: ", max_bytes >> 20, " MB)"));
}

std::vector<ByteArray> AllocateRows(const std::vector<RequestKeys>& tables,
                                    const ServerShape& shape) {
  std::vector<ByteArray> arrays;
  for (size_t t = 0; t < tables.size(); ++t) {
    arrays.push_back(ByteArray::Allocate(tables[t].keys.size() * shape.dims[t] * sizeof(float)));
  }
  return arrays;
}

std::vector<ByteArray> AllocateRead(const std::vector<RequestKeys>& tables,
                                    const ServerShape& shape) {
  std::vector<ByteArray> arrays = AllocateRows(tables, shape);
  for (const RequestKeys& table : tables) arrays.push_back(ByteArray::Allocate(table.keys.size()));
  return arrays;
}

}  // namespace chorus::ps
