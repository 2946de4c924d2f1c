#include "launch/job/mpi_world.h"

#include <mpi.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <optional>
#include <utility>

#include "common/backoff.h"
#include "common/log.h"
#include "common/mpi_status.h"
#include "common/node_name.h"
#include "common/strings.h"
#include "launch/job/bridges.h"
#include "launch/job/launcher.h"
#include "launch/job/peer_ranks.h"
#include "launch/job/shared_memory.h"
#include "launch/job/watchdog.h"

namespace chorus::launch {
namespace {

using Clock = std::chrono::steady_clock;

#define RETURN_IF_MPI_ERROR(call) RETURN_IF_ERROR(CheckMpi(call, #call))

// By rank among all; empty while they are not known.
using NodeNames = std::shared_ptr<std::vector<std::string>>;

class MpiCommunicator : public Communicator {
 public:
  MpiCommunicator(MPI_Comm comm, bool owned, double deadline_seconds, NodeNames nodes)
      : comm_(comm), owned_(owned), deadline_seconds_(deadline_seconds), nodes_(std::move(nodes)) {
    MPI_Comm_set_errhandler(comm_, MPI_ERRORS_RETURN);
    MPI_Comm_rank(comm_, &rank_);
    MPI_Comm_size(comm_, &size_);
  }
  ~MpiCommunicator() override {
    if (!owned_ || failed_) return;
    const Watchdog watchdog("MPI_Comm_free", deadline_seconds_);
    MPI_Comm_free(&comm_);
  }
  void SetDeadline(double deadline_seconds) { deadline_seconds_ = deadline_seconds; }

  uint32_t rank() const override { return static_cast<uint32_t>(rank_); }
  uint32_t size() const override { return static_cast<uint32_t>(size_); }
  void* handle() override { return &comm_; }

  Result<std::string> Broadcast(const std::string& text, uint32_t root) override {
    // The others give empty texts, so that the gathered text is root's.
    ASSIGN_OR_RETURN(auto all, AllGather(rank() == root ? text : std::string()));
    return std::move(all[root]);
  }

  // Sizes first: only then does anybody know what to receive.
  Result<std::vector<std::string>> AllGather(const std::string& mine) override {
    ASSIGN_OR_RETURN(const std::vector<uint64_t> sizes, SizesOf(mine));
    std::vector<std::string> all(size());
    for (size_t peer = 0; peer < all.size(); ++peer) all[peer].resize(sizes[peer]);
    RETURN_IF_ERROR(TellAll({mine.data(), mine.size()}, "exchanging texts", [&](size_t peer) {
      return Bytes{all[peer].data(), all[peer].size()};
    }));
    all[rank()] = mine;
    return all;
  }

  Result<std::vector<std::string>> Gather(const std::string& mine, uint32_t root) override {
    ASSIGN_OR_RETURN(const std::vector<uint64_t> sizes, SizesOf(mine));
    std::vector<std::string> all(size());
    std::vector<MPI_Request> requests(size(), MPI_REQUEST_NULL);
    for (size_t peer = 0; peer < all.size(); ++peer) {
      if (rank() != root || peer == root) continue;
      all[peer].resize(sizes[peer]);
      RETURN_IF_MPI_ERROR(MPI_Irecv(all[peer].data(), static_cast<int>(sizes[peer]), MPI_BYTE,
                                    static_cast<int>(peer), kTag, comm_, &requests[peer]));
    }
    if (rank() != root) {
      RETURN_IF_MPI_ERROR(MPI_Isend(mine.data(), static_cast<int>(mine.size()), MPI_BYTE,
                                    static_cast<int>(root), kTag, comm_, &requests[root]));
    }
    RETURN_IF_ERROR(Wait(&requests, "gathering texts", nullptr));
    if (rank() == root) all[root] = mine;
    return all;
  }

  Status Barrier() override { return TellAll({}, "a barrier", Nothing); }
  Status BarrierUntil(const std::function<bool()>& give_up) override {
    return TellAll({}, "waiting for the other ranks to finish", Nothing, give_up);
  }

 private:
  struct Bytes {
    void* data = nullptr;
    size_t size = 0;
  };
  struct ConstBytes {
    const void* data = nullptr;
    size_t size = 0;
  };
  static Bytes Nothing(size_t) { return {}; }

