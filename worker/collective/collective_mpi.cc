// Ranks as processes: the exchange over MPI's point-to-point messages.
#include <mpi.h>

#include <algorithm>

#include "common/backoff.h"
#include "common/check.h"
#include "common/mpi_status.h"
#include "common/mutex.h"
#include "worker/collective/exchange.h"

namespace chorus::worker {
namespace {

constexpr int kTag = 0x43;                       // one tag: order alone tells messages apart
constexpr size_t kMaxMessage = size_t{1} << 30;  // MPI counts in int: longer ones travel in parts

// Requests under way, with the rank at the other end of each.
class Requests {
 public:
  MPI_Request* Add(uint32_t peer) {
    peers_.push_back(peer);
    requests_.push_back(MPI_REQUEST_NULL);
    return &requests_.back();
  }

  // One round of progress; whether all are complete (and forgotten).
  Status Poll(bool* done) {
    int flag = 1;
    RETURN_IF_ERROR(CheckMpi(MPI_Testall(static_cast<int>(requests_.size()), requests_.data(),
                                         &flag, MPI_STATUSES_IGNORE),
                             "MPI_Testall"));
    *done = flag != 0;
    if (*done) Forget();
    return Status::Ok();
  }

  void MarkMissing(std::vector<char>* missing) {
    for (size_t i = 0; i < requests_.size(); ++i) {
      int flag = 0;
      if (MPI_Test(&requests_[i], &flag, MPI_STATUS_IGNORE) != MPI_SUCCESS || flag == 0) {
        (*missing)[peers_[i]] = 1;
      }
    }
  }

  // Takes receives back, so that their memory may be freed. A send cannot be taken back: it ends
  // when MPI has finished it, or with the job.
  void Cancel(bool receives) {
    for (MPI_Request& request : requests_) {
      if (request == MPI_REQUEST_NULL) continue;
      if (receives) MPI_Cancel(&request);
      MPI_Request_free(&request);
    }
    Forget();
  }

 private:
  void Forget() {
    requests_.clear();
    peers_.clear();
  }

  std::vector<MPI_Request> requests_;
  std::vector<uint32_t> peers_;
};

// The machines of the ranks, which each rank tells all others when it begins: a deadline's message
// must name the machine of a rank that does not answer any more.
class NodeNames {
 public:
  NodeNames(MPI_Comm communicator, uint32_t size)
      : own_(new char[MPI_MAX_PROCESSOR_NAME]()),
        all_(new char[size_t{size} * MPI_MAX_PROCESSOR_NAME]()),
        size_(size) {
    int length = 0;
    MPI_Get_processor_name(own_.get(), &length);
    MPI_Iallgather(own_.get(), MPI_MAX_PROCESSOR_NAME, MPI_CHAR, all_.get(), MPI_MAX_PROCESSOR_NAME,
                   MPI_CHAR, communicator, &request_);
  }
  ~NodeNames() {
    if (IsComplete()) return;
    // A rank never began: the job is failing, and MPI keeps the memory.
    static_cast<void>(own_.release());
    static_cast<void>(all_.release());
  }
  NodeNames(const NodeNames&) = delete;

  // [ranks]; empty while some rank has not begun.
  std::vector<std::string> Get() {
    std::vector<std::string> names;
    if (!IsComplete()) return names;
    for (size_t r = 0; r < size_; ++r) names.emplace_back(&all_[r * MPI_MAX_PROCESSOR_NAME]);
    return names;
  }

 private:
  bool IsComplete() {
    int flag = 0;
    return MPI_Test(&request_, &flag, MPI_STATUS_IGNORE) == MPI_SUCCESS && flag != 0;
  }

  std::unique_ptr<char[]> own_, all_;
  const size_t size_;
  MPI_Request request_ = MPI_REQUEST_NULL;
};

class MpiExchange : public Exchange {
 public:
  explicit MpiExchange(MPI_Comm communicator) : communicator_(communicator) {
    int rank = 0;
    int size = 1;
    MPI_Comm_set_errhandler(communicator_, MPI_ERRORS_RETURN);
    CHECK(MPI_Comm_rank(communicator_, &rank) == MPI_SUCCESS, "no communicator");
    CHECK(MPI_Comm_size(communicator_, &size) == MPI_SUCCESS, "no communicator");
    rank_ = static_cast<uint32_t>(rank);
    size_ = static_cast<uint32_t>(size);
    names_ = std::make_unique<NodeNames>(communicator_, size_);
  }
  ~MpiExchange() override { Withdraw(); }

  uint32_t rank() const override { return rank_; }
  uint32_t size() const override { return size_; }

  Status Send(uint32_t to, const void* data, size_t bytes) override {
    size_t begin = 0;
    do {
      const size_t part = std::min(kMaxMessage, bytes - begin);
      RETURN_IF_ERROR(
          CheckMpi(MPI_Isend(static_cast<const char*>(data) + begin, static_cast<int>(part),
                             MPI_BYTE, static_cast<int>(to), kTag, communicator_, sends_.Add(to)),
                   "MPI_Isend"));
      begin += part;
    } while (begin < bytes);
    return Status::Ok();
  }

  Status Receive(uint32_t from, void* data, size_t bytes) override {
    size_t begin = 0;
    do {
      const size_t part = std::min(kMaxMessage, bytes - begin);
      RETURN_IF_ERROR(
          CheckMpi(MPI_Irecv(static_cast<char*>(data) + begin, static_cast<int>(part), MPI_BYTE,
                             static_cast<int>(from), kTag, communicator_, receives_.Add(from)),
                   "MPI_Irecv"));
      begin += part;
    } while (begin < bytes);
    return Status::Ok();
  }

  Status WaitReceives(Deadline deadline) override { return Wait(deadline, false); }
  Status WaitAll(Deadline deadline) override { return Wait(deadline, true); }

  void Withdraw() override {
    receives_.Cancel(true);
    sends_.Cancel(false);
  }

  void Abort(const std::string& why) override {
    MutexLock lock(mutex_);
    if (aborted_.ok()) aborted_ = Aborted(why);
  }

 private:
  Status Wait(Deadline deadline, bool sends_too) {
    const Status status = WaitUntilDone(deadline, sends_too);
    if (!status.ok()) Withdraw();
    return status;
  }

  Status WaitUntilDone(Deadline deadline, bool sends_too) {
    Backoff backoff;
    while (true) {
      bool received = false;
      bool sent = false;
      RETURN_IF_ERROR(CheckNotAborted());
      RETURN_IF_ERROR(receives_.Poll(&received));
      RETURN_IF_ERROR(sends_.Poll(&sent));
      if (received && (sent || !sends_too)) return Status::Ok();
      if (std::chrono::steady_clock::now() >= deadline) break;
      backoff.Pause();
    }
    std::vector<char> missing(size_);
    receives_.MarkMissing(&missing);
    if (sends_too) sends_.MarkMissing(&missing);
    return MissingRanks(rank_, missing, names_->Get());
  }

  Status CheckNotAborted() {
    MutexLock lock(mutex_);
    return aborted_;
  }

  const MPI_Comm communicator_;
  uint32_t rank_ = 0;
  uint32_t size_ = 1;
  std::unique_ptr<NodeNames> names_;
  Requests receives_;
  Requests sends_;
  Mutex mutex_;
  Status aborted_ GUARDED_BY(mutex_);
};

}  // namespace

std::unique_ptr<Collective> NewMpiCollective(void* communicator, double deadline_seconds) {
  return NewExchangeCollective(std::make_unique<MpiExchange>(*static_cast<MPI_Comm*>(communicator)),
                               deadline_seconds);
}

}  // namespace chorus::worker
