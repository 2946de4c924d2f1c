#include "worker/servers/ps_client.h"

#include <chrono>
#include <map>
#include <thread>
#include <utility>

#include "common/check.h"
#include "common/job.h"
#include "common/strings.h"
#include "common/trace.h"
#include "common/wire.pb.h"
#include "worker/servers/frame_maker.h"
#include "worker/servers/key_segments.h"
#include "worker/servers/reply_rows.h"
#include "worker/servers/server_calls.h"
#include "worker/servers/snapshot_progress.h"

namespace chorus::worker {
namespace {

constexpr std::chrono::milliseconds kPollPause{10};  // between two questions about a snapshot

std::vector<uint32_t> DimsOf(const std::vector<TableSpec>& tables) {
  std::vector<uint32_t> dims;
  for (const TableSpec& table : tables) dims.push_back(table.config.dim());
  return dims;
}

class PsClientImpl : public PsClient {
 public:
  PsClientImpl(const PsClientOptions& options, const std::vector<TableSpec>& tables,
               std::vector<std::unique_ptr<Channel>> servers);

  Status Send(uint64_t step, const std::vector<TableKeys>& keys,
              std::unique_ptr<StepGradients> gradients, const SnapshotRequest* snapshot) override;
  Result<std::shared_ptr<const PulledRows>> Wait(uint64_t step) override;
  Status ContinueAfter(uint64_t step, bool tells) override;
  Status Ping() override { return PollSnapshot(0); }
  Result<std::shared_ptr<const PulledRows>> Read(const std::vector<TableKeys>& keys) override;
  Result<std::vector<SnapshotFile>> SnapshotFiles(uint64_t step, bool wait) override;
  void BeginRestore(const std::string& control_meta) override;
  Result<bool> RestoreEnded(double seconds) override;
  uint64_t bytes_sent() const override { return bytes_sent_; }
  uint64_t bytes_received() const override { return bytes_received_; }
  uint64_t frames_sent() const override { return frames_sent_; }
  uint64_t frames_received() const override { return frames_received_; }

 private:
  struct StepInFlight {
    // Kept when the step has been waited for: the gradients to come are cut by the same segments.
    KeySegments segments;
    std::shared_ptr<ServerCalls> calls;  // null once the step has been waited for
  };

  uint32_t server_count() const { return static_cast<uint32_t>(servers_.size()); }
  wire::JobMeta JobFor(uint32_t server) const;
  // seconds: what the server may take.
  void Call(uint32_t server, Frame frame, const std::shared_ptr<ServerCalls>& calls,
            double seconds);
  Result<std::vector<Frame>> WaitFor(ServerCalls* calls, FrameType type);
  Status PollSnapshot(uint64_t step);  // asks every server about its part
  Status FailureOfSteps() const;       // that nobody has waited for yet

