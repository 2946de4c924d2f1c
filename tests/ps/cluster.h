#pragma once
// A whole cluster in one process for the tests of servers and client: servers behind channels that
// call them directly, and workers with made-up keys and gradients, which are a function of (step,
// grain, key), so that any layout trains on the same numbers.
// Thread safety: the test's thread.

#include <algorithm>
#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/file.h"
#include "common/random.h"
#include "common/strings.h"
#include "common/tree.h"
#include "ps/server.h"
#include "ps/shard_file.h"
#include "tests/ps/test_tables.h"
#include "worker/servers/ps_client.h"

namespace chorus::ps::testing {

// Calls a server of the same process. `twice`: every request is delivered a second time.
class DirectChannel : public Channel {
 public:
  DirectChannel(Server* server, bool twice) : server_(server), twice_(twice) {}
  void CallAsync(Frame request, double, ReplyCallback done) override {
    auto first = std::make_shared<std::atomic<bool>>(true);
    const Responder respond = [done, first](Frame reply) {
      if (first->exchange(false)) done(std::move(reply));
    };
    if (twice_) server_->Handle(request, respond);
    server_->Handle(std::move(request), respond);
  }

 private:
  Server* server_;
  bool twice_;
};

struct Layout {
  uint32_t workers = 1;
  uint32_t servers = 1;
  uint32_t threads = 1;
  uint32_t pull_ahead = 0;
  uint32_t shards = 8;
  bool twice = false;
};

constexpr uint32_t kGrains = 8;

class Cluster {
 public:
  Cluster(const Layout& layout, const std::vector<TableSpec>& tables, FileSystem& files,
          double deadline_seconds = 20)
      : layout_(layout), tables_(tables) {
    ServerOptions options;
    options.servers = layout.servers;
    options.workers = layout.workers;
    options.shards = layout.shards;
    options.threads = layout.threads;
    options.pull_ahead = layout.pull_ahead;
    options.grains_per_step = kGrains;
    options.seed = kSeed;
    options.deadline_seconds = deadline_seconds;
    options.max_reply_bytes = 1 << 30;
    options.snapshot_side_bytes = 2000;
    for (options.server = 0; options.server < layout.servers; ++options.server) {
      servers_.push_back(Server::Create(options, tables, files).value());
    }
    worker::PsClientOptions client;
    client.workers = layout.workers;
    client.shards = layout.shards;
    client.pull_ahead = layout.pull_ahead;
    client.grains_per_step = kGrains;
    client.seed = kSeed;
    client.deadline_seconds = deadline_seconds;
    client.storage_seconds = 60;
    for (client.worker = 0; client.worker < layout.workers; ++client.worker) {
      std::vector<std::unique_ptr<Channel>> channels;
      for (auto& server : servers_)
        channels.push_back(std::make_unique<DirectChannel>(server.get(), layout.twice));
      clients_.push_back(worker::PsClient::Create(client, tables, std::move(channels)));
    }
    gradients_.resize(layout.workers);
  }

  worker::PsClient& client(uint32_t worker) { return *clients_[worker]; }
  Server& server(uint32_t server) { return *servers_[server]; }

  // The keys that a grain looks up in a step.
  std::vector<Key> GrainKeys(uint64_t step, uint32_t table, uint32_t grain) const {
    std::vector<Key> keys;
    for (uint32_t i = 0; i < 12; ++i) {
      const uint64_t bits = Random(kSeed, RandomPurpose::kTest, step, table, grain, i);
      const uint64_t id = ToBelow(bits, 60);
      keys.push_back(id == 0 ? 0 : id == 1 ? ~0ull : MakeKey(table, id));
    }
    std::sort(keys.begin(), keys.end());
    keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
    return keys;
  }

  // All keys of a worker's grains as a client sends them.
  std::vector<worker::TableKeys> KeysOf(uint64_t step, uint32_t worker, bool empty = false) const {
    std::vector<worker::TableKeys> out(tables_.size());
    const GrainRange grains = GrainsOfWorker(worker, layout_.workers, kGrains);
    for (uint32_t table = 0; table < tables_.size(); ++table) {
      std::map<uint32_t, std::map<Key, bool>> by_shard;
      for (uint32_t grain = grains.begin; grain < grains.end && !empty; ++grain) {
        for (Key key : GrainKeys(step, table, grain))
          by_shard[ShardOf(key, layout_.shards)][key] = true;
      }
      out[table].shard_counts.resize(layout_.shards);
      for (const auto& [shard, keys] : by_shard) {
        out[table].shard_counts[shard] = static_cast<uint32_t>(keys.size());
        for (const auto& [key, used] : keys) out[table].keys.push_back(key);
      }
    }
    return out;
  }

  // Trains steps (from, to] and applies all their gradients. `from`: 0, or the step of the restore
  // before. Asks for a snapshot of `snapshot_step`, unless that is 0.
  Status Train(uint64_t from, uint64_t to, uint64_t snapshot_step = 0,
               const std::string& directory = "") {
    const uint64_t lag = 1 + layout_.pull_ahead;
    for (uint64_t step = from + 1; step <= to + lag; ++step) {
      for (uint32_t w = 0; w < layout_.workers; ++w) {
        std::unique_ptr<worker::StepGradients> gradients;
        if (step > from + lag) gradients = std::move(gradients_[w][step - lag]);
        worker::SnapshotRequest snapshot{step - lag, directory};
        const bool wanted = snapshot_step > 0 && step == snapshot_step + lag;
        RETURN_IF_ERROR(clients_[w]->Send(step, KeysOf(step, w, step > last_step_),
                                          std::move(gradients), wanted ? &snapshot : nullptr));
      }
      for (uint32_t w = 0; w < layout_.workers; ++w) {
        ASSIGN_OR_RETURN(auto rows, clients_[w]->Wait(step));
        gradients_[w][step] = MakeGradients(step, w, *rows);
      }
    }
    return Status::Ok();
  }
  // Steps after it look up no key.
  void set_last_step(uint64_t step) { last_step_ = step; }
  // From the gradients of `step` on, table 0 is frozen.
  void set_frozen_from(uint64_t step) { frozen_from_ = step; }

