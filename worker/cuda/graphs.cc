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

// Forgets what has come once, when there is too much of it.
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

// Null where CUDA makes no graph of the work: none of it is done then. An error of the device that
// shows here is not lost, every later call returns it too; nor is a capture that would not end: the
// next wait for the stream is an error.  Error: of the work, in a capture that nothing had spoiled.
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
  if (made.ok()) {  // else the first launch would take the device's memory
    made = StatusOf(cudaGraphUpload(exec.get(), stream_), {__FILE__, __LINE__, "cudaGraphUpload"});
  }
  if (made.ok()) return exec;
  if (notes_->refused.empty()) notes_->refused = made.message();
  return GraphExec();
}

// A call that captures forbid spoils the capture: its error is then one of capturing.
Status Graphs::Capture(const std::function<Status()>& enqueue, Status* work, Graph* graph) {
  CUDA_RETURN_IF_ERROR(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeThreadLocal));
  Status enqueued = enqueue();
  // The capture must end, also after an error, whose consequence another one then is.
  const Status ended = StatusOf(cudaStreamEndCapture(stream_, graph->receive()),
                                {__FILE__, __LINE__, "cudaStreamEndCapture"});
  if (ended.ok()) {
    *work = std::move(enqueued);
    return ended;
  }
  return enqueued.ok() ? ended : enqueued;
}

}  // namespace chorus::worker::cuda
