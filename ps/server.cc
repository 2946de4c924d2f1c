#include "ps/server.h"

#include <algorithm>
#include <utility>

#include "common/check.h"
#include "common/job.h"
#include "common/strings.h"
#include "common/thread.h"
#include "ps/server_impl.h"

namespace chorus::ps {
namespace {

wire::JobMeta JobOf(const ServerOptions& options, const std::vector<TableSpec>& tables) {
  wire::JobMeta job;
  job.set_server(options.server);
  job.set_servers(options.servers);
  job.set_workers(options.workers);
  job.set_shards(options.shards);
  job.set_pull_ahead(options.pull_ahead);
  job.set_grains_per_step(options.grains_per_step);
  job.set_seed(options.seed);
  job.set_tables(TablesFingerprint(tables));
  return job;
}

}  // namespace

ServerImpl::ServerImpl(const ServerOptions& options, const std::vector<TableSpec>& tables,
                       FileSystem& files)
    : options_(options),
      files_(files),
      shape_(JobOf(options, tables), tables),
      budget_(options.memory_mb << 20),
      steps_(&shape_),
      writer_(std::make_unique<SnapshotWriter>(files)) {
  for (const TableSpec& table : tables) types_.emplace_back(options.seed, table);
  // A server without a shard (more servers than shards) still needs an owner to answer steps.
  const uint32_t threads = std::max(1u, std::min(options.threads, shape_.local_shards()));
  for (uint32_t i = 0; i < threads; ++i) {
    const auto cut = [&](uint64_t part) {
      return static_cast<uint32_t>(part * shape_.local_shards() / threads);
    };
    owners_.push_back(std::make_unique<ShardOwner>(cut(i), cut(i + 1), &shape_, &types_, &budget_,
                                                   writer_.get(),
                                                   options.snapshot_side_bytes / threads));
  }
}

Status ServerImpl::Start() {
  RETURN_IF_ERROR(writer_->Start());
  for (size_t i = 0; i < owners_.size(); ++i) {
    RETURN_IF_ERROR(owners_[i]->Start(
        StrCat("cluster.server_threads: thread ", i + 1, " of ", owners_.size())));
  }
  ASSIGN_OR_RETURN(watch_, StartThread("server watch", "the watch of a server's deadlines",
                                       [this] { Watch(); }));
  return Status::Ok();
}

ServerImpl::~ServerImpl() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  stop_watch_.notify_all();
  if (watch_.joinable()) watch_.join();
  // Owners end before anything that their jobs use. A read or a restore that they drop answers by
  // itself (Answer); the responders of steps are still held, and are answered here.
  owners_.clear();
  std::vector<Responder> waiting;
  {
    MutexLock lock(mutex_);
    waiting.swap(also_restoring_);
    for (const auto& [step, state] : steps_.all()) {
      for (WorkerStep& worker : state->workers)
        std::move(worker.waiting.begin(), worker.waiting.end(), std::back_inserter(waiting));
    }
  }
  for (Responder& respond : waiting)
    respond(MakeErrorFrame(Aborted(shape_.name() + " is shutting down")));
}

void ServerImpl::Handle(Frame request, Responder respond) {
  switch (request.type) {
    case FrameType::kStep:
      return HandleStep(std::move(request), std::move(respond));
    case FrameType::kRead:
      return HandleRead(std::move(request), std::move(respond));
    case FrameType::kControl:
      return HandleControl(std::move(request), std::move(respond));
    case FrameType::kError:
    case FrameType::kStepReply:
    case FrameType::kReadReply:
    case FrameType::kControlReply:
      break;
  }
  // A peer wrote the type: it may be a number that has no name here.
  respond(MakeErrorFrame(InvalidArgument(
      StrCat(shape_.name(), " does not answer frames of type ", static_cast<int>(request.type)))));
}

void ServerImpl::HandleRead(Frame frame, Responder respond) {
  auto request = ParseRead(std::move(frame), shape_);
  if (!request.ok()) return respond(MakeErrorFrame(request.status()));
  // A read's reply says of each key whether it was seen.
  if (Status status = CheckReplyBytes((*request)->tables, shape_, /*bytes_beside_a_row=*/1,
                                      options_.max_reply_bytes);
      !status.ok()) {
    return respond(MakeErrorFrame(status));
  }
  auto work = std::make_shared<SharedWork>(std::move(respond), owners_.size());
  auto rows = std::make_shared<std::vector<ByteArray>>(AllocateRead((*request)->tables, shape_));
  for (auto& owner : owners_) {
    owner->Post([request = *request, rows, work](ShardOwner& here) {
      for (const Shard& shard : here.shards()) shard.Read(*request, *rows);
      if (work->IsLast()) work->answer.Send({FrameType::kReadReply, "", std::move(*rows)});
    });
  }
}

Result<std::unique_ptr<Server>> Server::Create(const ServerOptions& options,
                                               const std::vector<TableSpec>& tables,
                                               FileSystem& files) {
  CHECK(options.server < options.servers && options.workers > 0 && options.shards > 0 &&
        options.threads > 0 && options.grains_per_step > 0 && options.deadline_seconds > 0 &&
        options.max_reply_bytes > 0 && !tables.empty());
  auto server = std::make_unique<ServerImpl>(options, tables, files);
  RETURN_IF_ERROR(server->Start());
  return std::unique_ptr<Server>(std::move(server));
}

}  // namespace chorus::ps
