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
  GraphExec& graph = found->second;
  if (graph.get() == nullptr) {
    ASSIGN_OR_RETURN(graph, Capture(enqueue));
  }
  CUDA_RETURN_IF_ERROR(cudaGraphLaunch(graph.get(), stream_));
  return true;
}

// Forgets what has come once, when there is too much of it.
bool Graphs::HasRoom() {
  if (kept_.size() < kMost) return true;
  std::erase_if(kept_, [](const auto& entry) { return entry.second.get() == nullptr; });
  return kept_.size() < kMost;
}

Result<GraphExec> Graphs::Capture(const std::function<Status()>& enqueue) const {
  CUDA_RETURN_IF_ERROR(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeThreadLocal));
  const Status enqueued = enqueue();
  Graph graph;  // the capture must end, also after an error, whose consequence another one then is
  const Status ended = StatusOf(cudaStreamEndCapture(stream_, graph.receive()),
                                {__FILE__, __LINE__, "cudaStreamEndCapture"});
  RETURN_IF_ERROR(enqueued);
  RETURN_IF_ERROR(ended);
  GraphExec exec;
  CUDA_RETURN_IF_ERROR(cudaGraphInstantiate(exec.receive(), graph.get(), 0));
  return exec;
}

}  // namespace chorus::worker::cuda