  // The offsets of everybody's texts.
  Result<std::vector<uint64_t>> SizesOf(const std::string& mine) {
    const uint64_t bytes = mine.size();
    std::vector<uint64_t> sizes(size(), bytes);
    RETURN_IF_ERROR(
        TellAll({&bytes, sizeof(bytes)}, "exchanging the sizes of texts", [&](size_t peer) {
          return Bytes{&sizes[peer], sizeof(uint64_t)};
        }));
    return sizes;
  }

  // Everybody tells everybody, so that each rank can name exactly those that are missing.
  // into: where a peer's bytes go. give_up: instead of the deadline.
  Status TellAll(ConstBytes mine, const char* what, const std::function<Bytes(size_t peer)>& into,
                 const std::function<bool()>& give_up = nullptr) {
    std::vector<MPI_Request> receives(size(), MPI_REQUEST_NULL), sends(size(), MPI_REQUEST_NULL);
    for (int peer = 0; peer < size_; ++peer) {
      if (peer == rank_) continue;
      const Bytes to = into(static_cast<size_t>(peer));
      RETURN_IF_MPI_ERROR(MPI_Irecv(to.data, static_cast<int>(to.size), MPI_BYTE, peer, kTag, comm_,
                                    &receives[static_cast<size_t>(peer)]));
    }
    for (int peer = 0; peer < size_; ++peer) {
      if (peer == rank_) continue;
      RETURN_IF_MPI_ERROR(MPI_Isend(mine.data, static_cast<int>(mine.size), MPI_BYTE, peer, kTag,
                                    comm_, &sends[static_cast<size_t>(peer)]));
    }
    RETURN_IF_ERROR(Wait(&receives, what, give_up));
    return Wait(&sends, what, give_up);
  }

  // requests: [peer].
  Status Wait(std::vector<MPI_Request>* requests, const char* what,
              const std::function<bool()>& give_up) {
    const auto start = Clock::now();
    const auto waited = [&] { return std::chrono::duration<double>(Clock::now() - start).count(); };
    Backoff backoff;
    while (true) {
      int done = 0;
      RETURN_IF_MPI_ERROR(MPI_Testall(size_, requests->data(), &done, MPI_STATUSES_IGNORE));
      if (done != 0) return Status::Ok();
      if (give_up ? give_up() : waited() > deadline_seconds_) break;
      backoff.Pause();
    }
    const std::string stuck = StuckRanksHere();
    return DeadlineExceeded(StrCat(what, ": ", Missing(requests), " did not come within ",
                                   static_cast<uint64_t>(waited()), " s",
                                   stuck.empty() ? "" : "; " + stuck));
  }

  // "ranks 1, 3": those whose requests are not done. Withdraws these requests, since the job is to
  // end.
  std::string Missing(std::vector<MPI_Request>* requests) {
    failed_ = true;
    std::vector<std::string> names;
    for (size_t peer = 0; peer < requests->size(); ++peer) {
      MPI_Request& request = (*requests)[peer];
      int done = 0;
      MPI_Test(&request, &done, MPI_STATUS_IGNORE);
      if (done != 0) continue;
      const auto rank = static_cast<size_t>(WorldRank(static_cast<int>(peer)));
      names.push_back(rank < nodes_->size() ? StrCat(rank, " on ", (*nodes_)[rank]) : StrCat(rank));
      MPI_Cancel(&request);
      MPI_Request_free(&request);
    }
    return StrCat(names.size() == 1 ? "rank " : "ranks ", Join(names, ", "));
  }

  // The name by which the user knows a rank of this group.
  int WorldRank(int peer) const {
    MPI_Group group = MPI_GROUP_NULL, world = MPI_GROUP_NULL;
    int rank = peer;
    MPI_Comm_group(comm_, &group);
    MPI_Comm_group(MPI_COMM_WORLD, &world);
    MPI_Group_translate_ranks(group, 1, &peer, world, &rank);
    MPI_Group_free(&group);
    MPI_Group_free(&world);
    return rank;
  }