  const PsClientOptions options_;
  const std::vector<uint32_t> dims_;
  wire::JobMeta job_;
  std::map<uint64_t, StepInFlight> steps_;
  uint32_t continuations_ = 0;
  std::shared_ptr<ServerCalls> restore_;  // the restore under way; null if there is none
  SnapshotProgress snapshots_;
  FrameMaker maker_;
  uint64_t bytes_sent_ = 0;
  uint64_t bytes_received_ = 0;
  uint64_t frames_sent_ = 0;
  uint64_t frames_received_ = 0;
  // The last member, so that it ends first. Callbacks that still come hold their ServerCalls.
  std::vector<std::unique_ptr<Channel>> servers_;
};

PsClientImpl::PsClientImpl(const PsClientOptions& options, const std::vector<TableSpec>& tables,
                           std::vector<std::unique_ptr<Channel>> servers)
    : options_(options),
      dims_(DimsOf(tables)),
      snapshots_(servers.size()),
      maker_(dims_, static_cast<uint32_t>(servers.size()), options.shards, options.pool),
      servers_(std::move(servers)) {
  job_.set_servers(server_count());
  job_.set_workers(options.workers);
  job_.set_shards(options.shards);
  job_.set_pull_ahead(options.pull_ahead);
  job_.set_grains_per_step(options.grains_per_step);
  job_.set_seed(options.seed);
  job_.set_tables(TablesFingerprint(tables));
}

wire::JobMeta PsClientImpl::JobFor(uint32_t server) const {
  wire::JobMeta job = job_;
  job.set_server(server);
  return job;
}

// Everything that keys and gradients view is copied into the frame before the frame is handed over:
// the caller may use its memory again at once, while the channel keeps the frame to repeat it, with
// the same bytes, until the reply is there. That is the client's part of "exactly once".
Status PsClientImpl::Send(uint64_t step, const std::vector<TableKeys>& keys,
                          std::unique_ptr<StepGradients> gradients,
                          const SnapshotRequest* snapshot) {
  CHECK(keys.size() == dims_.size(), "tables=", keys.size());
  const uint64_t lag = 1 + uint64_t{options_.pull_ahead};
  const KeySegments* gradient_segments = nullptr;
  if (gradients != nullptr) {
    const auto found = step > lag ? steps_.find(step - lag) : steps_.end();
    if (found == steps_.end()) {
      return FailedPrecondition(
          StrCat("gradients come with step ", step, " whose keys were never sent"));
    }
    gradient_segments = &found->second.segments;
  }
  StepInFlight in_flight{KeySegments(keys, server_count(), options_.shards),
                         std::make_shared<ServerCalls>(servers_.size())};
  for (uint32_t server = 0; server < server_count(); ++server) {
    const TraceSpan span("make frame", "server", server);
    wire::StepMeta meta;
    *meta.mutable_job() = JobFor(server);
    meta.set_worker(options_.worker);
    meta.set_step(step);
    meta.set_continuation(continuations_);
    Frame frame{FrameType::kStep, "", {}};
    maker_.AddKeys(keys, in_flight.segments, server, &frame);
    if (gradients != nullptr)
      maker_.AddGradients(*gradients, *gradient_segments, server, &meta, &frame);
    if (snapshot != nullptr) {
      meta.mutable_snapshot()->set_step(snapshot->step);
      meta.mutable_snapshot()->set_directory(snapshot->directory);
    }
    frame.meta = meta.SerializeAsString();
    RETURN_IF_ERROR(maker_.CopyAll());
    Call(server, std::move(frame), in_flight.calls, options_.deadline_seconds);
  }
  // The gradients of step - lag are sent; those of the steps after it are to come.
  steps_.erase(steps_.begin(), steps_.lower_bound(step > lag ? step - lag + 1 : 0));
  steps_[step] = std::move(in_flight);
  return Status::Ok();
}

// The callback runs on a transport thread, perhaps after the waiting has ended with an error or a
// deadline: it holds the calls, and nothing of this object.
void PsClientImpl::Call(uint32_t server, Frame frame, const std::shared_ptr<ServerCalls>& calls,
                        double seconds) {
  ++frames_sent_;
  bytes_sent_ += frame.payload_bytes();
  servers_[server]->CallAsync(std::move(frame), CallSeconds(seconds),
                              [calls, server](Result<Frame> reply) {
                                const TraceSpan span("take reply", "server", server);
                                if (reply.ok()) {
                                  if (Status status = StatusOfFrame(*reply); !status.ok())
                                    reply = status;
                                }
                                calls->Set(server, std::move(reply));
                              });
}

// Every call ends by itself, at the latest at its deadline. This wait is twice as long: it ends
// only if a transport does not keep its word, and a trainer must not wait for ever even then.
Result<std::vector<Frame>> PsClientImpl::WaitFor(ServerCalls* calls, FrameType type) {
  ASSIGN_OR_RETURN(std::vector<Frame> replies,
                   calls->Wait(2 * CallSeconds(options_.deadline_seconds)));
  for (size_t server = 0; server < replies.size(); ++server) {
    ++frames_received_;
    bytes_received_ += replies[server].payload_bytes();
    if (replies[server].type != type) {
      return Internal(StrCat("server ", server, " answered with a frame of type ",
                             static_cast<int>(replies[server].type)));
    }
  }
  return replies;
}

Result<std::shared_ptr<const PulledRows>> PsClientImpl::Wait(uint64_t step) {
  const auto found = steps_.find(step);
  CHECK(found != steps_.end() && found->second.calls != nullptr, "step=", step);
  const std::shared_ptr<ServerCalls> calls = std::move(found->second.calls);
  auto replies = WaitFor(calls.get(), FrameType::kStepReply);
  if (!replies.ok()) return replies.status().Annotate(StrCat("step ", step));
  for (size_t server = 0; server < replies->size(); ++server) {
    wire::StepReplyMeta meta;
    if (!meta.ParseFromString((*replies)[server].meta) || meta.step() != step) {
      return Internal(
          StrCat("server ", server, " answered step ", step, " with a reply to another"));
    }
    if (meta.has_snapshot()) snapshots_.SetEnded(server, meta.snapshot());
  }
  return MakeReplyRows(found->second.segments, std::move(*replies), dims_, false);
}

Result<std::shared_ptr<const PulledRows>> PsClientImpl::Read(const std::vector<TableKeys>& keys) {
  const KeySegments segments(keys, server_count(), options_.shards);
  const auto calls = std::make_shared<ServerCalls>(servers_.size());
  for (uint32_t server = 0; server < server_count(); ++server) {
    wire::ReadMeta meta;
    *meta.mutable_job() = JobFor(server);
    Frame frame{FrameType::kRead, meta.SerializeAsString(), {}};
    maker_.AddKeys(keys, segments, server, &frame);
    RETURN_IF_ERROR(maker_.CopyAll());
    Call(server, std::move(frame), calls, options_.deadline_seconds);
  }
  ASSIGN_OR_RETURN(std::vector<Frame> replies, WaitFor(calls.get(), FrameType::kReadReply));
  return MakeReplyRows(segments, std::move(replies), dims_, true);
}

void PsClientImpl::BeginRestore(const std::string& control_meta) {
  restore_ = std::make_shared<ServerCalls>(servers_.size());
  for (uint32_t server = 0; server < server_count(); ++server) {
    Call(server, Frame{FrameType::kControl, control_meta, {}}, restore_, options_.storage_seconds);
  }
}

Result<bool> PsClientImpl::RestoreEnded(double seconds) {
  CHECK(restore_ != nullptr);
  if (!restore_->Ended(seconds)) return false;
  const std::shared_ptr<ServerCalls> calls = std::move(restore_);
  RETURN_IF_ERROR(WaitFor(calls.get(), FrameType::kControlReply).status());
  return true;
}

Status PsClientImpl::ContinueAfter(uint64_t step, bool tells) {
  steps_.clear();
  ++continuations_;
  if (!tells) return Status::Ok();
  wire::ControlMeta meta;
  meta.mutable_continuation()->set_step(step);
  meta.mutable_continuation()->set_number(continuations_);
  const auto calls = std::make_shared<ServerCalls>(servers_.size());
  for (uint32_t server = 0; server < server_count(); ++server) {
    Call(server, Frame{FrameType::kControl, meta.SerializeAsString(), {}}, calls,
         options_.deadline_seconds);
  }
  return WaitFor(calls.get(), FrameType::kControlReply).status();
}

Status PsClientImpl::PollSnapshot(uint64_t step) {
  wire::ControlMeta meta;
  meta.mutable_snapshot_status()->set_step(step);
  const auto calls = std::make_shared<ServerCalls>(servers_.size());
  for (uint32_t server = 0; server < server_count(); ++server) {
    Call(server, Frame{FrameType::kControl, meta.SerializeAsString(), {}}, calls,
         options_.deadline_seconds);
  }
  ASSIGN_OR_RETURN(const std::vector<Frame> replies,
                   WaitFor(calls.get(), FrameType::kControlReply));
  for (size_t server = 0; server < replies.size(); ++server) {
    wire::ControlReplyMeta reply;
    if (!reply.ParseFromString(replies[server].meta)) {
      return Internal(StrCat("server ", server, ": bad reply"));
    }
    if (reply.snapshot().finished() || reply.snapshot().has_error()) {
      snapshots_.SetEnded(server, reply.snapshot());
    }
  }
  return Status::Ok();
}

Status PsClientImpl::FailureOfSteps() const {
  for (const auto& [step, in_flight] : steps_) {
    if (in_flight.calls == nullptr) continue;
    const Status status = in_flight.calls->error();
    if (!status.ok()) return status.Annotate(StrCat("step ", step));
  }
  return Status::Ok();
}

// Servers begin a snapshot with the frames of a step. One that fails, since a worker is gone, is the
// end of this wait, too, which may be far longer than a step's.
Result<std::vector<SnapshotFile>> PsClientImpl::SnapshotFiles(uint64_t step, bool wait) {
  const auto deadline =
      std::chrono::steady_clock::now() + std::chrono::duration<double>(options_.storage_seconds);
  while (wait && !snapshots_.Ended(step)) {
    RETURN_IF_ERROR(PollSnapshot(step));
    if (snapshots_.Ended(step)) break;
    RETURN_IF_ERROR(FailureOfSteps());
    if (std::chrono::steady_clock::now() > deadline) {
      return DeadlineExceeded(StrCat("the snapshot of step ", step, " did not end within ",
                                     options_.storage_seconds, " s on ",
                                     snapshots_.UnderWay(step)));
    }
    std::this_thread::sleep_for(kPollPause);
  }
  return snapshots_.Files(step);
}

}  // namespace

double CallSeconds(double deadline_seconds) { return 1.25 * deadline_seconds + 0.5; }

std::unique_ptr<PsClient> PsClient::Create(const PsClientOptions& options,
                                           const std::vector<TableSpec>& tables,
                                           std::vector<std::unique_ptr<Channel>> servers) {
  CHECK(!servers.empty() && !tables.empty() && options.workers > 0 && options.shards > 0 &&
        options.grains_per_step > 0 && options.deadline_seconds > 0 && options.storage_seconds > 0);
  return std::make_unique<PsClientImpl>(options, tables, std::move(servers));
}

}  // namespace chorus::worker
