// Capture of streams, and graphs, of include/cuda_runtime.h. What is not emulated: captures of
// several streams, and graphs inside graphs (both are errors here).

#include "tests/support/cuda_host/graph.h"

#include "tests/support/cuda_host/runtime_call.h"

using chorus::cuda_host::CountHandle;
using chorus::cuda_host::Failed;
using chorus::cuda_host::GraphNode;

cudaError_t cudaStreamIsCapturing(cudaStream_t stream, cudaStreamCaptureStatus* status) {
  ENTER_CALL();
  *status = stream->capturing() ? cudaStreamCaptureStatusActive : cudaStreamCaptureStatusNone;
  return cudaSuccess;
}

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode mode) {
  ENTER_CALL();
  if (stream == nullptr) return Failed(cudaErrorStreamCaptureUnsupported);
  if (stream->capturing()) return Failed(cudaErrorIllegalState);
  const bool emulated =
      mode == cudaStreamCaptureModeThreadLocal && CUstream_st::CapturedByThisThread() == nullptr;
  if (!emulated) return Failed(cudaErrorNotSupported);
  stream->BeginCapture();
  return cudaSuccess;
}

// The capture is over in any case.
cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
  *graph = nullptr;
  if (!stream->capturing()) return Failed(cudaErrorIllegalState);
  if (CUstream_st::CapturedByThisThread() != stream) {
    return Failed(cudaErrorStreamCaptureWrongThread);
  }
  std::unique_ptr<CUgraph_st> captured = stream->EndCapture();
  ENTER_CALL();
  if (captured == nullptr) return Failed(cudaErrorStreamCaptureInvalidated);
  *graph = captured.release();
  CountHandle(1);
  return cudaSuccess;
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  ENTER_CALL();
  delete graph;
  CountHandle(-1);
  return cudaSuccess;
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t* exec, cudaGraph_t graph,
                                 unsigned long long flags) {
  ENTER_UNSAFE_CALL();
  if (flags != 0) return Failed(cudaErrorNotSupported);
  *exec = new CUgraphExec_st{std::make_shared<const std::vector<GraphNode>>(graph->nodes)};
  CountHandle(1);
  return cudaSuccess;
}

cudaError_t cudaGraphUpload(cudaGraphExec_t, cudaStream_t stream) {
  ENTER_CALL();
  if (stream == nullptr) return Failed(cudaErrorInvalidResourceHandle);
  return stream->capturing() ? Failed(cudaErrorNotSupported) : cudaSuccess;
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t exec) {
  ENTER_CALL();
  delete exec;
  CountHandle(-1);
  return cudaSuccess;
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t exec, cudaStream_t stream) {
  ENTER_CALL();
  if (stream == nullptr) return Failed(cudaErrorInvalidResourceHandle);
  if (stream->capturing()) return Failed(cudaErrorNotSupported);
  chorus::cuda_host::CountGraph(exec->nodes->size());
  for (GraphNode node : *exec->nodes) {
    node.count.kernels = 0;  // they are nodes
    stream->Enqueue(std::move(node.work), node.count);
  }
  return cudaSuccess;
}
