// Item kernels (worker/math/item_kernels.h), one thread per item.

#include "worker/cuda/kernels.h"
#include "worker/cuda/launch.h"

namespace chorus::worker::cuda {
namespace {

template <typename Kernel>
__global__ void ItemsKernel(Kernel kernel, int64_t items, int64_t cols) {
  const int64_t t = ThreadNumber();
  if (t >= items) return;
  const Element at = ElementOf(t, cols);
  kernel(at.i, at.j);
}

template <typename Kernel>
cudaError_t LaunchItems(cudaStream_t stream, const Kernel& kernel) {
  const int64_t items = kernel.rows() * kernel.cols();
  return LaunchElements(stream, ItemsKernel<Kernel>, items, kernel, items, kernel.cols());
}

}  // namespace

cudaError_t ForEach(cudaStream_t stream, const ItemKernel& kernel) {
  return std::visit([&](const auto& items) { return LaunchItems(stream, items); }, kernel);
}

}  // namespace chorus::worker::cuda