  // Calls visit(table, row) for every row of a snapshot.
  template <typename Visit>
  static Status ForEachRow(FileSystem& files, const std::string& directory, uint32_t shards,
                           Visit&& visit) {
    for (uint32_t shard = 0; shard < shards; ++shard) {
      const std::string path = JoinPath(directory, ShardFileName(shard));
      ASSIGN_OR_RETURN(const auto file, ShardFile::Open(files, path));
      RETURN_IF_ERROR(file->Verify().status());
      for (uint32_t t = 0; t < file->tables().size(); ++t) {
        auto cursor = file->Rows(t);
        ShardRow row;
        while (cursor.Next(&row)) visit(file->tables()[t], row);
        RETURN_IF_ERROR(cursor.status());
      }
    }
    return Status::Ok();
  }

  // The bytes of a snapshot, which do not depend on the layout: every row by table and key.
  static std::string Canonical(FileSystem& files, const std::string& directory, uint32_t shards) {
    std::map<std::pair<std::string, Key>, std::string> rows;
    const auto add = [&](const ShardFileTable& table, const ShardRow& row) {
      std::string& bytes = rows[{table.name, row.key}];
      bytes += StrCat(row.count, " ", row.last_step, " ");
      bytes.append(reinterpret_cast<const char*>(row.weights),
                   (table.dim + table.state_floats) * 4);
    };
    if (const Status read = ForEachRow(files, directory, shards, add); !read.ok()) {
      return read.ToString();
    }
    std::string all;
    for (const auto& [key, bytes] : rows)
      all += StrCat(key.first, " ", key.second, " ", bytes, "\n");
    return all;
  }

  // From now on gradients are small multiples of 1/8 and learning rates have the factor 1, so that
  // sums of gradients are exact.
  void set_exact(bool exact) { exact_ = exact; }
  double pushed_sum() const { return pushed_sum_; }  // of all values of all gradients so far

 private:
  // Gradients per grain are a function of (step, grain, key) and the pulled weight; a node's are
  // summed in the tree.
  std::unique_ptr<worker::StepGradients> MakeGradients(uint64_t step, uint32_t w,
                                                       const worker::PulledRows& rows) {
    auto out = std::make_unique<worker::StepGradients>();
    out->lr_factors.assign(tables_.size(), exact_ ? 1.0f : 1.0f / static_cast<float>(1 + step % 3));
    out->tables.resize(tables_.size());
    if (step > last_step_) return out;
    const auto keys = KeysOf(step, w);
    const bool frozen = step >= frozen_from_;
    if (frozen) out->frozen_tables = {0};
    for (uint32_t table = frozen ? 1 : 0; table < tables_.size(); ++table) {
      const uint32_t dim = tables_[table].config.dim();
      std::map<Key, uint32_t> position;
      for (uint32_t i = 0; i < keys[table].keys.size(); ++i) position[keys[table].keys[i]] = i;
      for (const TreeNode& node : MaximalNodes(GrainsOfWorker(w, layout_.workers, kGrains))) {
        std::map<uint32_t, std::pair<std::vector<TreeNode>, std::vector<std::vector<float>>>> terms;
        for (uint32_t grain = node.begin; grain < node.end(); ++grain) {
          for (Key key : GrainKeys(step, table, grain)) {
            const float* const row = rows.row(table, position[key]);
            std::vector<float> gradient(dim);
            for (uint32_t i = 0; i < dim; ++i) {
              const uint64_t bits = Random(kSeed + 1, RandomPurpose::kTest, step, grain, key, i);
              gradient[i] = exact_ ? static_cast<float>(ToBelow(bits, 33)) / 8 - 2
                                   : static_cast<float>(ToUniform(bits) - 0.5) + 0.3f * row[i];
              pushed_sum_ += gradient[i];
            }
            terms[position[key]].first.push_back({grain, 1});
            terms[position[key]].second.push_back(std::move(gradient));
          }
        }
        auto& [positions, gradients] = gradient_memory_.emplace_back();
        for (auto& [at, parts] : terms) {
          auto& values = parts.second;
          ReduceAlongTree(parts.first, kGrains, [&](uint32_t into, uint32_t from) {
            for (uint32_t i = 0; i < dim; ++i) values[into][i] += values[from][i];
          });
          positions.push_back(at);
          gradients.insert(gradients.end(), values[0].begin(), values[0].end());
        }
        if (!positions.empty()) out->tables[table].push_back({node, positions, gradients});
      }
    }
    return out;
  }

  const Layout layout_;
  const std::vector<TableSpec> tables_;
  std::vector<std::unique_ptr<Server>> servers_;
  std::vector<std::unique_ptr<worker::PsClient>> clients_;
  std::vector<std::map<uint64_t, std::unique_ptr<worker::StepGradients>>> gradients_;  // [worker]
  // What gradients view.
  std::deque<std::pair<std::vector<uint32_t>, std::vector<float>>> gradient_memory_;
  uint64_t last_step_ = UINT64_MAX;
  uint64_t frozen_from_ = UINT64_MAX;
  bool exact_ = false;
  double pushed_sum_ = 0;
};

}  // namespace chorus::ps::testing