  // The workers' sums have another tag (worker/collective/collective_mpi.cc).
  static constexpr int kTag = 2;
  MPI_Comm comm_;
  const bool owned_;
  double deadline_seconds_;
  const NodeNames nodes_;
  int rank_ = 0;
  int size_ = 1;
  bool failed_ = false;
};

// The group of a process without others.
class LoneCommunicator : public Communicator {
 public:
  uint32_t rank() const override { return 0; }
  uint32_t size() const override { return 1; }
  void* handle() override { return nullptr; }
  Result<std::string> Broadcast(const std::string& text, uint32_t) override { return text; }
  Result<std::vector<std::string>> AllGather(const std::string& mine) override {
    return std::vector<std::string>{mine};
  }
  Status Barrier() override { return Status::Ok(); }
  Status BarrierUntil(const std::function<bool()>&) override { return Status::Ok(); }
};

class LoneWorld : public MpiWorld {
 public:
  Communicator& all() override { return all_; }
  const std::string& node() const override { return node_; }
  void NameNodes(std::vector<std::string>) override {}
  void SetDeadline(double) override {}
  Result<std::unique_ptr<Communicator>> Split(int color) override {
    if (color == kNoGroup) return std::unique_ptr<Communicator>();
    return std::unique_ptr<Communicator>(std::make_unique<LoneCommunicator>());
  }
  void Abort(int code) override { _exit(code); }
  void Fail() override {}

 private:
  LoneCommunicator all_;
  const std::string node_ = NodeName();
};

class RealWorld : public MpiWorld {
 public:
  explicit RealWorld(double deadline_seconds)
      : deadline_seconds_(deadline_seconds),
        all_(std::make_unique<MpiCommunicator>(MPI_COMM_WORLD, false, deadline_seconds, nodes_)) {}
  ~RealWorld() override {
    if (failed_) Abort(1);
    all_.reset();
    const Watchdog watchdog("MPI_Finalize", deadline_seconds_);
    MPI_Finalize();
  }

  Communicator& all() override { return *all_; }
  const std::string& node() const override { return node_; }
  void NameNodes(std::vector<std::string> nodes) override { *nodes_ = std::move(nodes); }
  void SetDeadline(double deadline_seconds) override {
    deadline_seconds_ = deadline_seconds;
    all_->SetDeadline(deadline_seconds);
  }

  // The ranks meet first, with a deadline that names who is missing: MPI's own call names nobody.
  Result<std::unique_ptr<Communicator>> Split(int color) override {
    RETURN_IF_ERROR(all_->Barrier());
    const Watchdog watchdog("MPI_Comm_split", deadline_seconds_);
    MPI_Comm group = MPI_COMM_NULL;
    RETURN_IF_MPI_ERROR(
        MPI_Comm_split(MPI_COMM_WORLD, color == kNoGroup ? MPI_UNDEFINED : color, 0, &group));
    if (group == MPI_COMM_NULL) return std::unique_ptr<Communicator>();
    return std::unique_ptr<Communicator>(
        std::make_unique<MpiCommunicator>(group, true, deadline_seconds_, nodes_));
  }

  void Abort(int code) override {
    const Watchdog watchdog("MPI_Abort", kAbortSeconds);
    MPI_Abort(MPI_COMM_WORLD, code);
    _exit(code);
  }
  void Fail() override { failed_ = true; }

 private:
  static constexpr double kAbortSeconds = 10;
  double deadline_seconds_;
  const std::string node_ = NodeName();
  const NodeNames nodes_ = std::make_shared<std::vector<std::string>>();
  std::unique_ptr<MpiCommunicator> all_;
  bool failed_ = false;
};

}  // namespace

bool MpiWorld::Launched() { return KnowsLauncher(Environment()); }

bool MpiWorld::LaunchedAmongOthers() { return LaunchedProcesses(Environment()) > 1; }

Result<std::unique_ptr<MpiWorld>> MpiWorld::Create(double deadline_seconds) {
  if (!Launched()) return std::unique_ptr<MpiWorld>(std::make_unique<LoneWorld>());
  WarnOfSharedMemory();
  AvoidBridges(OwnAddresses());
  // The trainer's thread sums while a supervising thread may abort.
  int granted = MPI_THREAD_SINGLE;
  std::optional<Watchdog> watchdog;
  watchdog.emplace("MPI_Init", deadline_seconds);
  RETURN_IF_MPI_ERROR(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_MULTIPLE, &granted));
  watchdog.reset();
  if (granted < MPI_THREAD_SERIALIZED) {
    LogWarning("this MPI grants thread level ", granted, ", below SERIALIZED");
  }
  auto world = std::make_unique<RealWorld>(deadline_seconds);
  RETURN_IF_ERROR(RefuseLoneProcess(Environment(), world->all().size()));
  return std::unique_ptr<MpiWorld>(std::move(world));
}

}  // namespace chorus::launch
