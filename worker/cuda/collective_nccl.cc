#include "worker/cuda/collective_nccl.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "common/matrix_view.h"
#include "common/strings.h"
#include "worker/cuda/handles.h"
#include "worker/cuda/kernels.h"
#include "worker/cuda/nccl_communicator.h"
#include "worker/cuda/tree_exchange.h"
#include "worker/cuda/wait.h"

namespace chorus::worker::cuda {
namespace {

class NcclCollectiveOnStream final : public NcclCollective {
 public:
  NcclCollectiveOnStream(const DeviceCollectiveOptions& options, const NcclFunctions& nccl,
                         cudaStream_t compute)
      : options_(options), exchange_(options), nccl_(nccl), compute_(compute) {}

  Status Open() override;
  Status BeginSum(int64_t begin, int64_t end) override;
  Status Join() override;
  Status WaitForJoined(double at_most) override;
  bool hangs() const override {
    return hangs_ || (communicator_ != nullptr && communicator_->hangs());
  }

 private:
  Status TakeMemory();
  Status Greet();
  Status SumAlongTree(int64_t begin, int64_t n);
  Status SumAnyhow(int64_t begin, int64_t n);
  cudaStream_t stream() const { return stream_.get(); }

  const DeviceCollectiveOptions options_;
  const TreeExchange exchange_;
  const NcclFunctions& nccl_;
  const cudaStream_t compute_;
  int64_t stride_ = 0;  // of received terms: a bucket's longest slice
  DeviceMemory received_, additions_;
  Event ready_, done_, computed_;
  Stream stream_;
  std::unique_ptr<NcclCommunicator> communicator_;  // last: it ends before its stream does
  bool joined_ = false;                             // and nobody has waited since
  bool hangs_ = false;
};

Status NcclCollectiveOnStream::Open() {
  int least = 0, greatest = 0;
  CUDA_RETURN_IF_ERROR(cudaDeviceGetStreamPriorityRange(&least, &greatest));
  CUDA_RETURN_IF_ERROR(
      cudaStreamCreateWithPriority(stream_.receive(), cudaStreamNonBlocking, greatest));
  for (Event* event : {&ready_, &done_, &computed_}) {
    CUDA_RETURN_IF_ERROR(cudaEventCreateWithFlags(event->receive(), cudaEventDisableTiming));
  }
  RETURN_IF_ERROR(TakeMemory());
  ncclUniqueId id;
  if (options_.id.size() != sizeof(id.internal)) return InvalidArgument("not an id of NCCL");
  std::memcpy(id.internal, options_.id.data(), sizeof(id.internal));
  ASSIGN_OR_RETURN(communicator_,
                   NcclCommunicator::Open(nccl_, id, static_cast<int>(options_.rank),
                                          static_cast<int>(options_.nodes.size()), computed_.get(),
                                          options_.deadline_seconds));
  return Greet();
}

Status NcclCollectiveOnStream::TakeMemory() {
  stride_ = exchange_.longest_slice(std::min(options_.bucket, options_.n));
  const size_t floats =
      std::max(exchange_.terms() * static_cast<size_t>(stride_), options_.nodes.size());
  CUDA_RETURN_IF_ERROR(cudaMalloc(received_.receive(), floats * sizeof(float)));
  const std::vector<uint32_t>& additions = exchange_.additions();
  const size_t bytes = additions.size() * sizeof(uint32_t);
  if (bytes == 0) return Status::Ok();
  CUDA_RETURN_IF_ERROR(cudaMalloc(additions_.receive(), bytes));
  CUDA_RETURN_IF_ERROR(
      cudaMemcpyAsync(additions_.get(), additions.data(), bytes, cudaMemcpyHostToDevice, stream()));
  return WaitFor(stream(), "a first copy", options_.deadline_seconds, &hangs_);
}

// NCCL makes connections when they are first used, and waits for the peer then. After this exchange
// of one float between any two workers, sums need not.
Status NcclCollectiveOnStream::Greet() {
  auto* const memory = static_cast<float*>(received_.get());
  const auto workers = static_cast<int>(options_.nodes.size());
  CUDA_RETURN_IF_ERROR(cudaMemsetAsync(memory, 0, workers * sizeof(float), stream()));
  std::vector<NcclMessage> messages;
  for (int peer = 0; peer < workers; ++peer) {
    if (peer == static_cast<int>(options_.rank)) continue;
    messages.push_back({true, peer, memory + options_.rank, 1});
    messages.push_back({false, peer, memory + peer, 1});
  }
  RETURN_IF_ERROR(communicator_->Exchange(messages, stream()));
  if (!options_.reproducible) RETURN_IF_ERROR(communicator_->Sum(memory, memory, 1, stream()));
  RETURN_IF_ERROR(communicator_->Settle());
  CUDA_RETURN_IF_ERROR(cudaEventRecord(done_.get(), stream()));
  return communicator_->WaitFor(done_.get());
}

// NCCL enqueues messages by threads of its own, after its call has returned. The host waits for
// that (Settle) before it enqueues a kernel that reads what was received, and before it uses NCCL
// again.
Status NcclCollectiveOnStream::BeginSum(int64_t begin, int64_t end) {
  RETURN_IF_ERROR(communicator_->Settle());
  CUDA_RETURN_IF_ERROR(cudaEventRecord(ready_.get(), compute_));
  CUDA_RETURN_IF_ERROR(cudaStreamWaitEvent(stream(), ready_.get(), 0));
  for (; begin < end; begin += options_.bucket) {
    const int64_t n = std::min(options_.bucket, end - begin);
    RETURN_IF_ERROR(options_.reproducible ? SumAlongTree(begin, n) : SumAnyhow(begin, n));
  }
  return Status::Ok();
}

Status NcclCollectiveOnStream::SumAlongTree(int64_t begin, int64_t n) {
  auto* const received = static_cast<float*>(received_.get());
  RETURN_IF_ERROR(
      communicator_->Exchange(exchange_.ShareTerms(begin, n, received, stride_), stream()));
  const Slice mine = exchange_.SliceOf(options_.rank, n);
  const auto bytes = static_cast<size_t>(mine.size) * sizeof(float);
  for (size_t i = 0; i < exchange_.own_terms() && bytes > 0; ++i) {
    float* const to = received + static_cast<int64_t>(exchange_.first_term() + i) * stride_;
    CUDA_RETURN_IF_ERROR(cudaMemcpyAsync(to, exchange_.own_term(i) + begin + mine.begin, bytes,
                                         cudaMemcpyDeviceToDevice, stream()));
  }
  RETURN_IF_ERROR(communicator_->Settle());
  CUDA_RETURN_IF_ERROR(
      AddTerms(stream(), {received, static_cast<int64_t>(exchange_.terms()), mine.size, stride_},
               static_cast<const uint32_t*>(additions_.get()), exchange_.additions().size() / 2,
               options_.sum + begin + mine.begin));
  return communicator_->Exchange(exchange_.ShareSums(begin, n, options_.sum), stream());
}

// The few terms of this worker are added first, in `sum`.
Status NcclCollectiveOnStream::SumAnyhow(int64_t begin, int64_t n) {
  float* const sum = options_.sum + begin;
  const size_t terms = exchange_.own_terms();
  if (terms == 0) CUDA_RETURN_IF_ERROR(cudaMemsetAsync(sum, 0, n * sizeof(float), stream()));
  if (terms == 1) return communicator_->Sum(exchange_.own_term(0) + begin, sum, n, stream());
  for (size_t i = 0; i < terms; ++i) {
    const MatrixView<const float> term(exchange_.own_term(i) + begin, 1, n);
    CUDA_RETURN_IF_ERROR(i == 0 ? Copy(stream(), term, {sum, 1, n})
                                : Add(stream(), term, {sum, 1, n}));
  }
  return communicator_->Sum(sum, sum, n, stream());
}

Status NcclCollectiveOnStream::Join() {
  RETURN_IF_ERROR(communicator_->Settle());
  CUDA_RETURN_IF_ERROR(cudaEventRecord(computed_.get(), compute_));
  CUDA_RETURN_IF_ERROR(cudaEventRecord(done_.get(), stream()));
  CUDA_RETURN_IF_ERROR(cudaStreamWaitEvent(compute_, done_.get(), 0));
  joined_ = true;
  return Status::Ok();
}

Status NcclCollectiveOnStream::WaitForJoined(double at_most) {
  if (!std::exchange(joined_, false)) return Status::Ok();
  return communicator_->WaitFor(done_.get(), at_most);
}

}  // namespace

std::unique_ptr<NcclCollective> NewNcclCollective(const DeviceCollectiveOptions& options,
                                                  const NcclFunctions& nccl, cudaStream_t compute) {
  return std::make_unique<NcclCollectiveOnStream>(options, nccl, compute);
}

}  // namespace chorus::worker::cuda
