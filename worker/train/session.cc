#include "worker/train/session.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "common/config.h"
#include "common/log.h"
#include "common/progress.h"
#include "common/strings.h"
#include "common/wire.pb.h"
#include "worker/model/schedule.h"
#include "worker/train/checkpoint_store.h"
#include "worker/train/engine_choice.h"
#include "worker/train/wait_for_first.h"

namespace chorus::worker {
namespace {

constexpr std::string_view kWeightPrefix = "weight/";

// Row by row: the blocks of layers that are computed as one product interleave in the flat array.
std::vector<NamedArray> WeightArrays(const ParameterLayout& layout,
                                     std::span<const float> parameters) {
  std::vector<NamedArray> arrays;
  for (const ParameterBlock& block : layout.blocks()) {
    NamedArray array;
    array.name = std::string(kWeightPrefix) + block.name;
    array.rows = static_cast<uint64_t>(block.rows);
    array.cols = static_cast<uint64_t>(block.cols);
    const MatrixView<const float> values = block.In(parameters);
    for (int64_t i = 0; i < block.rows; ++i) {
      array.values.insert(array.values.end(), values.row(i), values.row(i) + block.cols);
    }
    arrays.push_back(std::move(array));
  }
  return arrays;
}

wire::RestoredKeys RestoredKeysOf(const std::vector<TableSpec>& tables,
                                  const std::vector<std::vector<Key>>& keys) {
  wire::RestoredKeys out;
  for (size_t t = 0; t < keys.size(); ++t) {
    wire::RestoredKeys::TableKeys& table = *out.add_table();
    table.set_name_hash(tables[t].name_hash);
    table.set_keys(
        std::string(reinterpret_cast<const char*>(keys[t].data()), keys[t].size() * sizeof(Key)));
  }
  return out;
}

wire::ControlMeta RestoreRequest(const std::string& folder, wire::RestoreMeta::Mode mode,
                                 const CheckpointManifest& manifest) {
  wire::ControlMeta meta;
  wire::RestoreMeta& restore = *meta.mutable_restore();
  restore.set_directory(folder);
  restore.set_mode(mode);
  for (const CheckpointFile& file : manifest.file()) {
    if (file.name() == kDenseName) continue;
    wire::SnapshotFileMeta& expected = *restore.add_file();
    expected.set_name(file.name());
    expected.set_bytes(file.bytes());
    expected.set_checksum(file.checksum());
    expected.set_rows(file.rows());
  }
  return meta;
}

}  // namespace

GrainRange Session::grains() const {
  return GrainsOfWorker(environment_.collective->rank(), environment_.collective->size(),
                        config_.step().grains_per_step());
}

uint32_t Session::reader_threads() const {
  const uint32_t asked = config_.compute().reader_threads();
  if (asked > 0) return asked;
  // On the CPU readers compete with the computation for the same cores.
  const uint32_t cores = pool_->threads();
  return engine_->leaves_cores_free() ? std::clamp(cores / 2, 1u, 8u) : std::max(cores / 16, 1u);
}

StepReaderOptions Session::reader_options() const {
  StepReaderOptions options;
  options.grains = grains();
  options.slot_reads = model_.inputs.slot_reads;
  options.tables = model_.inputs.tables;
  options.objective = objective_.get();
  options.shards = config_.cluster().shards();
  options.threads = reader_threads();
  options.deadline_seconds = config_.cluster().deadline_seconds();
  return options;
}

Result<std::unique_ptr<Session>> Session::Create(const TrainConfig& config, const LogSchema& schema,
                                                 const WorkerEnvironment& environment,
                                                 uint32_t extras) {
  std::unique_ptr<Session> session(new Session());
  session->config_ = config;
  session->schema_ = schema;
  session->environment_ = environment;
  ASSIGN_OR_RETURN(session->objective_, MakeObjective(config.objective(), config.seed()));
  session->tables_ = TablesOf(config, session->objective_->shape().group_names());
  ASSIGN_OR_RETURN(session->model_,
                   Model::Make(session->config_, schema, session->objective_->shape()));
  ASSIGN_OR_RETURN(session->pool_, ThreadPool::Create(config.compute().threads()));
  session->weights_.emplace(session->config_, session->model_.parameters());

  PsClientOptions options;
  options.worker = environment.collective->rank();
  options.workers = environment.collective->size();
  options.shards = config.cluster().shards();
  options.pull_ahead = config.step().pull_ahead();
  options.grains_per_step = config.step().grains_per_step();
  options.seed = config.seed();
  options.deadline_seconds = config.cluster().deadline_seconds();
  options.storage_seconds = 60 * config.checkpoint().deadline_minutes();
  options.pool = session->pool_.get();
  ASSIGN_OR_RETURN(session->client_, environment.connect(options, session->tables_));
  const EngineContext context = {
      &session->config_, &session->model_, session->objective_.get(), &*session->weights_,
      session->grains(), extras,           session->pool_.get(),      environment.collective};
  ASSIGN_OR_RETURN(session->engine_, NewEngine(context, environment.open_device));
  return session;
}

void Session::StartHeadsAt(std::span<const double> logits) {
  engine_->ForgetDense();
  model_.network.StartHeadsAt(logits, weights_->values());
}

Status Session::UpdateDense(uint32_t stage, uint64_t step, uint64_t planned_steps,
                            std::span<float> gradient) {
  const float factor = ScheduleFactor(config_.model().schedule(), step, planned_steps);
  // A later stage trains weights that no update has moved yet. The first stage goes on with the
  // updates that a checkpoint brought.
  if (stage > 0 && step == 1) updates_ = 0;
  return engine_->ApplyDense({stage, ++updates_, factor}, gradient);
}

Result<DenseState> Session::CaptureDenseState(uint64_t step) {
  RETURN_IF_ERROR(engine_->FetchDense());
  RETURN_IF_ERROR(weights_->CheckFinite());
  return StateOfWeights(step);
}

DenseState Session::StateOfWeights(uint64_t step) {
  DenseState state;
  state.step = step;
  state.updates = updates_;
  state.arrays = WeightArrays(model_.parameters(), weights_->values());
  for (const OptimizerState& array : weights_->state()) {
    for (NamedArray& part : WeightArrays(model_.parameters(), array.values)) {
      part.name = array.name + part.name.substr(kWeightPrefix.size() - 1);
      state.arrays.push_back(std::move(part));
    }
  }
  return state;
}

Status Session::LoadDenseState(const DenseState& state, bool with_optimizer) {
  const ParameterLayout& layout = model_.parameters();
  const auto load = [&](const std::string& prefix, std::span<float> into) -> Status {
    for (const ParameterBlock& block : layout.blocks()) {
      const std::string name = prefix + block.name;
      const NamedArray* found = nullptr;
      for (const NamedArray& array : state.arrays) {
        if (array.name == name) found = &array;
      }
      if (found == nullptr) return FailedPrecondition("the checkpoint has no array " + name);
      if (found->rows != static_cast<uint64_t>(block.rows) ||
          found->cols != static_cast<uint64_t>(block.cols)) {
        return FailedPrecondition(StrCat(name, " is ", found->rows, " x ", found->cols,
                                         " in the checkpoint, ", block.rows, " x ", block.cols,
                                         " in this model"));
      }
      const MatrixView<float> values = block.In(into);
      for (int64_t i = 0; i < block.rows; ++i) {
        std::copy_n(&found->values[static_cast<size_t>(i * block.cols)], block.cols, values.row(i));
      }
    }
    return Status::Ok();
  };
  engine_->ForgetDense();
  RETURN_IF_ERROR(load(std::string(kWeightPrefix), weights_->values()));
  if (!with_optimizer) return Status::Ok();
  for (OptimizerState& array : weights_->state()) {
    RETURN_IF_ERROR(load(array.name + "/", array.values));
  }
  updates_ = state.updates;
  return Status::Ok();
}

Status Session::WaitForRestore(const std::string& folder) {
  std::optional<ProgressLine> line;
  if (environment_.collective->rank() == 0) line.emplace();
  return WaitForFirst(
      environment_.collective, config_.cluster().deadline_seconds(),
      [&](double seconds) -> Result<bool> {
        ASSIGN_OR_RETURN(const bool all, client_->RestoreEnded(seconds));
        if (!all && line->Due()) {
          line->Show(StrCat("reading ", folder, ", for ", ShortTime(line->elapsed_seconds())));
        }
        return all;
      });
}

Result<DenseState> Session::BeginRestore(const std::string& folder,
                                         const CheckpointManifest& manifest, RestoreMode mode,
                                         const std::vector<std::vector<Key>>* only) {
  ASSIGN_OR_RETURN(DenseState state, ReadDenseState(*environment_.files, folder, manifest));
  const auto wire_mode = mode == RestoreMode::kResume      ? wire::RestoreMeta::RESUME
                         : mode == RestoreMode::kWarmStart ? wire::RestoreMeta::WARM_START
                                                           : wire::RestoreMeta::WARM_START_RESET;
  wire::ControlMeta request = RestoreRequest(folder, wire_mode, manifest);
  if (only != nullptr) *request.mutable_restore()->mutable_only() = RestoredKeysOf(tables_, *only);
  client_->BeginRestore(request.SerializeAsString());
  return state;
}

Result<DenseState> Session::FinishRestore(const std::string& folder, const DenseState& state,
                                          bool with_optimizer) {
  RETURN_IF_ERROR(WaitForRestore(folder));
  Collective& collective = *environment_.collective;
  const bool is_first = collective.rank() == 0;
  // Worker 0 alone reads the folder, so that all workers load the same bytes.
  ASSIGN_OR_RETURN(const std::string bytes,
                   collective.Broadcast(is_first ? EncodeDenseState(state) : "", 0));
  ASSIGN_OR_RETURN(DenseState shared, DecodeDenseState(bytes));
  RETURN_IF_ERROR(LoadDenseState(shared, with_optimizer).Annotate(folder));
  return shared;
}

Result<uint64_t> Session::Restore(const std::string& folder) {
  return RestoreRows(folder, nullptr);
}

Result<uint64_t> Session::RestoreRows(const std::string& folder,
                                      const std::vector<std::vector<Key>>* keys) {
  DenseState state;
  if (environment_.collective->rank() == 0) {
    ASSIGN_OR_RETURN(const CheckpointManifest manifest, ReadManifest(*environment_.files, folder));
    ASSIGN_OR_RETURN(state, BeginRestore(folder, manifest, RestoreMode::kResume, keys));
  }
  ASSIGN_OR_RETURN(state, FinishRestore(folder, state, true));
  return state.step;
}

Result<WarmFit> Session::WarmStart(const std::string& folder, bool reset_optimizer) {
  WarmFit fit;
  if (environment_.collective->rank() == 0) {
    ASSIGN_OR_RETURN(const CheckpointManifest manifest, ReadManifest(*environment_.files, folder));
    const auto mode = reset_optimizer ? RestoreMode::kWarmStartReset : RestoreMode::kWarmStart;
    ASSIGN_OR_RETURN(DenseState there, BeginRestore(folder, manifest, mode));
    DenseState here = StateOfWeights(0);
    if (reset_optimizer) {
      for (DenseState* const state : {&there, &here}) {
        std::erase_if(state->arrays, [](const NamedArray& array) {
          return !array.name.starts_with(kWeightPrefix);
        });
      }
    }
    std::vector<std::string> tables;
    for (const TableSpec& table : tables_) tables.push_back(table.name);
    ASSIGN_OR_RETURN(
        fit, FitState(there, manifest, config_, tables, schema_, model_.inputs, std::move(here)));
  }
  RETURN_IF_ERROR(FinishRestore(folder, fit.state, !reset_optimizer).status());
  return fit;
}

}  // namespace chorus::worker
