#include "perf/support/step_parts.h"

#include <algorithm>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "perf/support/recording_backend.h"
#include "perf/support/timing.h"
#include "worker/engine/cpu/grain_compute.h"
#include "worker/log/log_reader.h"
#include "worker/math/aligned_matrix.h"
#include "worker/math/thread_pool.h"
#include "worker/objective/objective.h"
#include "worker/steps/step_reader.h"

namespace chorus::perf {
namespace {

constexpr int kRepetitions = 7;
constexpr uint64_t kReadSteps = 32;

using namespace worker;

// One grain while it is computed, with memory of its own, so that several can be computed at once.
class GrainWork {
 public:
  static Result<std::unique_ptr<GrainWork>> Create(const TrainConfig& config,
                                                   const LogSchema& schema,
                                                   const Objective& objective, Backend* backend) {
    auto work = std::unique_ptr<GrainWork>(new GrainWork(objective, backend));
    ASSIGN_OR_RETURN(work->model_, Model::Make(config, schema, objective.shape()));
    work->compute_ = GrainCompute::Create(config, work->model_, objective.shape(), &work->backend_);
    const auto parameters = static_cast<size_t>(work->model_.parameters().size());
    work->gradient_.resize(parameters);
    work->workspace_ = work->compute_->NewWorkspace();
    return work;
  }

  const Model& model() const { return model_; }

  // [model().parameters().size()], outlive this object.
  void UseParameters(std::span<const float> parameters) { parameters_ = parameters; }
  // Computes this grain from now on.
  void Use(const Batch& batch, const GrainPositions& positions, const float* const* const* rows) {
    grain_ = {&batch, &positions, rows};
  }
  void Pool() { compute_->Pool(grain_, workspace_.get()); }
  Status Dense() {
    RETURN_IF_ERROR(compute_->ForwardDense(grain_, parameters_, workspace_.get()));
    const MatrixView<float> dlogits = workspace_->dlogits();
    for (int64_t i = 0; i < dlogits.rows; ++i) std::fill_n(dlogits.row(i), dlogits.cols, 1e-3f);
    return compute_->BackwardDense(grain_, parameters_, workspace_.get(), gradient_);
  }
  void Loss() {
    double sums[16] = {};
    objective_.Evaluate(0, LabelsOf(*grain_.batch), workspace_->logits(),
                        std::vector<double>(objective_.terms().size(), 1e-4), workspace_->dlogits(),
                        sums);
  }
  void Unpool() { compute_->BackwardSparse(grain_, workspace_.get(), &sparse_); }

  Status Record() {
    Pool();
    sparse_.resize(model_.dims.size());
    backend_.calls.clear();
    backend_.recording = true;
    const Status status = Dense();
    backend_.recording = false;
    return status;
  }
  Status Products() {
    for (const auto& call : backend_.calls) {
      RETURN_IF_ERROR(real_->Gemm(call.options, call.a, call.b, call.c));
    }
    return Status::Ok();
  }
  double flops() const {
    double sum = 0;
    for (const auto& call : backend_.calls) sum += call.flops();
    return sum;
  }

 private:
  GrainWork(const Objective& objective, Backend* backend)
      : objective_(objective), real_(backend), backend_(backend) {}

