// The emulated NCCL itself: it moves the right bytes between threads and processes, and waits,
// fails and can be aborted as NCCL does.

#include <gtest/gtest.h>
#include <nccl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <functional>
#include <numeric>
#include <thread>
#include <vector>

#include "tests/support/cuda_host/emulation.h"

namespace chorus::cuda_host {
namespace {

using std::chrono::milliseconds;

// One rank: a communicator, a stream, and arrays of floats on the device.
class Rank {
 public:
  Rank(const ncclUniqueId& id, int rank, int ranks, bool asynchronous = false) : rank_(rank) {
    SetAsynchronous(asynchronous);
    EXPECT_EQ(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), cudaSuccess);
    EXPECT_EQ(cudaEventCreateWithFlags(&event_, cudaEventDisableTiming), cudaSuccess);
    ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
    config.blocking = 0;
    EXPECT_EQ(ncclCommInitRankConfig(&comm, ranks, id, rank, &config), ncclInProgress);
  }
  ~Rank() {
    EXPECT_TRUE(comm == nullptr || ncclCommDestroy(comm) == ncclSuccess);
    EXPECT_EQ(cudaStreamDestroy(stream), cudaSuccess);
    EXPECT_EQ(cudaEventDestroy(event_), cudaSuccess);
    for (void* memory : memory_) EXPECT_EQ(cudaFree(memory), cudaSuccess);
  }

  ncclResult_t Poll() {
    ncclResult_t state = ncclInProgress;
    EXPECT_EQ(ncclCommGetAsyncError(comm, &state), ncclSuccess);
    return state;
  }
  ncclResult_t Settle() {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    ncclResult_t state = Poll();
    for (; state == ncclInProgress; state = Poll()) {
      if (std::chrono::steady_clock::now() > deadline) {
        ADD_FAILURE() << "rank " << rank_ << " waited a minute";
        break;
      }
      std::this_thread::sleep_for(milliseconds(1));
    }
    return state;
  }
  ncclResult_t EndGroup() {
    EXPECT_EQ(ncclGroupEnd(), ncclInProgress);
    return Settle();
  }
  // What the work that has begun came to.
  ncclResult_t Finish() {
    EXPECT_EQ(Settle(), ncclSuccess);
    EXPECT_EQ(cudaStreamSynchronize(stream), cudaSuccess);
    return Poll();
  }
  bool IsIdle() {
    EXPECT_EQ(cudaEventRecord(event_, stream), cudaSuccess);
    return cudaEventQuery(event_) == cudaSuccess;
  }
  void Abort() {
    EXPECT_EQ(ncclCommAbort(comm), ncclSuccess);
    comm = nullptr;
  }

  float* Array(size_t count, float first) {
    std::vector<float> values(count);
    std::iota(values.begin(), values.end(), first);
    void* memory = nullptr;
    EXPECT_EQ(cudaMalloc(&memory, count * sizeof(float) + 4), cudaSuccess);
    memory_.push_back(memory);
    EXPECT_EQ(cudaMemcpyAsync(memory, values.data(), count * sizeof(float), cudaMemcpyHostToDevice,
                              stream),
              cudaSuccess);
    EXPECT_EQ(cudaStreamSynchronize(stream), cudaSuccess);
    return static_cast<float*>(memory);
  }
  std::vector<float> Values(const float* array, size_t count) {
    std::vector<float> values(count);
    EXPECT_EQ(cudaMemcpyAsync(values.data(), array, count * sizeof(float), cudaMemcpyDeviceToHost,
                              stream),
              cudaSuccess);
    EXPECT_EQ(cudaStreamSynchronize(stream), cudaSuccess);
    return values;
  }
  // Send(to, ...), Receive(from, ...): one message of this rank.
  ncclResult_t Send(int to, const float* array, size_t count) {
    return ncclSend(array, count, ncclFloat32, to, comm, stream);
  }
  ncclResult_t Receive(int from, float* array, size_t count) {
    return ncclRecv(array, count, ncclFloat32, from, comm, stream);
  }

  int rank() const { return rank_; }

  ncclComm_t comm = nullptr;
  cudaStream_t stream = nullptr;

