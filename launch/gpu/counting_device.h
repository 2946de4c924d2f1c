#pragma once
// A device that notes the cost of its calls (call_cost.h), and the phase of a step that they belong
// to. Around another device it passes every call on. Alone it computes nothing: its memory does not
// exist, what it downloads stays as it was, and a worker's step on it is a dry run. Thread safety:
// none.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "common/config.pb.h"
#include "launch/gpu/call_cost.h"
#include "launch/gpu/cost.h"
#include "worker/device/device.h"

namespace chorus::gpu {

// The memory that a device was asked for.
struct TakenMemory {
  std::vector<uint64_t> blocks;  // bytes of each TakeMemory, in their order
  uint64_t host_bytes = 0;       // of all TakeHostMemory
  worker::DeviceSizes sizes;     // of the last Reserve
};

class CountingDevice final : public worker::Device {
 public:
  // inner: outlives this one; null: none.  precision: that of its products.
  explicit CountingDevice(worker::Device* inner, ComputeConfig::Precision precision)
      : inner_(inner), rounds_(precision == ComputeConfig::BF16) {}

  // Calls since the last Clear.
  const StepCost& calls() const { return calls_; }
  void Clear() {
    calls_.clear();
    compute_ = Phase::kForward;
  }
  const TakenMemory& taken() const { return taken_; }
  // Called with every call's cost, before and after the call is passed on; not called for calls
  // inside Replay.
  std::function<void(const CallCost&)> before_call, after_call;
  // Called with every matrix product, before it is passed on.
  std::function<void(const worker::GemmOptions& options, MatrixView<const float> a,
                     MatrixView<const float> b, MatrixView<float> c)>
      on_product;
  // From now on all calls are for `phase`; null: it follows from the calls.
  void SetPhase(std::optional<Phase> phase) { fixed_phase_ = phase; }

  const worker::DeviceInfo& info() const override;
  Result<std::byte*> TakeMemory(size_t bytes) override;
  Result<std::byte*> TakeHostMemory(size_t bytes) override;
  Status Upload(const void* host, void* device, size_t bytes) override;
  Status Download(const void* device, void* host, size_t bytes) override;
  Status CopyOnDevice(const void* from, void* to, size_t bytes) override;
  Status Zero(void* device, size_t bytes) override;
  Status Synchronize() override;
  // Marks cost nothing; without a device all times are 0.
  Status Mark(uint32_t mark) override;
  Result<double> SecondsBetween(uint32_t from, uint32_t to) override;
  Status Stage(uint32_t buffer, const void* host, void* device, size_t bytes) override;
  Status TakeStaged(uint32_t buffer) override;

  // Calls that are started together as a graph are noted one by one, as nodes, and then the graph's
  // start.
  Result<bool> Replay(std::span<const uint64_t> key,
                      const std::function<Status()>& enqueue) override;
  void ForgetReplays() override;

  Status SetMethod(const worker::MethodValue& method) override;
  Status Put(std::span<const double> values, double* to) override;
  Status Partials(const worker::DeviceLabels& labels, MatrixView<const float> logits,
                  double* sums) override;
  Status Evaluate(const worker::DeviceLabels& labels, const double* scales,
                  MatrixView<const float> logits, MatrixView<float> dlogits,
                  double* term_sums) override;
  Status Pool(const worker::DeviceSide* side, const float* const* tables,
              MatrixView<float> x) override;
  Status NoteKeys(const worker::DeviceSide& contexts, const worker::DeviceSide& exposures,
                  const worker::DeviceKeyNotes& notes) override;
  Status SumPieces(const worker::DevicePieces& pieces, const worker::DeviceKeyNotes& notes,
                   const float* dcontexts, const float* dexposures, uint32_t dim, uint32_t first,
                   float* sums) override;
  Status JoinPieces(const worker::DeviceSegments& segments, uint32_t dim, float* sums) override;
  Status CombineTerms(const worker::DeviceTerms& terms, uint32_t dim, float* sums,
                      float* out) override;
  Status SumGrains(MatrixView<float> gradients) override;
  Status FlagNonFinite(MatrixView<const float> values, const uint32_t* flag_of_column,
                       uint32_t* flags) override;
  Status ClipGradient(double clip_norm, int64_t n, float* gradient) override;
  Status ApplyOptimizer(const OptimizerParameters& parameters, uint64_t t, float lr_factor,
                        double clip_norm, int64_t n, float* gradient, float* weights,
                        float* const (&state)[2]) override;
  Status MoveStatistics(const worker::DeviceStatistics& statistics, const float* gradient,
                        float* values) override;
  Status Reserve(const worker::DeviceSizes& sizes) override;
  Status UseWeights(const float* weights, int64_t n) override;

