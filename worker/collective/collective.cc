// The collectives over any exchange: tree sum, gather, broadcast, all to all,
// barrier.
#include "worker/collective/collective.h"

#include <utility>

#include "common/check.h"
#include "common/strings.h"
#include "worker/collective/exchange.h"
#include "worker/collective/tree_sum.h"

namespace chorus::worker {
namespace {

// After its first error a collective returns that error from every call: the ranks are no longer in
// step, and the next message that comes could be that of another call.
class ExchangeCollective : public Collective {
 public:
  ExchangeCollective(std::unique_ptr<Exchange> exchange, double deadline_seconds)
      : exchange_(std::move(exchange)),
        deadline_seconds_(deadline_seconds),
        tree_sum_(exchange_.get()) {}

  uint32_t rank() const override { return exchange_->rank(); }
  uint32_t size() const override { return exchange_->size(); }

  Status BeginTreeSum(const TreeTerms& terms, uint32_t grains, std::span<float> floats_out,
                      std::span<double> doubles_out) override {
    CHECK(!summing_, "a tree sum begins before the last one is finished");
    RETURN_IF_ERROR(broken_);
    CHECK(terms.nodes.empty() || (RowsFit(terms.floats, terms.nodes.size(), floats_out.size()) &&
                                  RowsFit(terms.doubles, terms.nodes.size(), doubles_out.size())),
          "terms of a tree sum have the wrong shape");
    summing_ = true;
    return Remember("beginning a tree sum",
                    tree_sum_.Begin(terms, grains, floats_out, doubles_out));
  }

  Status FinishTreeSum() override {
    CHECK(summing_, "no tree sum has begun");
    summing_ = false;
    RETURN_IF_ERROR(broken_);
    return Remember("tree sum", tree_sum_.Finish(NewDeadline()));
  }

  Result<std::vector<std::string>> Gather(const std::string& mine, uint32_t root) override {
    CHECK(!summing_ && root < size(), "root=", root);
    RETURN_IF_ERROR(broken_);
    std::vector<std::string> all;
    RETURN_IF_ERROR(Remember("gather", DoGather(mine, root, &all)));
    return all;
  }

  Result<std::string> Broadcast(const std::string& bytes, uint32_t root) override {
    CHECK(!summing_ && root < size(), "root=", root);
    RETURN_IF_ERROR(broken_);
    std::string out = rank() == root ? bytes : std::string();
    RETURN_IF_ERROR(Remember("broadcast", DoBroadcast(&out, root)));
    return out;
  }

  Result<std::vector<std::string>> AllToAll(std::vector<std::string> to) override {
    CHECK(!summing_ && to.size() == size(), "to=", to.size());
    RETURN_IF_ERROR(broken_);
    dealt_ = {std::move(to), std::vector<std::string>(size()), std::vector<uint64_t>(size()),
              std::vector<uint64_t>(size())};
    RETURN_IF_ERROR(Remember("all to all", DoAllToAll(&dealt_)));
    Dealt dealt = std::exchange(dealt_, {});
    dealt.from[rank()] = std::move(dealt.to[rank()]);
    return std::move(dealt.from);
  }

  Status Barrier() override {
    CHECK(!summing_, "a barrier inside a tree sum");
    RETURN_IF_ERROR(broken_);
    return Remember("barrier", DoBarrier());
  }

  void GiveUpTreeSum() override {
    if (!std::exchange(summing_, false)) return;
    exchange_->Withdraw();
    if (broken_.ok()) broken_ = Aborted("a tree sum was given up");
  }

  SumTraffic sum_traffic() const override { return tree_sum_.traffic(); }

  void Abort(const std::string& why) override { exchange_->Abort(why); }

 private:
  // The memory of an all to all. [ranks] each.
  struct Dealt {
    std::vector<std::string> to, from;
    std::vector<uint64_t> to_bytes, from_bytes;
  };

  template <typename T>
  static bool RowsFit(const MatrixView<const T>& rows, size_t nodes, size_t n) {
    return n == 0 ||
           (rows.rows == static_cast<int64_t>(nodes) && rows.cols == static_cast<int64_t>(n));
  }

  Deadline NewDeadline() const {
    return std::chrono::steady_clock::now() +
           std::chrono::duration_cast<std::chrono::steady_clock::duration>(
               std::chrono::duration<double>(deadline_seconds_));
  }

  Status Remember(std::string_view what, const Status& status) {
    if (!status.ok()) broken_ = status.Annotate(what);
    return broken_;
  }

