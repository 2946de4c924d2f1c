#include "worker/math/gemm_onednn.h"

#include <omp.h>

#include <map>
#include <oneapi/dnnl/dnnl.hpp>
#include <tuple>
#include <unordered_map>

#include "common/check.h"
#include "common/mutex.h"
#include "common/strings.h"
#include "worker/math/aligned_matrix.h"
#include "worker/math/bf16_tiles.h"
#include "worker/math/signals_held.h"

namespace chorus::worker {
namespace {

using dnnl::memory;
using dnnl::primitive_attr;

// m, n, k, the strides of a, b and c, and the options as bits: all that a primitive is built from.
// Pointers and the values of the bias come with each call.
using ShapeKey = std::tuple<int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int>;

// A product of one shape, ready to run from any thread: its scratchpad comes with each call.
struct Product {
  memory::desc a, b, bias, c, scratchpad;
  dnnl::matmul primitive;
};

memory::desc PlainDesc(int64_t rows, int64_t cols, int64_t stride, bool transposed) {
  const memory::dims strides = transposed ? memory::dims{1, stride} : memory::dims{stride, 1};
  return {{rows, cols}, memory::data_type::f32, strides};
}

primitive_attr AttributesOf(const GemmOptions& options) {
  primitive_attr attributes;
  // With a scratchpad of its own a primitive could run on one thread at a time only.
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  dnnl::post_ops post_ops;
  // In this order: c = relu(product + bias + c).
  if (options.accumulate) post_ops.append_sum(1.0f);
  if (options.relu) post_ops.append_eltwise(1.0f, dnnl::algorithm::eltwise_relu, 0.0f, 0.0f);
  attributes.set_post_ops(post_ops);
  return attributes;
}

// At least `bytes` bytes, which the calls of this thread share. They grow to the largest
// scratchpad.
float* ThreadScratch(size_t bytes) {
  thread_local AlignedMatrix scratch;
  const int64_t floats = static_cast<int64_t>(bytes / sizeof(float)) + 1;
  if (floats > scratch.cols()) scratch = AlignedMatrix(1, floats);
  return scratch.view().data;
}

// oneDNN has one cache of primitives per process, which all our backends use: primitives are made
// and dropped one at a time. Lock order: after OneDnnGemmImpl::mutex_.
Mutex& LibraryMutex() {
  static Mutex mutex;
  return mutex;
}

class OneDnnGemmImpl final : public OneDnnGemm {
 public:
  ~OneDnnGemmImpl() override {
    MutexLock lock(mutex_);
    MutexLock library_lock(LibraryMutex());
    products_.clear();
  }

  Status Run(const GemmOptions& options, MatrixView<const float> a, MatrixView<const float> b,
             MatrixView<float> c) override {
    // A thread starts with OpenMP's default, which is all cores. A team of threads inside a call
    // would be slow, though not wrong, where all cores already compute grains.
    if (omp_get_max_threads() != 1) omp_set_num_threads(1);
    try {
      return options.transpose_a ? RunSgemm(options, a, b, c) : RunPrimitive(options, a, b, c);
    } catch (const dnnl::error& error) {
      const Code code =
          error.status == dnnl_out_of_memory ? Code::kResourceExhausted : Code::kInternal;
      return Status(code, StrCat("oneDNN, product of ", c.rows, " x ", c.cols, ": ", error.what()));
    }
  }

 private:
  static Status RunSgemm(const GemmOptions& options, MatrixView<const float> a,
                         MatrixView<const float> b, MatrixView<float> c) {
    CHECK(!options.relu && options.bias == nullptr);  // sgemm has no epilogue
    const SignalsHeld held;
    const dnnl::status status =
        dnnl::sgemm('T', options.transpose_b ? 'T' : 'N', c.rows, c.cols, a.rows, 1.0f, a.data,
                    a.stride, b.data, b.stride, options.accumulate ? 1.0f : 0.0f, c.data, c.stride);
    if (status == dnnl::status::success) return Status::Ok();
    return Internal(StrCat("oneDNN sgemm failed with status ", static_cast<int>(status)));
  }

  Status RunPrimitive(const GemmOptions& options, MatrixView<const float> a,
                      MatrixView<const float> b, MatrixView<float> c) {
    const Product& product = ProductOf(options, a, b, c);
    const auto argument = [this](const memory::desc& desc, const void* data) {
      return memory(desc, engine_, const_cast<void*>(data));
    };
    std::unordered_map<int, memory> arguments = {
        {DNNL_ARG_SRC, argument(product.a, a.data)},
        {DNNL_ARG_WEIGHTS, argument(product.b, b.data)},
        {DNNL_ARG_DST, argument(product.c, c.data)},
        {DNNL_ARG_SCRATCHPAD,
         argument(product.scratchpad, ThreadScratch(product.scratchpad.get_size()))}};
    if (options.bias != nullptr) {
      arguments.emplace(DNNL_ARG_BIAS, argument(product.bias, options.bias));
    }
    dnnl::stream stream(engine_);
    const SignalsHeld held;
    product.primitive.execute(stream, arguments);
    stream.wait();
    return Status::Ok();
  }

