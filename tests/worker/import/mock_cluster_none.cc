#include "tests/worker/import/mock_cluster.h"

namespace chorus::worker {

std::unique_ptr<MockCluster> MockCluster::New(const std::string& /*topic*/, int /*partitions*/) {
  return nullptr;
}

}  // namespace chorus::worker
