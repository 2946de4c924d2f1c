# The CUDA device's sources, for two targets: chorus_cuda (nvcc, worker/CMakeLists.txt) and chorus_cuda_emulated (g++, for tests).
set(CHORUS_CUDA_KERNELS
  ${PROJECT_SOURCE_DIR}/worker/cuda/batch_norm.cu
  ${PROJECT_SOURCE_DIR}/worker/cuda/columns.cu
  ${PROJECT_SOURCE_DIR}/worker/cuda/elements.cu
  ${PROJECT_SOURCE_DIR}/worker/cuda/method_kernels.cu
  ${PROJECT_SOURCE_DIR}/worker/cuda/optimizer.cu
  ${PROJECT_SOURCE_DIR}/worker/cuda/pooling.cu
  ${PROJECT_SOURCE_DIR}/worker/cuda/rows.cu)
set(CHORUS_CUDA_SOURCES
  ${PROJECT_SOURCE_DIR}/worker/cuda/cuda_device.cc
  ${PROJECT_SOURCE_DIR}/worker/cuda/handles.cc
  ${PROJECT_SOURCE_DIR}/worker/cuda/library.cc
  ${PROJECT_SOURCE_DIR}/worker/cuda/matmul.cc)
