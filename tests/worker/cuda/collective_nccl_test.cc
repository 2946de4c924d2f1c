// Sums among devices (tested_device.h): the host's bits on any number of them, ordered with what
// the devices compute, and an error in time where a worker or a call fails. Workers are threads.

#include <cuda_runtime.h>
#include <gtest/gtest.h>

#include <barrier>
#include <chrono>
#include <functional>
#include <thread>

#include "common/strings.h"
#include "tests/support/cuda_host/emulation.h"
#include "tests/worker/collective/collective_checks.h"
#include "tests/worker/cuda/device_testing.h"
#include "worker/device/device_collective.h"

namespace chorus::worker::testing {
namespace {

using testing::GrainVectors;
using testing::PlainTreeSum;
using testing::RandomGrains;
using testing::SameBits;

struct Case {
  uint32_t workers;
  uint32_t grains;
  size_t n;
  int64_t bucket;
  bool reproducible = true;
  double deadline_seconds = 60;
};

// One worker: its device, and the sums over its nodes in the device's memory.
class Worker {
 public:
  Worker(const Case& c, const GrainVectors<float>& grains, const std::string& id, uint32_t rank)
      : case_(c) {
    DeviceOptions device_options;
    device_options.index = static_cast<int>(rank);
    device_options.rank = rank;
    device_ = std::move(OpenTestedDevice(device_options)).value();
    DeviceArrays arrays(device_.get());
    options_.id = id;
    options_.rank = rank;
    options_.grains = c.grains;
    for (uint32_t w = 0; w < c.workers; ++w) {
      options_.nodes.push_back(MaximalNodes(GrainsOfWorker(w, c.workers, c.grains)));
    }
    for (const TreeNode& node : options_.nodes[rank]) {
      options_.terms.push_back(arrays.Put(PlainTreeSum(grains, node.begin, node.size)));
    }
    sum_ = arrays.Put(std::vector<float>(c.n, -7));
    options_.sum = sum_;
    options_.n = static_cast<int64_t>(c.n);
    options_.reproducible = c.reproducible;
    options_.bucket = c.bucket;
    options_.deadline_seconds = c.deadline_seconds;
  }

  Status Open() {
    ASSIGN_OR_RETURN(collective_, device_->OpenCollective(options_));
    return Status::Ok();
  }
  // The upper half, then the lower one, as a backward pass does.
  Status Sum() {
    const auto n = static_cast<int64_t>(case_.n);
    RETURN_IF_ERROR(collective_->BeginSum(n / 2, n));
    RETURN_IF_ERROR(collective_->BeginSum(0, n / 2));
    RETURN_IF_ERROR(collective_->Join());
    return device_->Synchronize();
  }
  std::vector<float> sum() { return DeviceArrays(device_.get()).Get(sum_, case_.n); }
  Device& device() { return *device_; }
  void EndDevice() { device_ = nullptr; }
  DeviceCollective& collective() { return *collective_; }
  float* term(size_t i) { return const_cast<float*>(options_.terms[i]); }
  float* sum_memory() { return sum_; }

 private:
  const Case case_;
  DeviceCollectiveOptions options_;
  float* sum_ = nullptr;
  std::unique_ptr<Device> device_;
  DeviceCollective* collective_ = nullptr;  // the device's
};

class NcclCollectiveTest : public ::testing::Test {
 protected:
  NcclCollectiveTest() { cuda_host::SetDevices(8); }
  ~NcclCollectiveTest() override {
    cuda_host::SetDevices(1);
    cuda_host::SetAsynchronous(false);
    EXPECT_EQ(cuda_host::ReadLiveObjects(), cuda_host::LiveObjects());
  }

  void SetUp() override { NEEDS_NCCL(); }

