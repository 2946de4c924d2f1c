#include "worker/collective/tree_sum.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "common/strings.h"

namespace chorus::worker {
namespace {

// Elements added at a time: partial sums of a tree of terms stay in the cache.
constexpr size_t kBlock = 2048;

template <typename T>
void AddInto(T* __restrict into, const T* __restrict from, size_t n) {
  for (size_t i = 0; i < n; ++i) into[i] += from[i];
}

template <typename T>
void AddTwo(T* __restrict out, const T* __restrict a, const T* __restrict b, size_t n) {
  for (size_t i = 0; i < n; ++i) out[i] = a[i] + b[i];
}

}  // namespace

TreeSum::TreeSum(Exchange* exchange) : exchange_(exchange), headers_(exchange->size()) {
  static_assert(sizeof(Header) == kHeaderBytes);
}

Status TreeSum::Send(uint32_t peer, const void* data, size_t bytes) {
  traffic_ += {1, bytes};
  return exchange_->Send(peer, data, bytes);
}

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
    RETURN_IF_ERROR(Send(peer, &mine, sizeof(Header)));
  }
  RETURN_IF_ERROR(SendTerms(floats_));
  return SendTerms(doubles_);
}

// The order matters: messages between two ranks carry no tag and are matched by their order alone,
// so both sides post headers, then terms of floats, then of doubles, then sums of floats, then of
// doubles. Terms are sent at once (Begin), while the receiver must wait for the headers to know how
// many there are: messages that nobody has asked for yet wait in the exchange.
//
// A rank that is done may begin its next sum while others still receive. Its messages come after
// all of this sum, and its inputs of this sum have been read: WaitAll covers the sends, too.
Status TreeSum::Finish(Deadline deadline) {
  RETURN_IF_ERROR(exchange_->WaitReceives(deadline));
  RETURN_IF_ERROR(CheckHeaders());
  RETURN_IF_ERROR(ReceiveTerms(&floats_));
  RETURN_IF_ERROR(ReceiveTerms(&doubles_));
  RETURN_IF_ERROR(exchange_->WaitReceives(deadline));
  Reduce(&floats_);
  Reduce(&doubles_);
  RETURN_IF_ERROR(SendSums(floats_));
  RETURN_IF_ERROR(SendSums(doubles_));
  return exchange_->WaitAll(deadline);
}

std::string TreeSum::Describe(const Header& header) {
  return StrCat(header.floats, " floats and ", header.doubles, " doubles over ", header.grains,
                " grains");
}

// Gathers all ranks' nodes. The ranks must agree on the sizes, and their nodes must follow each
// other: what a peer says is checked, since ranks that run different configurations would wait for
// messages of other sizes, or add the same grains twice.
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
    const SumShare share = ShareOfSum(peer, exchange_->size(), part.out.size());
    if (peer == exchange_->rank() || share.size() == 0) continue;
    for (uint32_t row = 0; row < count; ++row) {
      RETURN_IF_ERROR(Send(peer, part.mine.row(row) + share.begin, share.size() * sizeof(T)));
    }
  }
  return Status::Ok();
}

template <typename T>
Status TreeSum::ReceiveTerms(Part<T>* part) {
  const SumShare share = ShareOfSum(exchange_->rank(), exchange_->size(), part->out.size());
  const size_t needed = nodes_.size() * share.size();
  if (part->capacity < needed) {
    // Not filled: the room for a rank's own terms is often never touched.
    part->buffer.reset(new T[needed]);
    part->capacity = needed;
  }
  part->at.clear();
  for (size_t term = 0; term < sources_.size(); ++term) {
    const auto [rank, row] = sources_[term];
    if (rank == exchange_->rank()) {
      part->at.push_back(share.size() == 0 ? nullptr : part->mine.row(row) + share.begin);
      continue;
    }
    T* place = part->buffer.get() + term * share.size();
    part->at.push_back(place);
    if (share.size() == 0) continue;
    RETURN_IF_ERROR(exchange_->Receive(rank, place, share.size() * sizeof(T)));
  }
  return Status::Ok();
}

// Puts the sum of this rank's share over all terms into part->out. Partial sums are in the buffer,
// at the place of their first term, and the last addition writes the result. A term is never
// written to, if it is this rank's own: the caller's gradients stay as they are. The terms are
// added block by block, all terms of a block before the next one, so that partial sums stay in the
// cache.
template <typename T>
void TreeSum::Reduce(Part<T>* part) {
  const SumShare share = ShareOfSum(exchange_->rank(), exchange_->size(), part->out.size());
  T* const out = part->out.data() + share.begin;
  const uint32_t grains = headers_[exchange_->rank()].grains;
  const auto terms = static_cast<uint32_t>(nodes_.size());
  if (terms == 0) std::fill_n(out, share.size(), T(0));
  if (terms == 1 && share.size() > 0) std::memcpy(out, part->at[0], share.size() * sizeof(T));
  if (terms <= 1) return;
  std::vector<const T*>& at = part->at;
  for (size_t begin = 0; begin < share.size(); begin += kBlock) {
    const size_t n = std::min(kBlock, share.size() - begin);
    uint32_t additions_left = terms - 1;
    ReduceAlongTree(nodes_, grains, [&](uint32_t into, uint32_t from) {
      T* const place = part->buffer.get() + into * share.size() + begin;
      T* const target = --additions_left == 0 ? out + begin : place;
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
      at[term] = rank == exchange_->rank() ? part->mine.row(row) + share.begin + next
                                           : part->buffer.get() + term * share.size() + next;
    }
  }
}

template <typename T>
Status TreeSum::SendSums(const Part<T>& part) {
  const uint32_t ranks = exchange_->size();
  const SumShare mine = ShareOfSum(exchange_->rank(), ranks, part.out.size());
  for (uint32_t peer = 0; peer < ranks; ++peer) {
    if (peer == exchange_->rank()) continue;
    const SumShare theirs = ShareOfSum(peer, ranks, part.out.size());
    if (theirs.size() > 0) {
      RETURN_IF_ERROR(
          exchange_->Receive(peer, part.out.data() + theirs.begin, theirs.size() * sizeof(T)));
    }
    if (mine.size() > 0) {
      RETURN_IF_ERROR(Send(peer, part.out.data() + mine.begin, mine.size() * sizeof(T)));
    }
  }
  return Status::Ok();
}

}  // namespace chorus::worker
