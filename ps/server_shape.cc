#include "ps/server_shape.h"

#include "common/strings.h"

namespace chorus::ps {

ServerShape::ServerShape(const wire::JobMeta& job_meta, const std::vector<TableSpec>& tables)
    : job(job_meta),
      first_shard(static_cast<uint32_t>(uint64_t{job.server()} * job.shards() / job.servers())),
      end_shard(
          static_cast<uint32_t>((uint64_t{job.server()} + 1) * job.shards() / job.servers())) {
  for (const TableSpec& table : tables) dims.push_back(table.config.dim());
  for (uint32_t worker = 0; worker < job.workers(); ++worker) {
    nodes.push_back(MaximalNodes(GrainsOfWorker(worker, job.workers(), job.grains_per_step())));
  }
}

Status ServerShape::CheckJob(const wire::JobMeta& other) const {
  const auto differ = [this](const char* field, uint64_t here, uint64_t there) {
    if (here == there) return Status::Ok();
    return FailedPrecondition(StrCat(name(), " runs another job than the sender of this frame: ",
                                     field, " is ", here, " here and ", there, " there"));
  };
  RETURN_IF_ERROR(differ("server", job.server(), other.server()));
  RETURN_IF_ERROR(differ("servers", job.servers(), other.servers()));
  RETURN_IF_ERROR(differ("workers", job.workers(), other.workers()));
  RETURN_IF_ERROR(differ("shards", job.shards(), other.shards()));
  RETURN_IF_ERROR(differ("pull_ahead", job.pull_ahead(), other.pull_ahead()));
  RETURN_IF_ERROR(differ("grains_per_step", job.grains_per_step(), other.grains_per_step()));
  RETURN_IF_ERROR(differ("seed", job.seed(), other.seed()));
  return differ("fingerprint of the tables", job.tables(), other.tables());
}

std::string ServerShape::name() const { return StrCat("server ", job.server()); }

}  // namespace chorus::ps