  // Every worker in a thread of its own, with a device of its own; nothing where there are fewer.
  void OnWorkers(const Case& c, const std::function<void(Worker&, uint32_t)>& run) {
    if (c.workers > TestedDevices()) return;
    grains_ = RandomGrains<float>(c.grains, c.n, 17);
    const std::string id = OpenTestDevice()->NewCollectiveId().value();
    std::vector<std::jthread> threads;
    for (uint32_t rank = 0; rank < c.workers; ++rank) {
      threads.emplace_back([&, rank] {
        Worker worker(c, grains_, id, rank);
        run(worker, rank);
      });
    }
  }

  GrainVectors<float> grains_;  // of the last OnWorkers
};

TEST_F(NcclCollectiveTest, AnyNumberOfDevicesSumsToTheBitsOfTheHost) {
  for (const uint32_t workers : {1u, 2u, 3u, 4u, 8u}) {
    for (const auto& [n, bucket] :
         {std::pair<size_t, int64_t>(1, 10), {1000, 1 << 20}, {5003, 777}}) {
      OnWorkers({workers, 8, n, bucket}, [&](Worker& worker, uint32_t rank) {
        ASSERT_TRUE(worker.Open().ok());
        for (int step = 0; step < 2; ++step) {
          const Status status = worker.Sum();
          ASSERT_TRUE(status.ok()) << status.ToString();
          EXPECT_TRUE(SameBits(worker.sum(), PlainTreeSum(grains_, 0, 8)))
              << rank << " of " << workers << ", n=" << worker.sum().size();
        }
      });
    }
  }
}

TEST_F(NcclCollectiveTest, AWorkerWithoutGrainsGetsTheSum) {
  for (const bool reproducible : {true, false}) {
    OnWorkers({3, 2, 100, 64, reproducible}, [&](Worker& worker, uint32_t) {
      ASSERT_TRUE(worker.Open().ok());
      ASSERT_TRUE(worker.Sum().ok());
      ExpectClose(worker.sum(), PlainTreeSum(grains_, 0, 2), 1e-6);
    });
  }
}

TEST_F(NcclCollectiveTest, TheFastSumIsOneCallABucketAndTheSameOnEveryDevice) {
  NEEDS_EMULATION();
  std::vector<std::vector<float>> sums(3);
  cuda_host::ResetCounters();
  OnWorkers({3, 8, 1000, 300, false}, [&](Worker& worker, uint32_t rank) {
    ASSERT_TRUE(worker.Open().ok());
    ASSERT_TRUE(worker.Sum().ok());
    sums[rank] = worker.sum();
  });
  EXPECT_EQ(cuda_host::ReadCounters().calls.at("ncclAllReduce"), 3u * (1 + 2 + 2));
  ExpectClose(sums[0], PlainTreeSum(grains_, 0, 8), 1e-4);
  EXPECT_TRUE(SameBits(sums[1], sums[0]));
  EXPECT_TRUE(SameBits(sums[2], sums[0]));
}

// Streams are threads: without an event between them a sum would read too early, or be read.
TEST_F(NcclCollectiveTest, SumsAreOrderedWithWhatTheDeviceComputes) {
  cuda_host::SetAsynchronous(true);
  constexpr size_t kN = 20000;
  OnWorkers({2, 2, kN, 5000}, [&](Worker& worker, uint32_t rank) {
    ASSERT_TRUE(worker.Open().ok());
    for (int step = 1; step <= 5; ++step) {
      const MatrixView<float> term(worker.term(0), 1, kN), sum(worker.sum_memory(), 1, kN);
      worker.device().Fill(static_cast<float>(rank + 1) * static_cast<float>(step), term);
      ASSERT_TRUE(worker.collective().BeginSum(0, kN).ok());
      ASSERT_TRUE(worker.collective().Join().ok());
      worker.device().Copy(sum, term);
      worker.device().Fill(-1, sum);
      EXPECT_EQ(DeviceArrays(&worker.device()).Get(worker.term(0), kN),
                std::vector<float>(kN, 3.0f * static_cast<float>(step)));
    }
  });
}

double SecondsOf(const std::function<void()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

TEST_F(NcclCollectiveTest, AWorkerThatDoesNotComeIsAnErrorAtTheDeadline) {
  cuda_host::SetAsynchronous(true);
  const double seconds = SecondsOf([&] {
    OnWorkers({2, 2, 100, 100, true, 0.2}, [&](Worker& worker, uint32_t rank) {
      if (rank == 1) return;
      const Status status = worker.Open();
      EXPECT_EQ(status.code(), Code::kDeadlineExceeded);
      EXPECT_NE(status.message().find("ncclCommInitRankConfig: no end"), std::string::npos)
          << status.ToString();
    });
    OnWorkers({2, 2, 100, 100, true, 0.2}, [&](Worker& worker, uint32_t rank) {
      const Status opened = worker.Open();
      ASSERT_TRUE(opened.ok()) << opened.ToString();
      if (rank == 1) return std::this_thread::sleep_for(std::chrono::milliseconds(600));
      const Status status = worker.Sum();
      EXPECT_EQ(status.code(), Code::kDeadlineExceeded);
      EXPECT_NE(status.message().find("sums of devices: no end"), std::string::npos)
          << status.ToString();
      EXPECT_NE(status.message().find("within 0.2 s"), std::string::npos);
      EXPECT_EQ(worker.Sum().code(), Code::kDeadlineExceeded) << "and so does every later one";
    });
  });
  EXPECT_LT(seconds, 10);
}

TEST_F(NcclCollectiveTest, AtTheDeadlineADeviceSaysWhetherItHangsItself) {
  NEEDS_EMULATION();
  cuda_host::SetAsynchronous(true);
  std::barrier together(2);
  OnWorkers({2, 2, 100, 100, true, 0.3}, [&](Worker& worker, uint32_t rank) {
    ASSERT_TRUE(worker.Open().ok());
    together.arrive_and_wait();
    if (rank == 1) {
      cuda_host::HangKernel(1);
      worker.device().Fill(1, {worker.term(0), 1, 1});
    }
    together.arrive_and_wait();
    // The next sum begins behind the one that hangs, as the next step's does.
    DeviceCollective& collective = worker.collective();
    ASSERT_TRUE(collective.BeginSum(0, 100).ok() && collective.Join().ok());
    ASSERT_TRUE(collective.BeginSum(50, 100).ok());
    const std::string message = worker.device().Synchronize().ToString();
    EXPECT_NE(message.find(rank == 1 ? "sums of devices: this device itself has not finished what "
                                       "it computes within 0.3 s: it hangs"
                                     : "sums of devices: no end"),
              std::string::npos)
        << message;
    EXPECT_EQ(
        message.find("this device has done its part, another worker's has not") != message.npos,
        rank == 0)
        << message;
    // Its end neither waits for the device nor for the others.
    worker.EndDevice();
    together.arrive_and_wait();
    cuda_host::ReleaseKernel();
  });
  cuda_host::ForgetLiveObjects();
}

// Copies from and to memory that is not page-locked wait inside CUDA, where there is no deadline.
TEST_F(NcclCollectiveTest, ACopyBehindASumThatAWorkerHasLeftEndsAtTheDeadline) {
  cuda_host::SetAsynchronous(true);
  for (const bool to_host : {true, false}) {
    OnWorkers({2, 2, 100, 100, true, 1.0}, [&](Worker& worker, uint32_t rank) {
      const Status opened = worker.Open();
      ASSERT_TRUE(opened.ok()) << opened.ToString();
      if (rank == 1) return std::this_thread::sleep_for(std::chrono::milliseconds(2500));
      ASSERT_TRUE(worker.collective().BeginSum(0, 100).ok());
      ASSERT_TRUE(worker.collective().Join().ok());
      std::vector<float> host(100);
      Device& device = worker.device();
      const Status status = to_host ? device.Download(worker.sum_memory(), host.data(), 400)
                                    : device.Upload(host.data(), worker.sum_memory(), 400);
      EXPECT_EQ(status.code(), Code::kDeadlineExceeded) << status.ToString();
    });
  }
}

// It waits only where it must: once a bucket, for the terms that it adds, and not for the sums that
// it sends back.
TEST_F(NcclCollectiveTest, TheHostDoesNotWaitForTheLastMessagesOfASum) {
  NEEDS_EMULATION();
  cuda_host::SetAsynchronous(true);
  const Case c = {2, 2, 100, 100};
  const GrainVectors<float> grains = RandomGrains<float>(2, c.n, 17);
  const std::string id = OpenTestDevice()->NewCollectiveId().value();
  Worker workers[] = {Worker(c, grains, id, 0), Worker(c, grains, id, 1)};
  {
    const std::jthread other([&] { EXPECT_TRUE(workers[1].Open().ok()); });
    EXPECT_TRUE(workers[0].Open().ok());
  }
  const auto polls_of = [&](const std::function<Status(Worker&)>& call) {
    cuda_host::ResetCounters();
    for (Worker& worker : workers) EXPECT_TRUE(call(worker).ok());
    return cuda_host::ReadCounters().calls["ncclCommGetAsyncError"] / 2;
  };
  constexpr uint64_t kGroup = 2;  // of the emulation, until a group is enqueued
  EXPECT_EQ(polls_of([](Worker& w) { return w.collective().BeginSum(50, 100); }), kGroup);
  EXPECT_EQ(polls_of([](Worker& w) { return w.collective().BeginSum(0, 50); }), 2 * kGroup);
  EXPECT_EQ(polls_of([](Worker& w) { return w.collective().Join(); }), kGroup);
  for (Worker& worker : workers) {
    EXPECT_TRUE(worker.device().Synchronize().ok());
    EXPECT_TRUE(SameBits(worker.sum(), PlainTreeSum(grains, 0, 2)));
  }
}

// CUDA keeps "not ready" as the last error, which others, NCCL for one, would take for their own.
TEST_F(NcclCollectiveTest, AWaitLeavesNoErrorBehind) {
  NEEDS_EMULATION();
  cuda_host::SetAsynchronous(true);
  OnWorkers({2, 2, 100, 100}, [&](Worker& worker, uint32_t rank) {
    ASSERT_TRUE(worker.Open().ok());
    if (rank == 1) std::this_thread::sleep_for(std::chrono::milliseconds(50));
    ASSERT_TRUE(worker.Sum().ok());
    EXPECT_EQ(cudaGetLastError(), cudaSuccess);
  });
}

// A worker that has failed for another reason takes its device down while a sum waits for a peer.
TEST_F(NcclCollectiveTest, ADeviceEndsWhileASumWaits) {
  cuda_host::SetAsynchronous(true);
  OnWorkers({2, 2, 100, 100}, [&](Worker& worker, uint32_t rank) {
    ASSERT_TRUE(worker.Open().ok());
    if (rank == 1) return std::this_thread::sleep_for(std::chrono::seconds(3));
    ASSERT_TRUE(worker.collective().BeginSum(0, 100).ok());
    ASSERT_TRUE(worker.collective().Join().ok());
  });
}

TEST_F(NcclCollectiveTest, AWorkerThatIsGoneIsAnErrorThatNamesIt) {
  NEEDS_EMULATION();
  cuda_host::SetAsynchronous(true);
  OnWorkers({3, 4, 1000, 1000}, [&](Worker& worker, uint32_t rank) {
    ASSERT_TRUE(worker.Open().ok());
    if (rank == 2) return;
    const Status status = worker.Sum();
    EXPECT_EQ(status.code(), Code::kUnavailable);
    EXPECT_NE(status.message().find(" is gone"), std::string::npos) << status.ToString();
  });
}

class FailingCallTest : public NcclCollectiveTest,
                        public ::testing::WithParamInterface<const char*> {};

// Whichever worker it hits: that one's error names the call, and no worker waits for ever.
TEST_P(FailingCallTest, IsNamedAndEndsTheSumOfAll) {
  NEEDS_EMULATION();
  const std::string call = GetParam();
  const Case c = {2, 4, 1000, 300, true, 0.5};
  const GrainVectors<float> grains = RandomGrains<float>(4, c.n, 17);
  const std::string id = OpenTestDevice()->NewCollectiveId().value();
  for (const uint64_t nth : {1, 3}) {
    std::vector<Status> statuses(2);
    std::vector<std::unique_ptr<Worker>> workers;
    for (uint32_t rank = 0; rank < 2; ++rank) {
      workers.push_back(std::make_unique<Worker>(c, grains, id, rank));
    }
    cuda_host::FailCall(call, nth, 1);
    {
      std::vector<std::jthread> threads;
      for (uint32_t rank = 0; rank < 2; ++rank) {
        threads.emplace_back([&, rank] {
          statuses[rank] = workers[rank]->Open();
          if (statuses[rank].ok()) statuses[rank] = workers[rank]->Sum();
          workers[rank] = nullptr;
        });
      }
    }
    if (cuda_host::ClearFailure()) continue;  // it is not called so often
    const std::string text = StrCat(statuses[0].ToString(), "\n", statuses[1].ToString());
    const std::string shown = call == "cudaLaunchKernelExC" ? "AddTerms" : call;
    EXPECT_NE(text.find(shown), std::string::npos) << text;
    EXPECT_NE(text.find("worker/cuda/"), std::string::npos) << text;
  }
}

INSTANTIATE_TEST_SUITE_P(, FailingCallTest,
                         ::testing::Values("ncclCommInitRankConfig", "ncclCommGetAsyncError",
                                           "ncclGroupStart", "ncclGroupEnd", "ncclSend", "ncclRecv",
                                           "NCCL's work", "cudaDeviceGetStreamPriorityRange",
                                           "cudaStreamCreateWithPriority",
                                           "cudaEventCreateWithFlags", "cudaMalloc",
                                           "cudaMemsetAsync", "cudaMemcpyAsync", "cudaEventRecord",
                                           "cudaStreamWaitEvent", "cudaEventQuery",
                                           "cudaLaunchKernelExC"));

// The fast sum's call; and at the end, where there is nobody to tell.
TEST_F(NcclCollectiveTest, AnAllReduceThatFailsIsNamedAndAFailingEndLeavesNothingBehind) {
  NEEDS_EMULATION();
  cuda_host::FailCall("ncclAllReduce", 1, 3);
  OnWorkers({1, 2, 10, 10, false}, [&](Worker& worker, uint32_t) {
    const Status status = worker.Open();
    EXPECT_NE(status.message().find("ncclAllReduce: internal error"), std::string::npos)
        << status.ToString();
  });
  OnWorkers({1, 2, 10, 10}, [&](Worker& worker, uint32_t) {
    ASSERT_TRUE(worker.Open().ok());
    cuda_host::FailCall("ncclCommFinalize", 1, 3);
  });
  EXPECT_FALSE(cuda_host::ClearFailure());
}

TEST_F(NcclCollectiveTest, AnIdThatCannotBeMadeAndALibraryThatIsMissingAreErrors) {
  NEEDS_EMULATION();
  const std::unique_ptr<Device> device = OpenTestDevice();
  cuda_host::FailCall("ncclGetUniqueId", 1, 2);
  EXPECT_NE(device->NewCollectiveId().status().message().find("ncclGetUniqueId"),
            std::string::npos);
  EXPECT_TRUE(device->CheckCollective().ok());
  cuda_host::SetNccl(false);
  EXPECT_EQ(device->CheckCollective().code(), Code::kNotFound);
  EXPECT_EQ(device->NewCollectiveId().status().code(), Code::kNotFound);
  cuda_host::SetNccl(true);
}

}  // namespace
}  // namespace chorus::worker::testing
