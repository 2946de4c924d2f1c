// An attacker who alters what servers answer, and makes checksums good again: on an encrypted
// connection he changes nothing in what is trained, on one that is not he trains another model.

#include <gtest/gtest.h>

#include <list>

#include "common/mutex.h"
#include "common/strings.h"
#include "tests/e2e/job_testing.h"
#include "tests/support/tcp_proxy.h"

namespace chorus::e2e {
namespace {

using chorus::testing::TcpProxy;

// All its channels go by way of attackers.
class AttackedTransport final : public Transport {
 public:
  AttackedTransport(std::unique_ptr<Transport> inner, std::list<TcpProxy>* proxies)
      : inner_(std::move(inner)), proxies_(*proxies) {}
  Result<std::unique_ptr<Listener>> Listen(RequestHandler handler) override {
    return inner_->Listen(std::move(handler));
  }
  Result<std::unique_ptr<Channel>> Connect(const std::string& endpoint,
                                           const std::string& peer_name) override {
    static Mutex mutex;
    const MutexLock lock(mutex);
    TcpProxy& proxy = proxies_.emplace_back(endpoint);
    // Each connection is attacked at its third answer that he can tell, but for the last ones, so
    // that the job comes to its end.
    proxy.ForgeReplies(3, 5);
    return inner_->Connect(proxy.endpoint(), peer_name);
  }

 private:
  const std::unique_ptr<Transport> inner_;
  std::list<TcpProxy>& proxies_;
};

struct Attacked {
  Outcome outcome;
  uint64_t forged = 0;
  uint64_t connections = 0;
  size_t proxies = 0;
};

Attacked TrainAttacked(FileSystem& files, const TrainConfig& config, Protection protection) {
  std::list<TcpProxy> proxies;  // outlives the cluster
  Layout layout = {.workers = 2, .servers = 2, .shards = 8, .tcp = true};
  layout.protection = protection;
  layout.wrap_transport = [&](std::unique_ptr<Transport> inner) {
    return std::make_unique<AttackedTransport>(std::move(inner), &proxies);
  };
  Attacked attacked{OutcomeOf(files, config, layout)};
  for (const TcpProxy& proxy : proxies) {
    attacked.forged += proxy.forged();
    attacked.connections += proxy.connections();
  }
  attacked.proxies = proxies.size();
  return attacked;
}

TEST(AlteredNetworkTest, ChangesNothingInWhatIsTrainedOverEncryptedConnections) {
  const TrainConfig config = JobConfig("step { pull_ahead: 1 } checkpoint { every_steps: 2 }");
  Outcome undisturbed;
  {
    const auto files = NewMemoryFiles();
    WriteJobLog(*files, "train", RichSchema(), 400, 1);
    undisturbed = OutcomeOf(*files, config, Layout());
  }
  for (const Protection protection : {Protection::kEncrypted, Protection::kAuthenticated}) {
    const auto files = NewMemoryFiles();
    WriteJobLog(*files, "train", RichSchema(), 400, 1);
    const Attacked attacked = TrainAttacked(*files, config, protection);
    EXPECT_GT(attacked.forged, 5u);
    const bool encrypted = protection == Protection::kEncrypted;
    EXPECT_EQ(attacked.outcome.state == undisturbed.state, encrypted);
    EXPECT_EQ(attacked.outcome.reports == undisturbed.reports, encrypted);
    // What was found has cost connections.
    EXPECT_EQ(attacked.connections > attacked.proxies, encrypted);
  }
}

}  // namespace
}  // namespace chorus::e2e