  const Product& ProductOf(const GemmOptions& options, MatrixView<const float> a,
                           MatrixView<const float> b, MatrixView<float> c) {
    const int bits = (options.transpose_b ? 1 : 0) | (options.accumulate ? 2 : 0) |
                     (options.relu ? 4 : 0) | (options.bias != nullptr ? 8 : 0);
    const ShapeKey key{c.rows, c.cols, a.cols, a.stride, b.stride, c.stride, bits};
    MutexLock lock(mutex_);
    const auto found = products_.find(key);
    if (found != products_.end()) return found->second;

    MutexLock library_lock(LibraryMutex());
    Product product;
    product.a = PlainDesc(c.rows, a.cols, a.stride, false);
    product.b = PlainDesc(a.cols, c.cols, b.stride, options.transpose_b);
    product.c = PlainDesc(c.rows, c.cols, c.stride, false);
    product.bias = PlainDesc(1, c.cols, c.cols, false);
    const dnnl::matmul::desc desc =
        options.bias != nullptr ? dnnl::matmul::desc(product.a, product.b, product.bias, product.c)
                                : dnnl::matmul::desc(product.a, product.b, product.c);
    const dnnl::matmul::primitive_desc primitive_desc(desc, AttributesOf(options), engine_);
    product.scratchpad = primitive_desc.scratchpad_desc();
    product.primitive = dnnl::matmul(primitive_desc);
    // A std::map never moves its elements, so that the reference stays valid without the lock.
    return products_.emplace(key, std::move(product)).first->second;
  }

  dnnl::engine engine_{dnnl::engine::kind::cpu, 0};
  Mutex mutex_;
  std::map<ShapeKey, Product> products_ GUARDED_BY(mutex_);
};

bool CpuHas(ComputeConfig::Isa isa) {
  if (isa == ComputeConfig::AVX2) return __builtin_cpu_supports("avx2") != 0;
  if (isa == ComputeConfig::AVX512) {
    return __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512bw") != 0 &&
           __builtin_cpu_supports("avx512vl") != 0 && __builtin_cpu_supports("avx512dq") != 0;
  }
  return isa == ComputeConfig::NATIVE || Bf16KernelsFor(isa) != nullptr;
}

dnnl::cpu_isa LibraryIsa(ComputeConfig::Isa isa) {
  if (isa == ComputeConfig::AVX2) return dnnl::cpu_isa::avx2;
  if (isa == ComputeConfig::AVX512) return dnnl::cpu_isa::avx512_core;
  if (isa == ComputeConfig::AVX512_BF16) return dnnl::cpu_isa::avx512_core_bf16;
  return isa == ComputeConfig::AMX ? dnnl::cpu_isa::avx512_core_amx : dnnl::cpu_isa::all;
}

// oneDNN's limit holds for the process and can be set only before its first primitive, so that the
// first backend of the process decides.
Status CapIsa(ComputeConfig::Isa isa) {
  static Mutex mutex;
  static ComputeConfig::Isa chosen GUARDED_BY(mutex) = ComputeConfig::ISA_UNSPECIFIED;
  if (isa == ComputeConfig::ISA_UNSPECIFIED) isa = ComputeConfig::NATIVE;
  if (!CpuHas(isa)) {
    return FailedPrecondition(StrCat("compute.isa: this CPU lacks ", ComputeConfig::Isa_Name(isa)));
  }
  MutexLock lock(mutex);
  if (chosen == isa) return Status::Ok();
  if (chosen != ComputeConfig::ISA_UNSPECIFIED) {
    return FailedPrecondition(StrCat("compute.isa: this process already computes with ",
                                     ComputeConfig::Isa_Name(chosen)));
  }
  if (isa != ComputeConfig::NATIVE) {
    if (dnnl::set_max_cpu_isa(LibraryIsa(isa)) != dnnl::status::success) {
      return FailedPrecondition(
          "compute.isa: oneDNN was used before, its instruction set is fixed");
    }
  }
  chosen = isa;
  return Status::Ok();
}

}  // namespace

Result<std::unique_ptr<OneDnnGemm>> NewOneDnnGemm(ComputeConfig::Isa isa) {
  RETURN_IF_ERROR(CapIsa(isa));
  try {
    return std::unique_ptr<OneDnnGemm>(std::make_unique<OneDnnGemmImpl>());
  } catch (const dnnl::error& error) {
    return Internal(StrCat("oneDNN: ", error.what()));
  }
}

}  // namespace chorus::worker
