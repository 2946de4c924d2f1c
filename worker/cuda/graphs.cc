#include "worker/cuda/graphs.h"

#include <utility>

namespace chorus::worker::cuda {

Result<bool> Graphs::Run(std::span<const uint64_t> key, const std::function<Status()>& enqueue) {
  const auto found = kept_.find(key);
  if (found == kept_.end()) {
    RETURN_IF_ERROR(enqueue());
    if (HasRoom()) kept_.try_emplace(std::vector<uint64_t>(key.begin(), key.end()));
    return false;
  }
  Kept& kept = found->second;
  if (kept.graph.get() == nullptr && !kept.refused) {
    ASSIGN_OR_RETURN(kept.graph, Make(enqueue));
    kept.refused = kept.graph.get() == nullptr;
  }
  if (kept.refused) {
    RETURN_IF_ERROR(enqueue());
    return false;
  }
  CUDA_RETURN_IF_ERROR(cudaGraphLaunch(kept.graph.get(), stream_));
  return true;
}

void Graphs::Clear() {
  kept_.clear();
  full_ = false;
}

// Whether one more key can be kept. Keys that have come only once are forgotten when there are too
// many of them: they may never come again.
bool Graphs::HasRoom() {
  if (full_) return false;
  if (kept_.size() < kMost) return true;
  std::erase_if(kept_, [](const auto& entry) {
    return entry.second.graph.get() == nullptr && !entry.second.refused;
  });
  full_ = kept_.size() >= kMost;
  if (full_) notes_->kept = kMost;
  return !full_;
}

// Null where CUDA makes no graph of the work; then none of the work has been done. Two errors are
// treated as if there were no graph and still are not lost: an error of the device that shows here
// is returned by every later call, and a capture that does not end makes the next wait for the
// stream an error. Error: that of the work, in a capture that nothing had spoiled.
Result<GraphExec> Graphs::Make(const std::function<Status()>& enqueue) {
  Status work;
  Graph graph;
  GraphExec exec;
  Status made = Capture(enqueue, &work, &graph);
  RETURN_IF_ERROR(work);
  if (made.ok()) {
    made = StatusOf(cudaGraphInstantiate(exec.receive(), graph.get(), 0),
                    {__FILE__, __LINE__, "cudaGraphInstantiate"});
  }
  if (made.ok()) {  // without it the first launch would allocate memory on the device
    made = StatusOf(cudaGraphUpload(exec.get(), stream_), {__FILE__, __LINE__, "cudaGraphUpload"});
  }
  if (made.ok()) return exec;
  if (notes_->refused.empty()) notes_->refused = made.message();
  return GraphExec();
}

// Captures what `enqueue` enqueues. A call that is not allowed in captures spoils the capture; its
// error is then returned as one of capturing, and not in *work.
Status Graphs::Capture(const std::function<Status()>& enqueue, Status* work, Graph* graph) {
  CUDA_RETURN_IF_ERROR(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeThreadLocal));
  Status enqueued = enqueue();
  // A capture that was begun must be ended, also after an error. If the call before spoiled it,
  // ending it fails too.
  const Status ended = StatusOf(cudaStreamEndCapture(stream_, graph->receive()),
                                {__FILE__, __LINE__, "cudaStreamEndCapture"});
  if (ended.ok()) {
    *work = std::move(enqueued);
    return ended;
  }
  return enqueued.ok() ? ended : enqueued;
}

}  // namespace chorus::worker::cuda
