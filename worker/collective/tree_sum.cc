#include "worker/collective/tree_sum.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "common/strings.h"

namespace chorus::worker {
namespace {

// Shorter vectors stay with fewer owners: a message costs more than adding so many elements.
constexpr size_t kMinChunk = 1024;
// Elements added at a time: partial sums of a tree of terms stay in the cache.
constexpr size_t kBlock = 2048;

struct Chunk {
  size_t begin;
  size_t end;
  size_t size() const { return end - begin; }
};

// The part of n elements that `rank` of `ranks` owns; may be empty.
Chunk ChunkOf(uint32_t rank, uint32_t ranks, size_t n) {
  const size_t even = (n + ranks - 1) / ranks;
  const size_t chunk = std::max(kMinChunk, (even + 15) / 16 * 16);
  return {std::min(n, rank * chunk), std::min(n, (rank + 1) * chunk)};
}

template <typename T>
void AddInto(T* __restrict into, const T* __restrict from, size_t n) {
  for (size_t i = 0; i < n; ++i) into[i] += from[i];
}

template <typename T>
void AddTwo(T* __restrict out, const T* __restrict a, const T* __restrict b, size_t n) {
  for (size_t i = 0; i < n; ++i) out[i] = a[i] + b[i];
}

}  // namespace

TreeSum::TreeSum(Exchange* exchange) : exchange_(exchange), headers_(exchange->size()) {}

Status TreeSum::Begin(const TreeTerms& terms, uint32_t grains, std::span<float> floats_out,
                      std::span<double> doubles_out) {
  const size_t count = terms.nodes.size();
  if (count > kMaxNodes) return InvalidArgument(StrCat("a tree sum of ", count, " nodes a worker"));
  if (!std::has_single_bit(grains)) {
    return InvalidArgument(StrCat("a tree sum over ", grains, " grains, which is no power of two"));
  }
  floats_.mine = terms.floats;
  floats_.out = floats_out;
  doubles_.mine = terms.doubles;
  doubles_.out = doubles_out;
  Header& mine = headers_[exchange_->rank()];
  mine.floats = floats_out.size();
  mine.doubles = doubles_out.size();
  mine.grains = grains;
  mine.count = static_cast<uint32_t>(count);
  std::copy(terms.nodes.begin(), terms.nodes.end(), mine.nodes);
  for (uint32_t peer = 0; peer < exchange_->size(); ++peer) {
    if (peer == exchange_->rank()) continue;
    RETURN_IF_ERROR(exchange_->Receive(peer, &headers_[peer], sizeof(Header)));
    RETURN_IF_ERROR(exchange_->Send(peer, &mine, sizeof(Header)));
  }
  RETURN_IF_ERROR(SendTerms(floats_));
  return SendTerms(doubles_);
}

Status TreeSum::Finish(Deadline deadline) {
  RETURN_IF_ERROR(exchange_->WaitReceives(deadline));
  RETURN_IF_ERROR(CheckHeaders());
  RETURN_IF_ERROR(ReceiveTerms(&floats_));
  RETURN_IF_ERROR(ReceiveTerms(&doubles_));
  RETURN_IF_ERROR(exchange_->WaitReceives(deadline));
  Reduce(&floats_);
  Reduce(&doubles_);
  RETURN_IF_ERROR(ShareSums(floats_));
  RETURN_IF_ERROR(ShareSums(doubles_));
  return exchange_->WaitAll(deadline);
}

std::string TreeSum::Describe(const Header& header) {
  return StrCat(header.floats, " floats and ", header.doubles, " doubles over ", header.grains,
                " grains");
}

// Gathers all ranks' nodes; they must agree on the sizes, and their nodes must follow each other.
Status TreeSum::CheckHeaders() {
  const Header& mine = headers_[exchange_->rank()];
  nodes_.clear();
  sources_.clear();
  uint32_t end = 0;
  for (uint32_t rank = 0; rank < exchange_->size(); ++rank) {
    const Header& header = headers_[rank];
    if (header.floats != mine.floats || header.doubles != mine.doubles ||
        header.grains != mine.grains || header.count > kMaxNodes) {
      return Internal(StrCat("rank ", rank, " sums ", Describe(header), ", rank ",
                             exchange_->rank(), " ", Describe(mine)));
    }
    for (uint32_t row = 0; row < header.count; ++row) {
      const TreeNode& node = header.nodes[row];
      if (node.begin < end || node.size == 0 || node.end() > mine.grains) {
        return Internal(StrCat("rank ", rank, " sums grains [", node.begin, ", ", node.end(),
                               "), which follow no other rank's"));
      }
      end = node.end();
      nodes_.push_back(node);
      sources_.push_back({rank, row});
    }
  }
  return Status::Ok();
}

template <typename T>
Status TreeSum::SendTerms(const Part<T>& part) {
  const uint32_t count = headers_[exchange_->rank()].count;
  for (uint32_t peer = 0; peer < exchange_->size(); ++peer) {
    const Chunk chunk = ChunkOf(peer, exchange_->size(), part.out.size());
    if (peer == exchange_->rank() || chunk.size() == 0) continue;
    for (uint32_t row = 0; row < count; ++row) {
      RETURN_IF_ERROR(
          exchange_->Send(peer, part.mine.row(row) + chunk.begin, chunk.size() * sizeof(T)));
    }
  }
  return Status::Ok();
}

template <typename T>
Status TreeSum::ReceiveTerms(Part<T>* part) {
  const Chunk chunk = ChunkOf(exchange_->rank(), exchange_->size(), part->out.size());
  const size_t needed = nodes_.size() * chunk.size();
  if (part->capacity < needed) {
    part->buffer.reset(new T[needed]);  // not filled: room for own terms is often never touched
    part->capacity = needed;
  }
  part->at.clear();
  for (size_t term = 0; term < sources_.size(); ++term) {
    const auto [rank, row] = sources_[term];
    if (rank == exchange_->rank()) {
      part->at.push_back(chunk.size() == 0 ? nullptr : part->mine.row(row) + chunk.begin);
      continue;
    }
    T* slot = part->buffer.get() + term * chunk.size();
    part->at.push_back(slot);
    if (chunk.size() == 0) continue;
    RETURN_IF_ERROR(exchange_->Receive(rank, slot, chunk.size() * sizeof(T)));
  }
  return Status::Ok();
}

// The sum of this rank's chunk over all terms, into part->out. Partial sums lie in the buffer, at
// the place of their first term; the last addition writes the result.
template <typename T>
void TreeSum::Reduce(Part<T>* part) {
  const Chunk chunk = ChunkOf(exchange_->rank(), exchange_->size(), part->out.size());
  T* const out = part->out.data() + chunk.begin;
  const uint32_t grains = headers_[exchange_->rank()].grains;
  const auto terms = static_cast<uint32_t>(nodes_.size());
  if (terms == 0) std::fill_n(out, chunk.size(), T(0));
  if (terms == 1 && chunk.size() > 0) std::memcpy(out, part->at[0], chunk.size() * sizeof(T));
  if (terms <= 1) return;
  std::vector<const T*>& at = part->at;
  for (size_t begin = 0; begin < chunk.size(); begin += kBlock) {
    const size_t n = std::min(kBlock, chunk.size() - begin);
    uint32_t additions_left = terms - 1;
    ReduceAlongTree(nodes_, grains, [&](uint32_t into, uint32_t from) {
      T* const slot = part->buffer.get() + into * chunk.size() + begin;
      T* const target = --additions_left == 0 ? out + begin : slot;
      if (at[into] == target) {
        AddInto(target, at[from], n);
      } else {
        AddTwo(target, at[into], at[from], n);
      }
      at[into] = target;
    });
    for (uint32_t term = 0; term < terms; ++term) {
      const auto [rank, row] = sources_[term];
      const size_t next = begin + n;
      at[term] = rank == exchange_->rank() ? part->mine.row(row) + chunk.begin + next
                                           : part->buffer.get() + term * chunk.size() + next;
    }
  }
}

template <typename T>
Status TreeSum::ShareSums(const Part<T>& part) {
  const uint32_t ranks = exchange_->size();
  const Chunk mine = ChunkOf(exchange_->rank(), ranks, part.out.size());
  for (uint32_t peer = 0; peer < ranks; ++peer) {
    if (peer == exchange_->rank()) continue;
    const Chunk theirs = ChunkOf(peer, ranks, part.out.size());
    if (theirs.size() > 0) {
      RETURN_IF_ERROR(
          exchange_->Receive(peer, part.out.data() + theirs.begin, theirs.size() * sizeof(T)));
    }
    if (mine.size() > 0) {
      RETURN_IF_ERROR(exchange_->Send(peer, part.out.data() + mine.begin, mine.size() * sizeof(T)));
    }
  }
  return Status::Ok();
}

}  // namespace chorus::worker
