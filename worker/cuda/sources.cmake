# The CUDA device's sources, for two targets: chorus_cuda (nvcc, CMakeLists.txt beside this file) and
# chorus_cuda_emulated (g++, for tests).
set(CHORUS_CUDA_KERNELS
  ${PROJECT_SOURCE_DIR}/worker/cuda/batch_norm.cu
  ${PROJECT_SOURCE_DIR}/worker/cuda/columns.cu
  ${PROJECT_SOURCE_DIR}/worker/cuda/elements.cu
  ${PROJECT_SOURCE_DIR}/worker/cuda/items.cu
  ${PROJECT_SOURCE_DIR}/worker/cuda/method_kernels.cu
  ${PROJECT_SOURCE_DIR}/worker/cuda/optimizer.cu
  ${PROJECT_SOURCE_DIR}/worker/cuda/pooling.cu
  ${PROJECT_SOURCE_DIR}/worker/cuda/rows.cu)
set(CHORUS_CUDA_SOURCES
  ${PROJECT_SOURCE_DIR}/worker/cuda/collective_nccl.cc
  ${PROJECT_SOURCE_DIR}/worker/cuda/cuda_device.cc
  ${PROJECT_SOURCE_DIR}/worker/cuda/find_device.cc
  ${PROJECT_SOURCE_DIR}/worker/cuda/graphs.cc
  ${PROJECT_SOURCE_DIR}/worker/cuda/handles.cc
  ${PROJECT_SOURCE_DIR}/worker/cuda/kernel_calls.cc
  ${PROJECT_SOURCE_DIR}/worker/cuda/launch_limit.cc
  ${PROJECT_SOURCE_DIR}/worker/cuda/library.cc
  ${PROJECT_SOURCE_DIR}/worker/cuda/matmul.cc
  ${PROJECT_SOURCE_DIR}/worker/cuda/memory_blocks.cc
  ${PROJECT_SOURCE_DIR}/worker/cuda/nccl_communicator.cc
  ${PROJECT_SOURCE_DIR}/worker/cuda/tree_exchange.cc
  ${PROJECT_SOURCE_DIR}/worker/cuda/wait.cc)
# What a library of them needs of Chorus: it takes nothing from the program that opens it.
set(CHORUS_CUDA_BASE
  ${PROJECT_SOURCE_DIR}/common/check.cc
  ${PROJECT_SOURCE_DIR}/common/optimizer_parameters.cc
  ${PROJECT_SOURCE_DIR}/common/status.cc
  ${PROJECT_SOURCE_DIR}/common/strings.cc
  ${PROJECT_SOURCE_DIR}/worker/math/backend.cc)
