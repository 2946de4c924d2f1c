#pragma once
// Sums one vector of floats and one of doubles over the workers' terms along the canonical tree.
//
//   The vector is cut into shares, one per rank. A rank receives its share of every term of every
//   worker, adds them in tree order, and sends the sum to all. Each element is added by one rank in
//   one order: neither the number of ranks nor the cut shows in the bits.
//
// Each worker first sends a header that says which nodes it contributes. So workers need not agree
// beforehand on absent grains, and sizes that differ are an error instead of a wait. Buffers are
// kept from sum to sum.
// Thread safety: one thread per rank.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "common/status.h"
#include "common/tree.h"
#include "worker/collective/exchange.h"
#include "worker/collective/sum_traffic.h"

namespace chorus::worker {

class TreeSum {
 public:
  // Any range inside 2^k grains has at most 2 k nodes.
  static constexpr uint32_t kMaxNodes = 64;
  static constexpr size_t kHeaderBytes = 24 + kMaxNodes * sizeof(TreeNode);

  explicit TreeSum(Exchange* exchange);  // must outlive this object

  // The contract of Collective::BeginTreeSum / FinishTreeSum.
  Status Begin(const TreeTerms& terms, uint32_t grains, std::span<float> floats_out,
               std::span<double> doubles_out);
  Status Finish(Deadline deadline);

  const SumTraffic& traffic() const { return traffic_; }  // sent so far

 private:
  struct Header {
    uint64_t floats = 0;
    uint64_t doubles = 0;
    uint32_t grains = 0;
    uint32_t count = 0;
    TreeNode nodes[kMaxNodes];
  };

  // A term: the worker that has it, and the worker's row.
  struct Source {
    uint32_t rank;
    uint32_t row;
  };

  // What one element type needs.
  template <typename T>
  struct Part {
    MatrixView<const T> mine;
    std::span<T> out;
    std::unique_ptr<T[]> buffer;  // [terms, own share]: received terms, and room for partial sums
    size_t capacity = 0;          // elements of buffer
    std::vector<const T*> at;     // [terms], where a term or its partial sum is
  };

  Status Send(uint32_t peer, const void* data, size_t bytes);
  static std::string Describe(const Header& header);
  Status CheckHeaders();
  template <typename T>
  Status SendTerms(const Part<T>& part);
  template <typename T>
  Status ReceiveTerms(Part<T>* part);
  template <typename T>
  void Reduce(Part<T>* part);
  template <typename T>
  Status SendSums(const Part<T>& part);

  Exchange* const exchange_;
  std::vector<Header> headers_;  // [ranks]
  std::vector<TreeNode> nodes_;  // of all ranks, in order
  std::vector<Source> sources_;  // [nodes_]
  Part<float> floats_;
  Part<double> doubles_;
  SumTraffic traffic_;
};

}  // namespace chorus::worker
