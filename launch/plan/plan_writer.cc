#include "launch/plan/plan_writer.h"

#include <algorithm>
#include <utility>

#include "common/strings.h"
#include "common/tree.h"
#include "launch/plan/server_memory.h"
#include "ps/table_type.h"

namespace chorus::launch {
namespace {

void AddTraffic(const FrameCount& count, double share, PlanTraffic* traffic) {
  traffic->set_messages(traffic->messages() + share * static_cast<double>(count.frames));
  traffic->set_bytes(traffic->bytes() + share * static_cast<double>(count.bytes));
  traffic->set_wire_bytes(traffic->wire_bytes() + share * static_cast<double>(count.wire_bytes));
}

void AddOther(const PlanTraffic& other, PlanTraffic* traffic) {
  traffic->set_messages(traffic->messages() + other.messages());
  traffic->set_bytes(traffic->bytes() + other.bytes());
  traffic->set_wire_bytes(traffic->wire_bytes() + other.wire_bytes());
}

}  // namespace

PlanWriter::PlanWriter(const PlannedJob& job, const Layouts& at, JobPlan* plan, StepWork* work)
    : job_(job),
      at_(at),
      on_devices_(SumsOnDevices(job.config, at.layout)),
      plan_(plan),
      work_(work),
      server_ranks_(at.layout.servers()) {
  for (uint32_t s = 0; s < at.layout.servers(); ++s) {
    server_ranks_[s].set_name(StrCat("server ", s));
    server_ranks_[s].set_host(at.hosts.OfServer(s));
    work_->servers.emplace_back().host = at.hosts.OfServer(s);
  }
}

void PlanWriter::AddRun(uint32_t w, const WorkerTrace& trace, const SumsOfWorker& sums,
                        PlanRank* rank) const {
  FrameCount sent, received;
  for (const StepLoad& load : trace) {
    for (const FrameCount& count : load.sent) sent += count;
    for (const FrameCount& count : load.received) received += count;
  }
  PlanRun* const run = rank->mutable_run();
  const uint64_t steps = job_.data.last_step;
  run->set_steps(steps);
  run->set_frames_sent(sent.frames);
  run->set_bytes_sent(sent.bytes);
  run->set_frames_received(received.frames);
  run->set_bytes_received(received.bytes);
  worker::SumTraffic sent_in_sums = sums.first;
  for (uint64_t step = 1; step <= steps; ++step) {
    sent_in_sums +=
        SumsOf(job_, w, at_.layout.workers(), job_.data.stages.StageOf(step), on_devices_).step;
  }
  run->set_sum_messages_sent(sent_in_sums.messages);
  run->set_sum_bytes_sent(sent_in_sums.bytes);
}

void PlanWriter::AddSums(uint32_t w, const SumsOfWorker& sums, PlanRank* rank,
                         WorkerWork* work) const {
  const uint32_t workers = at_.layout.workers();
  rank->mutable_sums_sent()->set_messages(static_cast<double>(sums.step.messages));
  rank->mutable_sums_sent()->set_bytes(static_cast<double>(sums.step.bytes));
  work->sums = workers > 1 ? sums.sums : 0;
  work->sum_messages = static_cast<double>(sums.step.messages);
  work->sum_bytes = static_cast<double>(sums.step.bytes);
  work->added_bytes = sums.share_bytes;
  uint32_t away = 0;
  for (uint32_t other = 0; other < workers; ++other) {
    if (at_.hosts.OfWorker(other) != at_.hosts.OfWorker(w)) ++away;
  }
  if (workers > 1) work->sum_away = work->sum_bytes * away / (workers - 1);
}

// Adds `share` of the frame to the mean frame with keys and gradients that worker w sends.
void PlanWriter::AddFrame(uint32_t w, const StepLoad& load, double share, PlanRank* rank,
                          WorkerHolds* holds) {
  WorkerWork& work = work_->workers.back();
  double frame_bytes = 0, gradient_bytes = 0;
  for (uint32_t s = 0; s < load.sent.size(); ++s) {
    const double sent = share * static_cast<double>(load.sent[s].wire_bytes);
    const double received = share * static_cast<double>(load.received[s].wire_bytes);
    AddTraffic(load.sent[s], share, rank->mutable_sent());
    AddTraffic(load.received[s], share, rank->mutable_received());
    AddTraffic(load.sent[s], share, server_ranks_[s].mutable_received());
    AddTraffic(load.received[s], share, server_ranks_[s].mutable_sent());
    ServerWork& server = work_->servers[s];
    server.rows += share * static_cast<double>(load.rows[s] + load.gradient_rows[s]);
    gradient_bytes += static_cast<double>(load.sent[s].bytes);
    frame_bytes += static_cast<double>(load.sent[s].bytes + load.received[s].bytes);
    // If ranks are colocated, a rank's own server gets its frames in memory.
    if (at_.colocated && s == w) continue;
    work.bytes_sent += sent;
    work.bytes_received += received;
    server.bytes_received += sent;
    server.bytes_sent += received;
    if (server.host == work.host) continue;
    work.away_sent += sent;
    work.away_received += received;
    server.away_received += sent;
    server.away_sent += received;
  }
  holds->gradient_bytes = std::max(holds->gradient_bytes, gradient_bytes);
  holds->frame_bytes = std::max(holds->frame_bytes, frame_bytes);
}

void PlanWriter::AddWorker(uint32_t w, const WorkerTrace& trace) {
  const SumsOfWorker sums =
      SumsOf(job_, w, at_.layout.workers(), job_.data.stages.StageOf(1), on_devices_);
  PlanRank& rank = worker_ranks_.emplace_back();
  rank.set_name(StrCat("worker ", w));
  rank.set_host(at_.hosts.OfWorker(w));
  WorkerWork& work = work_->workers.emplace_back();
  work.host = rank.host();
  work.grains =
      GrainsOfWorker(w, at_.layout.workers(), job_.config.step().grains_per_step()).size();
  work.parameters = static_cast<double>(job_.model.parameters().size());
  WorkerHolds holds{.grains = work.grains,
                    .nodes = sums.nodes,
                    .all_nodes = sums.all_nodes,
                    .workers = at_.layout.workers(),
                    .threads = at_.layout.threads(),
                    .reader_threads = work_->reader_threads,
                    .on_device = !at_.layout.gpu().empty()};
  // The frames of a step under way have both, keys and gradients.
  const uint64_t first = 1 + job_.config.step().pull_ahead(), last = job_.data.last_step;
  const auto steps = static_cast<double>(last);
  const double frame_share = 1.0 / static_cast<double>(last - first);
  double exposures = 0, contexts = 0;
  for (uint64_t i = 0; i < last; ++i) {
    const StepLoad& load = trace[i];
    rank.set_exposures(rank.exposures() + static_cast<double>(load.exposures) / steps);
    rank.set_flops(rank.flops() + load.flops / steps);
    holds.batch_bytes = std::max(holds.batch_bytes, static_cast<double>(load.batch_bytes));
    holds.grain_gradient_bytes =
        std::max(holds.grain_gradient_bytes, static_cast<double>(load.grain_gradient_bytes));
    exposures += static_cast<double>(load.exposures);
    contexts += static_cast<double>(load.contexts);
    holds.exposure_bytes += static_cast<double>(load.exposure_bytes);
    holds.context_bytes += static_cast<double>(load.context_bytes);
    if (i >= first) AddFrame(w, load, frame_share, &rank, &holds);
  }
  holds.exposure_bytes /= std::max(1.0, exposures);
  holds.context_bytes /= std::max(1.0, contexts);
  work.exposures = rank.exposures();
  work.flops = rank.flops();
  AddSums(w, sums, &rank, &work);
  AddRun(w, trace, sums, &rank);
  for (PlanPart& part : WorkerMemory(job_, holds)) *rank.add_memory() = std::move(part);
}

void PlanWriter::AddServerMemory(const std::vector<KeySketch>& ids) {
  const uint32_t shards = job_.config.cluster().shards();
  const uint32_t servers = at_.layout.servers();
  std::vector<double> keys;
  for (const KeySketch& sketch : ids) keys.push_back(sketch.Estimate());
  for (size_t instance = 0; instance < job_.tables.size(); ++instance) {
    const ps::TableType type(job_.config.seed(), job_.tables[instance]);
    PlanTable* const table = plan_->add_table();
    table->set_name(job_.tables[instance].name);
    table->set_row_bytes(type.layout.stride_bytes());
    if (ids.empty()) continue;
    const double of_table = keys[instance % keys.size()];
    table->set_ids(of_table);
    const double shard_bytes = MeanShardBytes(of_table, shards, type.layout.stride_bytes());
    for (uint32_t s = 0; s < servers; ++s) {
      const uint64_t own = uint64_t{s + 1} * shards / servers - uint64_t{s} * shards / servers;
      PlanPart* const part = server_ranks_[s].add_memory();
      part->set_name(StrCat("rows of ", table->name()));
      part->set_bytes(static_cast<uint64_t>(shard_bytes * static_cast<double>(own)));
      server_ranks_[s].set_rows(server_ranks_[s].rows() +
                                of_table * static_cast<double>(own) / shards);
    }
  }
  const double held = 2 + job_.config.step().pull_ahead();
  for (PlanRank& server : server_ranks_) {
    PlanPart* const frames = server.add_memory();
    frames->set_name("frames");
    frames->set_bytes(
        static_cast<uint64_t>(held * (server.sent().bytes() + server.received().bytes())));
  }
}

// A rank that serves and works: the memory, rows and frames of both.
PlanRank PlanWriter::BothOf(uint32_t rank) const {
  const PlanRank& server = server_ranks_[rank];
  PlanRank both = worker_ranks_[rank];
  both.set_name(StrCat("server ", rank, " and worker ", rank));
  for (const PlanPart& part : server.memory()) *both.add_memory() = part;
  both.set_rows(server.rows());
  both.set_server_rows(server.server_rows());
  AddOther(server.sent(), both.mutable_sent());
  AddOther(server.received(), both.mutable_received());
  return both;
}

// Ranks in their order, sums of their parts.
void PlanWriter::Finish(const std::vector<KeySketch>& ids) {
  AddServerMemory(ids);
  for (uint32_t s = 0; s < server_ranks_.size(); ++s) {
    server_ranks_[s].set_server_rows(work_->servers[s].rows);
    if (at_.colocated) continue;
    PlanPart* const process = server_ranks_[s].add_memory();
    process->set_name("process");
    process->set_bytes(kProcessBytes);
    *plan_->add_rank() = server_ranks_[s];
  }
  for (uint32_t w = 0; w < worker_ranks_.size(); ++w) {
    *plan_->add_rank() = at_.colocated ? BothOf(w) : worker_ranks_[w];
  }
  for (PlanRank& rank : *plan_->mutable_rank()) {
    uint64_t bytes = 0;
    for (const PlanPart& part : rank.memory()) bytes += part.bytes();
    rank.set_memory_bytes(bytes);
  }
}

}  // namespace chorus::launch