  Status Gemm(const worker::GemmOptions& options, MatrixView<const float> a,
              MatrixView<const float> b, MatrixView<float> c) override;
  void Fill(float value, MatrixView<float> matrix) override;
  void Copy(MatrixView<const float> from, MatrixView<float> to) override;
  void GatherRows(MatrixView<const float> from, const worker::RowIndex& index,
                  MatrixView<float> to) override;
  void AddGatheredRows(MatrixView<const float> from, const worker::RowIndex& index,
                       MatrixView<float> to) override;
  void SumRowsByIndex(MatrixView<const float> from, const worker::RowIndex& index,
                      MatrixView<float> to) override;
  void ReluBackward(MatrixView<const float> y, MatrixView<float> gradient,
                    float* bias_gradient) override;
  void DotRows(MatrixView<const float> x, const float* weight, const float* bias,
               MatrixView<float> z) override;
  void SumColumn(MatrixView<const float> dz, float* sum) override;
  void DotRowsBackward(MatrixView<const float> x, const float* weight, MatrixView<const float> dz,
                       float* weight_gradient, MatrixView<float> dx, float dx_factor,
                       bool accumulate_dx) override;
  void Dropout(const worker::DropoutMask& mask, MatrixView<const float> from,
               MatrixView<float> to) override;
  void PassPositive(MatrixView<const float> y, float factor, MatrixView<const float> from,
                    MatrixView<float> to, bool accumulate) override;
  void ColumnMoments(MatrixView<const float> z, float* mean, float* variance) override;
  void NormalizeRelu(const float* mean, const float* variance, const float* bias,
                     MatrixView<float> normalized, MatrixView<float> y) override;
  void NormalizeBackward(MatrixView<const float> normalized, const float* variance, bool of_moments,
                         MatrixView<float> gradient) override;
  void AttendPair(MatrixView<const float> from, MatrixView<const float> to, MatrixView<float> share,
                  MatrixView<float> out) override;
  void AttendPairBackward(MatrixView<const float> from, MatrixView<const float> to,
                          MatrixView<const float> share, MatrixView<const float> dout,
                          MatrixView<float> dfrom, MatrixView<float> dto,
                          bool accumulate_dto) override;
  void ForEach(const worker::ItemKernel& kernel) override;

 private:
  // Notes a call and passes it on.
  Status Do(const char* name, Phase phase, const Cost& cost,
            const std::function<Status(worker::Device*)>& call);
  void DoVoid(const char* name, Phase phase, const Cost& cost,
              const std::function<void(worker::Device*)>& call);
  // Host memory that was copied to where `device` points.
  template <typename T>
  const T* OnHost(const T* device) const {
    return static_cast<const T*>(Uploaded(device));
  }
  const void* Uploaded(const void* device) const;
  void NoteUpload(const void* host, const void* device, size_t bytes);
  call_cost::SideTokens TokensOf(const worker::DeviceSide& side, int64_t columns) const;

  struct Copied {
    const std::byte* host;
    size_t bytes;
  };
  struct FreeMemory {
    void operator()(std::byte* memory) const;
  };

  worker::Device* const inner_;
  const bool rounds_;               // whether inputs of products are rounded
  std::span<const float> weights_;  // of the last UseWeights
  StepCost calls_;
  bool notes_ = true;                     // whether calls are noted
  bool passes_ = true;                    // whether calls are passed on
  std::set<std::vector<uint64_t>> seen_;  // keys of Replay
  Phase compute_ = Phase::kForward;       // the pass of calls that both passes make
  std::optional<Phase> fixed_phase_;
  std::map<const std::byte*, Copied> uploads_;  // by address on the device
  std::byte* next_ =
      reinterpret_cast<std::byte*>(uintptr_t{1} << 44);  // the next address without memory
  std::vector<std::unique_ptr<std::byte, FreeMemory>> host_memory_;
  worker::DeviceInfo dry_info_;
  TakenMemory taken_;
};

}  // namespace chorus::gpu