  const Objective& objective_;
  Backend* const real_;
  RecordingBackend backend_;
  Model model_;
  std::unique_ptr<GrainCompute> compute_;
  std::span<const float> parameters_;
  std::vector<float> gradient_;
  std::unique_ptr<Workspace> workspace_;
  std::vector<SparseGradient> sparse_;
  GrainInput grain_;
};

// The reading part; leaves the last step read in *batch.
Status MeasureReading(const TrainConfig& config, const LogReader& log, const SlotReads& tables,
                      const Objective& objective, std::unique_ptr<StepBatch>* batch,
                      StepParts* parts) {
  ReadingOptions order;
  order.context_chunk = config.data().context_chunk();
  order.window_blocks = config.data().window_blocks();
  order.grain_rows = config.step().grain_rows();
  order.grains_per_step = config.step().grains_per_step();
  ASSIGN_OR_RETURN(const std::unique_ptr<ReadingPlan> plan, ReadingPlan::Make(log, order));
  StepReaderOptions options;
  options.grains = {0, config.step().grains_per_step()};
  options.slot_reads = tables;
  options.objective = &objective;
  options.last_step = std::min(kReadSteps, plan->total_steps());
  options.shards = config.cluster().shards();
  StepReader reader(*plan, options);
  const double begin = Seconds();
  for (uint64_t step = 1; step <= options.last_step; ++step) {
    if (*batch != nullptr) reader.Recycle(std::move(*batch));
    ASSIGN_OR_RETURN(*batch, reader.Next());
  }
  const auto steps = static_cast<double>(options.last_step);
  parts->read = (Seconds() - begin) / steps;
  parts->keys = static_cast<double>(reader.keys_seen()) / steps;
  parts->unique_keys = static_cast<double>(reader.keys_unique()) / steps;
  return Status::Ok();
}

Status MeasureGrains(const StepBatch& batch, const float* const* const* rows, GrainWork* work,
                     StepParts* parts) {
  for (size_t g = 0; g < batch.grains.size(); ++g) {
    work->Use(batch.grains[g], batch.positions[g], rows);
    Status status = work->Record();
    parts->pool += BestSeconds(kRepetitions, [&] { work->Pool(); });
    parts->dense += BestSeconds(kRepetitions, [&] { status = work->Dense(); });
    parts->loss += BestSeconds(kRepetitions, [&] { work->Loss(); });
    parts->unpool += BestSeconds(kRepetitions, [&] { work->Unpool(); });
    RETURN_IF_ERROR(status);
  }
  return Status::Ok();
}

}  // namespace

Result<StepParts> MeasureStepParts(const TrainConfig& config, FileSystem& files) {
  StepParts parts;
  const std::vector<std::string> paths(config.data().log().begin(), config.data().log().end());
  ASSIGN_OR_RETURN(const std::unique_ptr<LogReader> log, LogReader::Open(files, paths));
  ASSIGN_OR_RETURN(const std::unique_ptr<Objective> objective,
                   MakeObjective(config.objective(), config.seed()));
  ASSIGN_OR_RETURN(const std::unique_ptr<Backend> backend,
                   NewCpuBackend(config.compute().isa(), config.compute().precision()));
  const std::unique_ptr<ThreadPool> pool = ThreadPool::Create(config.compute().threads()).value();
  std::vector<std::unique_ptr<GrainWork>> works(pool->threads());
  for (auto& work : works) {
    ASSIGN_OR_RETURN(work, GrainWork::Create(config, log->schema(), *objective, backend.get()));
  }
  const ParameterLayout& layout = works[0]->model().parameters();
  std::vector<float> parameters(static_cast<size_t>(layout.size()));
  layout.Initialize(config.seed(), parameters);
  RETURN_IF_ERROR(backend->UseWeights(parameters.data(), layout.size()));
  for (auto& work : works) work->UseParameters(parameters);
  std::unique_ptr<StepBatch> batch;
  RETURN_IF_ERROR(MeasureReading(config, *log, works[0]->model().inputs.slot_reads, *objective,
                                 &batch, &parts));

  const uint32_t dim = config.table(0).dim();
  const std::vector<float> weights(batch->keys[0].keys.size() * dim, 0.01f);
  std::vector<const float*> rows;
  for (size_t i = 0; i < batch->keys[0].keys.size(); ++i) rows.push_back(&weights[i * dim]);
  const std::vector<const float* const*> tables(works[0]->model().dims.size(), rows.data());
  RETURN_IF_ERROR(pool->ParallelFor(1, [&](uint32_t, uint32_t) {
    return MeasureGrains(*batch, tables.data(), works[0].get(), &parts);
  }));

  // All grains of the step have the products of its first one, give or take a padded context.
  const auto grains = static_cast<uint32_t>(batch->grains.size());
  for (auto& work : works) {
    work->Use(batch->grains[0], batch->positions[0], tables.data());
    RETURN_IF_ERROR(work->Record());
  }
  parts.flops = grains * works[0]->flops();
  Status status;
  parts.products = grains * BestSeconds(kRepetitions, [&] { status = works[0]->Products(); });
  RETURN_IF_ERROR(status);
  parts.products_parallel = BestSeconds(kRepetitions, [&] {
    status = pool->ParallelFor(
        grains, [&](uint32_t, uint32_t thread) { return works[thread]->Products(); });
  });
  RETURN_IF_ERROR(status);
  return parts;
}

Result<double> ProductPeak(const TrainConfig& config, int64_t n) {
  ASSIGN_OR_RETURN(const std::unique_ptr<Backend> backend,
                   NewCpuBackend(config.compute().isa(), config.compute().precision()));
  const std::unique_ptr<ThreadPool> pool = ThreadPool::Create(config.compute().threads()).value();
  struct Matrices {
    AlignedMatrix a, b, c;
  };
  std::vector<Matrices> matrices;
  for (uint32_t t = 0; t < pool->threads(); ++t) {
    Matrices& m = matrices.emplace_back(
        Matrices{AlignedMatrix(n, n), AlignedMatrix(n, n), AlignedMatrix(n, n)});
    for (int64_t i = 0; i < n; ++i) {
      std::fill_n(m.a.view().row(i), n, 0.5f);
      std::fill_n(m.b.view().row(i), n, 0.25f);
    }
  }
  Status status;
  const double seconds = BestSeconds(kRepetitions, [&] {
    status = pool->ParallelFor(pool->threads(), [&](uint32_t index, uint32_t) {
      Matrices& m = matrices[index];
      return backend->Gemm({}, m.a.view(), m.b.view(), m.c.view());
    });
  });
  RETURN_IF_ERROR(status);
  const auto size = static_cast<double>(n);
  return 2 * size * size * size * pool->threads() / seconds;
}

}  // namespace chorus::perf
