#include "tests/support/cuda_host/nccl_work.h"

#include <cstring>

#include "tests/support/cuda_host/call_log.h"

namespace chorus::cuda_host {
namespace {

template <typename T>
void AddTo(char* sum, const char* term, size_t count) {
  auto* const to = reinterpret_cast<T*>(sum);
  const auto* const from = reinterpret_cast<const T*>(term);
  for (size_t i = 0; i < count; ++i) to[i] += from[i];
}

// Rank 0 adds from the last rank down, which is no order of a tree over grains, and tells all.
std::string Reduce(Mesh* mesh, const NcclReduction& r) {
  const size_t bytes = r.count * BytesOf(r.type);
  std::vector<char> sum(r.from, r.from + bytes), term(bytes);
  const auto add = r.type == ncclFloat64 ? AddTo<double> : AddTo<float>;
  std::string error;
  std::vector<Transfer> shares;
  if (mesh->rank() > 0) {
    error = mesh->Exchange({{true, 0, sum.data(), bytes}});
    shares = {{false, 0, r.to, bytes}};
  }
  for (int peer = mesh->ranks() - 1; mesh->rank() == 0 && peer > 0 && error.empty(); --peer) {
    error = mesh->Exchange({{false, peer, term.data(), bytes}});
    add(sum.data(), term.data(), r.count);
    shares.push_back({true, peer, sum.data(), bytes});
  }
  if (error.empty()) error = mesh->Exchange(shares);
  if (error.empty() && mesh->rank() == 0) std::memcpy(r.to, sum.data(), bytes);
  return error;
}

}  // namespace

size_t BytesOf(ncclDataType_t type) { return type == ncclFloat64 ? 8 : 4; }

void NcclShared::Fail(int result, const std::string& why) {
  const std::lock_guard lock(mutex);
  if (error != ncclSuccess) return;
  reason = why;
  error = result;
}

void RunNcclGroup(NcclShared* shared, const NcclGroup& group) {
  const std::lock_guard lock(shared->working);
  if (shared->mesh.aborted() || shared->error != ncclSuccess) return;
  if (const int injected = EnterCall("NCCL's work"); injected != 0) {
    return shared->Fail(injected, "NCCL's work failed");
  }
  std::string error = shared->mesh.Exchange(group.transfers);
  for (const NcclReduction& reduction : group.reductions) {
    if (error.empty()) error = Reduce(&shared->mesh, reduction);
  }
  if (!error.empty()) shared->Fail(ncclRemoteError, error);
}

}  // namespace chorus::cuda_host
