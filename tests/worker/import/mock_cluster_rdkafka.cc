#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <utility>

#include "tests/worker/import/mock_cluster.h"

namespace chorus::worker {
namespace {

void NoLog(const rd_kafka_t*, int, const char*, const char*) {}

class RdkafkaCluster final : public MockCluster {
 public:
  RdkafkaCluster(rd_kafka_t* producer, std::string topic)
      : producer_(producer),
        cluster_(rd_kafka_handle_mock_cluster(producer)),
        topic_(std::move(topic)) {}
  ~RdkafkaCluster() override {
    if (handle_ != nullptr) rd_kafka_topic_destroy(handle_);
    rd_kafka_destroy(producer_);
  }

  // The topic comes before its handle, which would make one of other partitions.
  bool Create(int partitions) {
    const bool made = cluster_ != nullptr &&
                      rd_kafka_mock_topic_create(cluster_, topic_.c_str(), partitions, 1) ==
                          RD_KAFKA_RESP_ERR_NO_ERROR;
    if (made) handle_ = rd_kafka_topic_new(producer_, topic_.c_str(), nullptr);
    return handle_ != nullptr;
  }
  std::string brokers() const override { return rd_kafka_mock_cluster_bootstraps(cluster_); }
  bool Produce(int partition, const std::string& text) override {
    constexpr int kFlushMs = 30000;
    const int produced =
        rd_kafka_produce(handle_, partition, RD_KAFKA_MSG_F_COPY, const_cast<char*>(text.data()),
                         text.size(), nullptr, 0, nullptr);
    return produced == 0 && rd_kafka_flush(producer_, kFlushMs) == RD_KAFKA_RESP_ERR_NO_ERROR;
  }
  void Stop() override { rd_kafka_mock_broker_set_down(cluster_, 1); }
  void Forget() override {
    rd_kafka_mock_topic_set_error(cluster_, topic_.c_str(),
                                  RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
  }
  void TakeLeader(int partition) override {
    rd_kafka_mock_partition_set_leader(cluster_, topic_.c_str(), partition, -1);
  }

 private:
  rd_kafka_t* const producer_;
  rd_kafka_mock_cluster_t* const cluster_;
  const std::string topic_;
  rd_kafka_topic_t* handle_ = nullptr;
};

}  // namespace

std::unique_ptr<MockCluster> MockCluster::New(const std::string& topic, int partitions) {
  rd_kafka_conf_t* const config = rd_kafka_conf_new();
  char error[256] = "";
  const std::pair<const char*, const char*> settings[] = {
      {"test.mock.num.brokers", "1"}, {"linger.ms", "0"}, {"batch.num.messages", "1"}};
  for (const auto& [key, value] : settings) {
    rd_kafka_conf_set(config, key, value, error, sizeof(error));
  }
  rd_kafka_conf_set_log_cb(config, &NoLog);
  rd_kafka_t* const producer = rd_kafka_new(RD_KAFKA_PRODUCER, config, error, sizeof(error));
  if (producer == nullptr) {
    rd_kafka_conf_destroy(config);
    return nullptr;
  }
  auto cluster = std::make_unique<RdkafkaCluster>(producer, topic);
  if (!cluster->Create(partitions)) return nullptr;
  return cluster;
}

}  // namespace chorus::worker