  // Sizes first: only then does the root know what to receive.
  Status DoGather(const std::string& mine, uint32_t root, std::vector<std::string>* all) {
    const Deadline deadline = NewDeadline();
    const uint64_t bytes = mine.size();
    if (rank() != root) {
      RETURN_IF_ERROR(exchange_->Send(root, &bytes, sizeof(bytes)));
      RETURN_IF_ERROR(exchange_->Send(root, mine.data(), mine.size()));
      return exchange_->WaitAll(deadline);
    }
    std::vector<uint64_t> sizes(size(), bytes);
    for (uint32_t peer = 0; peer < size(); ++peer) {
      if (peer != root) RETURN_IF_ERROR(exchange_->Receive(peer, &sizes[peer], sizeof(uint64_t)));
    }
    RETURN_IF_ERROR(exchange_->WaitReceives(deadline));
    all->resize(size());
    (*all)[root] = mine;
    for (uint32_t peer = 0; peer < size(); ++peer) {
      if (peer == root) continue;
      (*all)[peer].resize(sizes[peer]);
      RETURN_IF_ERROR(exchange_->Receive(peer, (*all)[peer].data(), sizes[peer]));
    }
    return exchange_->WaitAll(deadline);
  }

  Status DoBroadcast(std::string* bytes, uint32_t root) {
    const Deadline deadline = NewDeadline();
    uint64_t length = bytes->size();
    if (rank() != root) {
      RETURN_IF_ERROR(exchange_->Receive(root, &length, sizeof(length)));
      RETURN_IF_ERROR(exchange_->WaitReceives(deadline));
      bytes->resize(length);
      RETURN_IF_ERROR(exchange_->Receive(root, bytes->data(), length));
      return exchange_->WaitAll(deadline);
    }
    for (uint32_t peer = 0; peer < size(); ++peer) {
      if (peer == root) continue;
      RETURN_IF_ERROR(exchange_->Send(peer, &length, sizeof(length)));
      RETURN_IF_ERROR(exchange_->Send(peer, bytes->data(), length));
    }
    return exchange_->WaitAll(deadline);
  }

  // As in a gather sizes come first. Both waits name exactly those that are missing.
  Status DoAllToAll(Dealt* dealt) {
    const Deadline deadline = NewDeadline();
    for (uint32_t peer = 0; peer < size(); ++peer) {
      if (peer == rank()) continue;
      dealt->to_bytes[peer] = dealt->to[peer].size();
      RETURN_IF_ERROR(exchange_->Receive(peer, &dealt->from_bytes[peer], sizeof(uint64_t)));
      RETURN_IF_ERROR(exchange_->Send(peer, &dealt->to_bytes[peer], sizeof(uint64_t)));
    }
    RETURN_IF_ERROR(exchange_->WaitAll(deadline));
    for (uint32_t peer = 0; peer < size(); ++peer) {
      if (peer == rank()) continue;
      std::string& from = dealt->from[peer];
      from.resize(dealt->from_bytes[peer]);
      RETURN_IF_ERROR(exchange_->Receive(peer, from.data(), from.size()));
      RETURN_IF_ERROR(exchange_->Send(peer, dealt->to[peer].data(), dealt->to[peer].size()));
    }
    return exchange_->WaitAll(deadline);
  }

  // Everybody tells everybody, so that each rank can name exactly those that are missing.
  Status DoBarrier() {
    const char here = 1;
    std::vector<char> heard(size());
    for (uint32_t peer = 0; peer < size(); ++peer) {
      if (peer == rank()) continue;
      RETURN_IF_ERROR(exchange_->Receive(peer, &heard[peer], 1));
      RETURN_IF_ERROR(exchange_->Send(peer, &here, 1));
    }
    return exchange_->WaitAll(NewDeadline());
  }

  // After an all to all that has failed sends may still read it: MPI cannot take them back. Hence it
  // outlives the exchange.
  Dealt dealt_;
  const std::unique_ptr<Exchange> exchange_;
  const double deadline_seconds_;
  TreeSum tree_sum_;
  Status broken_;
  bool summing_ = false;
};

}  // namespace

std::unique_ptr<Collective> NewExchangeCollective(std::unique_ptr<Exchange> exchange,
                                                  double deadline_seconds) {
  return std::make_unique<ExchangeCollective>(std::move(exchange), deadline_seconds);
}

std::vector<std::unique_ptr<Collective>> NewLocalCollectives(uint32_t size,
                                                             double deadline_seconds) {
  std::vector<std::unique_ptr<Collective>> collectives;
  for (auto& exchange : NewLocalExchanges(size)) {
    collectives.push_back(NewExchangeCollective(std::move(exchange), deadline_seconds));
  }
  return collectives;
}

// A group of one never waits, hence any deadline.
std::unique_ptr<Collective> NewSingleCollective() {
  return std::move(NewLocalCollectives(1, 1.0).front());
}

Status MissingRanks(uint32_t rank, const std::vector<char>& missing,
                    const std::vector<std::string>& nodes) {
  std::vector<std::string> names;
  for (size_t i = 0; i < missing.size(); ++i) {
    if (missing[i]) names.push_back(nodes.empty() ? StrCat(i) : StrCat(i, " on ", nodes[i]));
  }
  return DeadlineExceeded(StrCat("worker ", rank, " of ", missing.size(),
                                 " waited in vain for worker", names.size() == 1 ? " " : "s ",
                                 Join(names, ", ")));
}

}  // namespace chorus::worker