 private:
  const int rank_;
  cudaEvent_t event_ = nullptr;
  std::vector<void*> memory_;
};

ncclUniqueId NewId() {
  ncclUniqueId id;
  EXPECT_EQ(ncclGetUniqueId(&id), ncclSuccess);
  return id;
}

// Ranks as threads, each connected and then `run`.
void OnRanks(int ranks, const std::function<void(Rank&)>& run) {
  const ncclUniqueId id = NewId();
  std::vector<std::jthread> threads;
  for (int r = 0; r < ranks; ++r) {
    threads.emplace_back([&, r] {
      Rank rank(id, r, ranks);
      ASSERT_EQ(rank.Settle(), ncclSuccess);
      run(rank);
    });
  }
}

class NcclEmulationTest : public testing::Test {
 protected:
  ~NcclEmulationTest() override {
    SetAsynchronous(false);
    EXPECT_EQ(ReadLiveObjects(), LiveObjects());
  }
};

// Every rank has two messages for every other, of unlike sizes, and asks for them in its own order.
void ExchangeAll(Rank& rank, int ranks) {
  constexpr size_t kCounts[2] = {300'001, 0};
  const auto first_of = [](int from, int to) { return static_cast<float>(from * 10 + to); };
  std::vector<float*> received(static_cast<size_t>(ranks));
  std::vector<float*> sent(received.size());
  for (int p = 0; p < ranks; ++p) {
    received[p] = rank.Array(kCounts[0], -1);
    sent[p] = rank.Array(kCounts[0], first_of(rank.rank(), p));
  }
  ASSERT_EQ(ncclGroupStart(), ncclSuccess);
  for (int step = 1; step < ranks; ++step) {
    const int peer = (rank.rank() + step) % ranks;
    for (const size_t count : kCounts) {
      if (rank.rank() == 0) {
        ASSERT_EQ(rank.Send(peer, sent[peer], count), ncclSuccess);
        ASSERT_EQ(rank.Receive(peer, received[peer], count), ncclSuccess);
      } else {
        ASSERT_EQ(rank.Receive(peer, received[peer], count), ncclSuccess);
        ASSERT_EQ(rank.Send(peer, sent[peer], count), ncclSuccess);
      }
    }
  }
  ASSERT_EQ(rank.EndGroup(), ncclSuccess);
  for (int peer = 0; peer < ranks; ++peer) {
    if (peer == rank.rank()) continue;
    const std::vector<float> values = rank.Values(received[peer], kCounts[0]);
    for (size_t i = 0; i < kCounts[0]; i += 1000) {
      ASSERT_EQ(values[i], first_of(peer, rank.rank()) + static_cast<float>(i)) << peer;
    }
  }
}

TEST_F(NcclEmulationTest, AGroupsMessagesArriveWhateverTheOrderOfItsCalls) {
  OnRanks(3, [](Rank& rank) { ExchangeAll(rank, 3); });
}

TEST_F(NcclEmulationTest, RanksMayBeProcesses) {
#if defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "ThreadSanitizer ends a forked child that starts threads";
#endif
  const ncclUniqueId id = NewId();
  const auto run = [&](int r) {
    Rank rank(id, r, 2);
    ASSERT_EQ(rank.Settle(), ncclSuccess);
    ExchangeAll(rank, 2);
  };
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    run(1);
    _exit(HasFailure() ? 1 : 0);
  }
  run(0);
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST_F(NcclEmulationTest, ASumIsTheSameOnEveryRank) {
  OnRanks(4, [](Rank& rank) {
    constexpr size_t kCount = 1000;
    float* const array = rank.Array(kCount, static_cast<float>(rank.rank()));
    ASSERT_EQ(ncclAllReduce(array, array, kCount, ncclFloat32, ncclSum, rank.comm, rank.stream),
              ncclInProgress);
    ASSERT_EQ(rank.Finish(), ncclSuccess) << ncclGetLastError(rank.comm);
    const std::vector<float> sums = rank.Values(array, kCount);
    for (size_t i = 0; i < kCount; ++i) ASSERT_EQ(sums[i], 4.0f * static_cast<float>(i) + 6.0f);
  });
}

TEST_F(NcclEmulationTest, WorkStartsOnceAPollNoLongerSaysInProgress) {
  OnRanks(2, [](Rank& rank) {
    float* const array = rank.Array(1, static_cast<float>(rank.rank()));
    ASSERT_EQ(rank.rank() == 0 ? rank.Send(1, array, 1) : rank.Receive(0, array, 1),
              ncclInProgress);
    EXPECT_EQ(rank.Send(1 - rank.rank(), array, 1), ncclInvalidUsage) << "while in progress";
    EXPECT_EQ(rank.Poll(), ncclInProgress);
    EXPECT_EQ(rank.Values(array, 1)[0], static_cast<float>(rank.rank()));
    ASSERT_EQ(rank.Settle(), ncclSuccess);
    EXPECT_EQ(rank.Values(array, 1)[0], 0.0f);
  });
}

TEST_F(NcclEmulationTest, AWaitForAPeerThatNeverComesEndsByAbort) {
  const ncclUniqueId id = NewId();
  Rank alone(id, 0, 2);
  std::this_thread::sleep_for(milliseconds(20));
  EXPECT_EQ(alone.Poll(), ncclInProgress);
  alone.Abort();

  const ncclUniqueId other = NewId();
  Rank first(other, 0, 2, true), second(other, 1, 2, true);
  ASSERT_EQ(first.Settle(), ncclSuccess);
  ASSERT_EQ(second.Settle(), ncclSuccess);
  ASSERT_EQ(first.Receive(1, first.Array(8, 0), 8), ncclInProgress);
  ASSERT_EQ(first.Settle(), ncclSuccess);
  std::this_thread::sleep_for(milliseconds(20));
  EXPECT_FALSE(first.IsIdle());
  first.Abort();
  EXPECT_EQ(cudaStreamSynchronize(first.stream), cudaSuccess);
}

// Each waits for the other to take what it sends: only a group lets them meet.
TEST_F(NcclEmulationTest, SendsOutsideOfAGroupWaitForTheirReceivers) {
  const ncclUniqueId id = NewId();
  Rank first(id, 0, 2, true), second(id, 1, 2, true);
  for (Rank* rank : {&first, &second}) {
    ASSERT_EQ(rank->Settle(), ncclSuccess);
    float* const array = rank->Array(1, 0);
    const int peer = 1 - rank->rank();
    ASSERT_EQ(rank->Send(peer, array, 1), ncclInProgress);
    ASSERT_EQ(rank->Settle(), ncclSuccess);
    ASSERT_EQ(rank->Receive(peer, array, 1), ncclInProgress);
    ASSERT_EQ(rank->Settle(), ncclSuccess);
  }
  std::this_thread::sleep_for(milliseconds(30));
  EXPECT_FALSE(first.IsIdle() || second.IsIdle());
  first.Abort();
  second.Abort();
}

TEST_F(NcclEmulationTest, APeerThatIsGoneIsAnAsynchronousError) {
  OnRanks(2, [](Rank& rank) {
    if (rank.rank() == 1) return rank.Abort();
    ASSERT_EQ(rank.Receive(1, rank.Array(1, 0), 1), ncclInProgress);
    EXPECT_EQ(rank.Finish(), ncclRemoteError);
    EXPECT_STREQ(ncclGetLastError(rank.comm), "rank 1 is gone");
    rank.Abort();
  });
}

TEST_F(NcclEmulationTest, MessagesOfUnequalSizesAreAnError) {
  OnRanks(2, [](Rank& rank) {
    float* const array = rank.Array(4, 0);
    if (rank.rank() == 0) {
      ASSERT_EQ(rank.Receive(1, array, 3), ncclInProgress);
      EXPECT_EQ(rank.Finish(), ncclRemoteError);
      EXPECT_STREQ(ncclGetLastError(rank.comm), "rank 1 sends 16 bytes, rank 0 receives 12");
    } else {
      ASSERT_EQ(rank.Send(0, array, 4), ncclInProgress);
      EXPECT_EQ(rank.Finish(), ncclRemoteError);
    }
    rank.Abort();
  });
}

TEST_F(NcclEmulationTest, RefusesMemoryOfTheHostAndRanksThatAreNot) {
  OnRanks(2, [](Rank& rank) {
    std::vector<float> host(4);
    float* const array = rank.Array(4, 0);
    EXPECT_EQ(rank.Send(1 - rank.rank(), host.data(), 4), ncclInvalidArgument);
    EXPECT_EQ(rank.Receive(1 - rank.rank(), array, 1000), ncclInvalidArgument);
    EXPECT_EQ(rank.Send(2, array, 4), ncclInvalidArgument);
    EXPECT_EQ(rank.Send(rank.rank(), array, 4), ncclInvalidArgument);
    EXPECT_EQ(ncclGroupEnd(), ncclInvalidUsage);
    EXPECT_EQ(ncclGroupStart(), ncclSuccess);
    EXPECT_EQ(rank.Send(1 - rank.rank(), array, 4), ncclSuccess);
    EXPECT_EQ(rank.Send(2, array, 4), ncclInvalidArgument);
    EXPECT_EQ(ncclGroupEnd(), ncclInvalidArgument) << "and nothing of the group starts";
  });
}

TEST_F(NcclEmulationTest, CallsAndTheirWorkFailOnDemand) {
  const ncclUniqueId id = NewId();
  FailCall("ncclGetUniqueId", 1, ncclSystemError);
  ncclUniqueId other;
  EXPECT_EQ(ncclGetUniqueId(&other), ncclSystemError);
  Rank rank(id, 0, 1);
  ASSERT_EQ(rank.Settle(), ncclSuccess);
  float* const array = rank.Array(1, 0);
  FailCall("NCCL's work", 1, ncclSystemError);
  ASSERT_EQ(ncclAllReduce(array, array, 1, ncclFloat32, ncclSum, rank.comm, rank.stream),
            ncclInProgress);
  EXPECT_EQ(rank.Finish(), ncclSystemError);
  EXPECT_STREQ(ncclGetLastError(rank.comm), "NCCL's work failed");
}

}  // namespace
}  // namespace chorus::cuda_host
